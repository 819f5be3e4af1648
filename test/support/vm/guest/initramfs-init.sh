#!/bin/busybox sh
# The first program of the guest: brings up its disks, lays the boot's own files over the root and goes there.
export PATH=/bin
/bin/busybox mkdir -p /dev /proc /sys /disk
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys

for module in /modules/*.ko; do insmod "$module" || echo "cannot insert $module"; done

. /lay-root
mount -t ext4 "$(disk root)" /disk || exec sh
lay_root /disk
for kernel in dev proc sys; do mount -o move /$kernel /disk/$kernel; done
run_before /disk
add_to_inittab /disk
exec switch_root /disk "$(cat /process-1)"
