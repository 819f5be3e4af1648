#!/bin/busybox sh
# The first program of the guest: brings up its disks, lays the boot's own files over the root and goes there.
export PATH=/bin
/bin/busybox mkdir -p /dev /proc /sys /disk
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys

for module in /modules/*.ko; do insmod "$module" || echo "cannot insert $module"; done

disk() { # the device of the disk whose serial number is $1
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		for block in /sys/block/vd*; do
			[ "$(cat "$block/serial")" = "$1" ] && { echo "/dev/${block##*/}"; return; }
		done
		sleep 1
	done
	echo "no disk $1" >&2
}

mount -t ext4 "$(disk root)" /disk || exec sh
mount -t ext4 "$(disk modules)" /disk/lib/modules
mount -t ext4 "$(disk project)" /disk/opt/hotplugd

if [ -d /overlay ]; then
	cd /overlay
	find . -type f | while read -r file; do
		mkdir -p "/disk/${file%/*}"
		cp -p "$file" "/disk/$file"
	done
	cd /
fi

for kernel in dev proc sys; do mount -o move /$kernel /disk/$kernel; done
exec switch_root /disk /vm/init
