#!/bin/sh
# The mounts that systemd makes itself and other processes 1 do not.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mount -t tracefs tracing /sys/kernel/tracing
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
hostname guest
busybox ip link set lo up
