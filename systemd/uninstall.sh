#!/bin/sh
# Undoes install.sh: from now on udev loads modules itself.
#
#	uninstall.sh [--root DIR]
#
#	--root DIR  a root file system that does not run (also $DESTDIR)
set -eu
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd -P)
program=uninstall.sh
. "$here/root.sh"
. "$here/installed-files.sh"
asked=
[ -z "${DESTDIR+set}" ] || asked=x$DESTDIR
case $#${1:+ $1} in
0) ;;
"2 --root") asked=x$2 ;;
*) fail "there is one option, --root DIR" ;;
esac
root=
[ -z "$asked" ] || set_root "${asked#x}"

running() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

is_removable() { # PATH within the root -> $place: whether it is there as install.sh has made it
	place "$1"
	case $1 in
	"$WANTED") [ "$(readlink "$place")" = ../hotplugd.service ] ;;
	"$HELPER") [ ! -d "$place" ] && { [ -e "$place" ] || [ -L "$place" ]; } ;;
	*) is_ours "$place" ;;
	esac
}

# All of it or nothing.
for path in $RULES "$HELPER" "$WANTED" $UNITS; do
	! is_removable "$path" || check_writable "${place%/*}" "$place"
done

# Rules and helper first: whatever comes up meanwhile is loaded by whoever is there.
for path in $RULES; do
	! is_removable "$path" || rm -f "$place"
done
if [ -z "$root" ] && [ "$(cat /proc/sys/kernel/modprobe 2>/dev/null)" = "$HELPER" ]; then
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
fi
! is_removable "$HELPER" || rm -f "$place"
# A draft that an installation which was cut off has left, whether or not the helper is there.
place "$HELPER"
if [ -f "$place.new" ] || [ -L "$place.new" ]; then rm -f "$place.new"; fi
if running; then
	udevadm control --reload
	systemctl stop hotplugd.service hotplugd-command.socket
fi
for path in "$WANTED" $UNITS; do
	! is_removable "$path" || rm -f "$place"
done
for path in $OWN_DIRECTORIES; do
	place "$path"
	rmdir "$place" 2>/dev/null || :
done
! running || systemctl daemon-reload
