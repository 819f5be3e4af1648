# Functions for the first programs of a guest, ours or initramfs-tools': they make its root what a test asked for.

disk() { # the device of the disk whose serial number is $1
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		for block in /sys/block/vd*; do
			[ "$(cat "$block/serial")" = "$1" ] && { echo "/dev/${block##*/}"; return; }
		done
		sleep 1
	done
	echo "no disk $1" >&2
}

# Tells the host that the guest is here and waits for its word: a frozen machine is stopped at this point and goes on elsewhere
# and later. The host says what time it is, and how many PCI devices it has plugged in since.
await_start() {
	set -- /sys/bus/pci/devices/*
	devices=$#
	exec 3<>/dev/ttyS1
	stty raw -echo <&3
	echo here >&3
	read -r verb time plugged <&3
	exec 3>&-
	date -s "@$time" >/dev/null
	until set -- /sys/bus/pci/devices/* && [ $# -ge $((devices + plugged)) ]; do sleep 0.05; done
}

# A directory of the root may be a symbolic link.
lay_files() ( # DIRECTORY ROOT
	cd "$1"
	find . -type f | while read -r file; do
		mkdir -p "$2/${file%/*}"
		cp -p "$file" "$2/$file"
	done
)

# A machine must not go on without what it was to have.
give_up() { # ROOT SENTENCE
	echo "$2" >"$1/dev/console"
	echo o >"$1/proc/sysrq-trigger"
	sleep 60
}

# The files come last: they may be for /lib/modules or /opt/hotplugd.
lay_root() { # ROOT, where the root's disk is mounted; nothing where that is this program's own
	busybox mkdir -p "$1/vm/overlay"
	(cd "$1/vm/overlay" && busybox cpio -i -d <"$(disk overlay)") 2>/dev/null || give_up "" "the files cannot be laid"
	[ -e "$1/vm/overlay/vm/modules-late" ] || mount -t ext4 "$(disk modules)" "$1/lib/modules" || give_up "" "there are no modules"
	mount -t ext4 "$(disk project)" "$1/opt/hotplugd" || give_up "" "there is no hotplugd"
	lay_files "$1/vm/overlay" "$1"
}

# The test's own script, with /dev, /proc and /sys in place.
run_before() { # ROOT
	[ -e "$1/vm/before" ] || return 0
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		chroot "$1/" /bin/sh -eu /vm/before >"$1/vm/before.out" 2>&1 && return
	give_up "$1" "the script before process 1 failed with $?:
$(cat "$1/vm/before.out")"
}

# For busybox's init: our mounts come before, and the link beside, whatever else the inittab says.
add_to_inittab() { # ROOT
	[ -e "$1/etc/inittab" ] || return 0
	{ echo "::sysinit:/vm/mounts"; cat "$1/etc/inittab"; echo "::respawn:/vm/agent"; } >"$1/etc/inittab.new"
	mv "$1/etc/inittab.new" "$1/etc/inittab"
}
