#!/bin/sh
# Process 1 of the guest: no init system, no udev; only the agent that runs what the test asks for.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mount -t tracefs tracing /sys/kernel/tracing
mkdir -p /dev/pts /dev/shm /run/lock
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
hostname guest
busybox ip link set lo up
/vm/agent &
# The shell reaps whatever is left to it while it waits for a child of its own.
while :; do sleep 3600; done
