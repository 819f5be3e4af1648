# What install.sh installs and uninstall.sh removes, as paths within the root.
MARK="# Installed by hotplugd's systemd/install.sh; what is changed here is lost when it runs again."
UNIT_DIRECTORY=/etc/systemd/system
UNITS="
	$UNIT_DIRECTORY/hotplugd.service
	$UNIT_DIRECTORY/hotplugd-failed.service
	$UNIT_DIRECTORY/hotplugd-command.socket
	$UNIT_DIRECTORY/hotplugd-command@.service
	$UNIT_DIRECTORY/systemd-udev-settle.service.d/hotplugd.conf"
WANTED=$UNIT_DIRECTORY/sysinit.target.wants/hotplugd.service
RULES_DIRECTORY=/etc/udev/rules.d
RULES="$RULES_DIRECTORY/80-drivers.rules $RULES_DIRECTORY/zz-hotplugd.rules"
HELPER=/usr/local/lib/hotplugd/hotplugd-load
# Within the package.
HELPER_SOURCE=src/linux/thin-helper/hotplugd-load.c
# Removed where nothing is left in them.
OWN_DIRECTORIES="$UNIT_DIRECTORY/systemd-udev-settle.service.d ${WANTED%/*} ${HELPER%/*}"

is_ours() { # FILE
	[ -f "$1" ] && [ ! -L "$1" ] && [ "$(sed -n 1p "$1")" = "$MARK" ]
}
