#!/bin/sh -eu
# Applies a module system call to the /sys/module of a made-up machine: pretend-kernel.sh CALL FILE-OR-NAME. The exit status is the
# errno that a kernel would return. modules.needs in the module directory has a line for each module: its name, and the modules that
# it uses directly. PRETEND_ROOT is the directory with the machine's sys and modules; by default they are /sys and
# /lib/modules/RELEASE.
PATH=/usr/bin:/bin
call=$1
name=${2##*/}
IFS=-
set -- ${name%%.*}
IFS=_
name="$*"
unset IFS
if [ -n "${PRETEND_ROOT-}" ]; then needs=$PRETEND_ROOT/modules/modules.needs; else needs=/lib/modules/$(uname -r)/modules.needs; fi
cd "${PRETEND_ROOT-}/sys/module"

change() { # the reference count of $1 by $2
	read -r count <"$1/refcnt"
	echo $((count + $2)) >"$1/refcnt"
}

case $call in
finit_module)
	[ ! -d "$name" ] || exit 17
	used=
	while read -r module rest; do [ "$module" != "$name" ] || used=$rest; done <"$needs"
	for needed in $used; do
		[ -d "$needed" ] || exit 2
	done
	mkdir -p "$name/holders"
	echo live >"$name/initstate"
	echo 0 >"$name/refcnt"
	for needed in $used; do
		mkdir "$needed/holders/$name"
		change "$needed" 1
	done
	;;
delete_module)
	[ -d "$name" ] || exit 2
	read -r count <"$name/refcnt"
	[ "$count" = 0 ] || exit 11
	rm -r "$name"
	for holder in */holders/"$name"; do
		[ -d "$holder" ] || continue
		rmdir "$holder"
		change "${holder%%/*}" -1
	done
	;;
esac
