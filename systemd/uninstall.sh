#!/bin/sh
# Takes back what install.sh has done: udev loads modules itself, from now on.
#
#	uninstall.sh [--root DIR]
#
#	--root DIR  a root file system that does not run (also $DESTDIR)
set -eu
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd -P)
root=${DESTDIR:-}

fail() {
	echo "uninstall.sh: $1" >&2
	exit 1
}

case $#${1:+ $1} in
0) ;;
"2 --root") root=$2 ;;
*) fail "there is one option, --root DIR" ;;
esac
root=${root%/}
[ -z "$root" ] || root=$(cd "$root" && pwd -P) || fail "there is no directory $root"
. "$here/installed-files.sh"

running() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

# Rules and helper first: whatever comes up meanwhile is loaded by whoever is there.
for path in $RULES; do
	! is_ours "$root$path" || rm -f "$root$path"
done
if [ -z "$root" ] && [ "$(cat /proc/sys/kernel/modprobe 2>/dev/null)" = "$HELPER" ]; then
	echo /sbin/modprobe >/proc/sys/kernel/modprobe
fi
rm -f "$root$HELPER" "$root$HELPER.new"
if running; then
	udevadm control --reload
	systemctl stop hotplugd.service hotplugd-command.socket
fi
# Only as install.sh has made it.
[ "$(readlink "$root$WANTED")" != ../hotplugd.service ] || rm -f "$root$WANTED"
for path in $UNITS; do
	! is_ours "$root$path" || rm -f "$root$path"
done
for path in $OWN_DIRECTORIES; do
	rmdir "$root$path" 2>/dev/null || :
done
! running || systemctl daemon-reload
