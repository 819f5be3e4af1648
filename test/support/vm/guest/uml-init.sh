#!/bin/busybox sh
# The first program of a guest under User-mode Linux: the images of its disks can only be read, so that what it writes goes into
# its memory. ubda is the root, ubdb has the modules, ubdc the project.
export PATH=/bin
/bin/busybox mkdir -p /dev /proc /sys /disk /written
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs written /written
insmod /overlay.ko

writable() { # DISK DIRECTORY
	mkdir -p "/written/$1/disk" "/written/$1/upper" "/written/$1/work"
	mount -t ext4 -o ro "/dev/$1" "/written/$1/disk" &&
		mount -t overlay -o "lowerdir=/written/$1/disk,upperdir=/written/$1/upper,workdir=/written/$1/work" "$1" "$2" && return
	echo "cannot mount $1"
	poweroff -f
}

. /vm/lay-root
writable ubda /disk
writable ubdb /disk/lib/modules
writable ubdc /disk/opt/hotplugd
mkdir -p /disk/vm
cp -p /vm/* /disk/vm
lay_files /overlay /disk
for kernel in dev proc sys; do mount -o move /$kernel /disk/$kernel; done
if [ -e /disk/vm/devices ]; then
	PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot /disk /bin/sh -eu /vm/devices >/disk/vm/devices.out 2>&1 ||
		give_up /disk "its devices cannot be made: $(cat /disk/vm/devices.out)"
fi
[ ! -e /disk/vm/modules-late ] || umount /disk/lib/modules
run_before /disk
add_to_inittab /disk
exec switch_root /disk "$(cat /vm/process-1)"
