#!/bin/sh -eu
# Runs a command on a machine that is made up: this one, but for what DIRECTORY has below proc, sys and modules, which are
# its /proc (beside what is there), its /sys and its /lib/modules/RELEASE. Run it by `unshare -Urm`:
#	pretend-root.sh DIRECTORY COMMAND [ARGUMENT...]
directory=$1
shift
root=$directory/root
mkdir "$root"
mount -t tmpfs root "$root"
for entry in /*; do
	case $entry in
	/proc | /sys | /lib) ;;
	*)
		if [ -L "$entry" ]; then
			cp -P "$entry" "$root$entry"
		elif [ -d "$entry" ]; then
			mkdir "$root$entry"
			mount --rbind "$entry" "$root$entry"
		fi
		;;
	esac
done
mkdir "$root/proc" "$root/.proc" "$root/sys" "$root/lib" "$root/lib/modules"
mount --rbind /proc "$root/.proc"
for entry in /lib/*; do
	[ "$entry" = /lib/modules ] || ln -s "/usr$entry" "$root$entry"
done
for kind in proc sys; do
	[ ! -d "$directory/$kind" ] || cp -r "$directory/$kind/." "$root/$kind"
done
[ ! -d "$directory/modules" ] || cp -rL "$directory/modules" "$root/lib/modules/$(uname -r)"
for entry in /proc/*; do
	[ -e "$root$entry" ] || ln -s "/.${entry#/}" "$root$entry"
done
exec chroot "$root" "$@"
