#!/bin/sh -eu
# Runs a command on a machine that is made up: this one, but for what DIRECTORY has below proc, sys and modules, which are
# its /proc (beside what is there), its /sys and its /lib/modules/RELEASE; and below etc, run, usr and lib, where it has
# configuration: directories named *.d, each of which stands for the one of that name here. What it has below `beside` is added
# to the root. Run it by `unshare -Urm`:
#	pretend-root.sh DIRECTORY COMMAND [ARGUMENT...]
directory=$1
shift
root=$directory/root

lay() { # a directory of what is here, by links, and of what the machine has in its place
	mkdir "$root/$1"
	link "$1" "/.$1"
	for entry in "$directory/$1"/*; do
		case $entry in
		*.d) cp -r "$entry" "$root/$1" ;;
		*) lay "$1/${entry##*/}" ;;
		esac
	done
}

link() { # into the root's directory $1 what is in /$1, by links to $2, but for what the machine has: all at once, as programs cost
	place=$1
	target=$2
	set --
	for entry in "/$place"/*; do
		name=$place/${entry##*/}
		[ ! -e "$entry" ] || [ -e "$root/$name" ] || [ -e "$directory/$name" ] || set -- "$@" "$target/${entry##*/}"
	done
	[ $# = 0 ] || ln -s -t "$root/$place" "$@"
}

mkdir "$root"
mount -t tmpfs root "$root"
for entry in /*; do
	name=${entry#/}
	case $name in
	proc | sys | lib) ;;
	etc | run | usr)
		if [ -d "$directory/$name" ]; then
			mkdir "$root/.$name"
			mount --rbind "$entry" "$root/.$name"
			lay "$name"
		else
			mkdir "$root/$name"
			mount --rbind "$entry" "$root/$name"
		fi
		;;
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
link lib /usr/lib
[ ! -d "$directory/lib" ] || cp -r "$directory/lib/." "$root/lib"
for kind in proc sys; do
	[ ! -d "$directory/$kind" ] || cp -r "$directory/$kind/." "$root/$kind"
done
[ ! -d "$directory/modules" ] || cp -rL "$directory/modules" "$root/lib/modules/$(uname -r)"
link proc /.proc
[ ! -d "$directory/beside" ] || cp -r "$directory/beside/." "$root"
exec chroot "$root" "$@"
