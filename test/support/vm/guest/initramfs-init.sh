#!/bin/busybox sh
# The first program of the guest: brings up its disks, lays what this start brings over the root and goes there.
export PATH=/bin
/bin/busybox mkdir -p /dev /proc /sys /disk
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys

for module in /modules/*.ko; do insmod "$module" || echo "cannot insert $module"; done

. /vm/lay-root
if [ -e /vm/process-1 ]; then
	await_start
	mount -t ext4 "$(disk root)" /disk || exec sh
	mkdir -p /disk/vm
	cp -p /vm/* /disk/vm
	lay_root /disk
	for kernel in dev proc sys; do mount -o move /$kernel /disk/$kernel; done
	run_before /disk
	add_to_inittab /disk
	exec switch_root /disk "$(cat /vm/process-1)"
fi

# Process 1 of the bed's own awaits its start itself, when more is there to be frozen; until then the root is as on its disk.
mount -t ext4 -o ro "$(disk root)" /disk || exec sh
mount -t tmpfs -o mode=755 vm /disk/vm
cp -p /vm/* /disk/vm
for kernel in dev proc sys; do mount -o move /$kernel /disk/$kernel; done
exec switch_root /disk /vm/init
