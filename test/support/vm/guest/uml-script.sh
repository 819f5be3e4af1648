#!/bin/sh
# Process 1 of a guest under User-mode Linux: no init system, no udev; only the agent that runs what the test asks for.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/vm/mounts
/vm/agent &
# The shell reaps whatever is left to it while it waits for a child of its own.
while :; do sleep 3600; done
