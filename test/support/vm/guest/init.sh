#!/bin/sh
# Process 1 of the guest: no init system, no udev; only the agent that runs what the test asks for. Its root can be read only
# until the host says that the machine starts: here it is frozen.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/vm/mounts
# What every test runs is read from the disk before.
node -e 0
modprobe --version >/dev/null
udevadm --version >/dev/null
. /vm/lay-root
await_start
mount -o remount,rw /
lay_root ""
run_before ""
/vm/agent &
# The shell reaps whatever is left to it while it waits for a child of its own.
while :; do sleep 3600; done
