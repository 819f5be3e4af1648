# Functions for a guest's scripts: `. /vm/functions`.

# The names of the live modules, sorted, one a line.
live_modules() {
	sed 's/ .*//' /proc/modules | LC_ALL=C sort
}

# What process 1 finds mounted, unless the test asked for `modulesLate`.
mount_modules() {
	for block in /sys/block/vd*; do
		[ "$(cat "$block/serial")" = modules ] && mount -t ext4 "/dev/${block##*/}" /lib/modules
	done
}

# Waits until the list of live modules has stood still for 5 seconds, with none on its way.
stand_still() {
	before=
	still=0
	while [ $still -lt 5 ]; do
		now=$(live_modules; grep -c -e ' Loading ' -e ' Unloading ' /proc/modules)
		if [ "$now" = "$before" ] && [ "${now##*[!0-9]}" = 0 ]; then still=$((still + 1)); else still=0; fi
		before=$now
		sleep 1
	done
}

# What a booting Debian does for the devices that are there already.
udev_coldplug() {
	/lib/systemd/systemd-udevd --daemon
	udevadm trigger --type=subsystems --action=add
	udevadm trigger --type=devices --action=add
	udevadm settle --timeout=240
}

# Unloads all modules but those in FILE, a name a line: what uses another first. What is in use stays.
unload_all_but() {
	removed=1
	while [ -n "$removed" ]; do
		removed=
		for module in $(live_modules | grep -vxFf "$1"); do rmmod "$module" 2>/dev/null && removed=1; done
	done
}
