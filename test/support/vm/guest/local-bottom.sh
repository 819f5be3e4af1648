#!/bin/sh
# For an initrd of initramfs-tools, which runs this with the root mounted at $rootmnt: what our own first program does elsewhere.
[ "$1" = prereqs ] && exit
. /vm/lay-root
mkdir -p "$rootmnt/vm"
cp -p /vm/* "$rootmnt/vm"
lay_root "$rootmnt"
for kernel in dev proc sys; do mount -o bind /$kernel "$rootmnt/$kernel"; done
run_before "$rootmnt"
add_to_inittab "$rootmnt"
for kernel in dev proc sys; do umount "$rootmnt/$kernel"; done
