#!/bin/sh -eu
# Runs a command on a made-up machine. It is this machine with parts replaced by those of DIRECTORY: sys and modules are the made-up
# /sys and /lib/modules/RELEASE; proc is added to /proc; below etc, run, usr and lib are directories of configuration (named *.d),
# each of which replaces the directory of that name; and the files below `beside` are added to the root. Run it by `unshare -Urm`:
#	pretend-root.sh DIRECTORY COMMAND [ARGUMENT...]
directory=$1
shift
root=$directory/root

lay() { # makes directory $1: links to the host's entries, and the made-up machine's own in place of theirs
	mkdir "$root/$1"
	link "$1" "/.$1"
	for entry in "$directory/$1"/*; do
		case $entry in
		*.d) cp -r "$entry" "$root/$1" ;;
		*) lay "$1/${entry##*/}" ;;
		esac
	done
}

link() { # links entries of /$1 into the root's directory $1, as links to $2, unless the made-up machine has them; one ln for all
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
