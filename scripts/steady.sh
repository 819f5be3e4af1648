#!/bin/bash
# Runs the tests that need no virtual machine again and again (10 times by default) while the machine is busy: with a loop for each
# core and one more, and with writes that are synced to the disk all the time. Prints each run's time and its failed tests.
# Exit status: 1 when a run failed, else 0.
# Usage: scripts/steady.sh [RUNS]
set -u
cd "$(dirname "$0")/.." || exit 1
runs=${1:-10}
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

for _ in $(seq 0 "$(nproc)"); do while :; do :; done & done
while :; do dd if=/dev/zero of="$folder/written" bs=1M count=64 conv=fsync status=none; done &

failed=0
for run in $(seq "$runs"); do
	begin=$SECONDS
	npm run --silent test:here -- --tap >"$folder/tap" 2>"$folder/complaints" || failed=$((failed + 1))
	echo "run $run of $runs: $((SECONDS - begin)) s, $(grep -c '^ok' "$folder/tap") passed"
	# The failed tests, each with its difference.
	awk '/^not ok/ { shown = 1 } /^ok/ { shown = 0 } shown' "$folder/tap"
	head -n 20 "$folder/complaints"
done
echo "$failed of $runs runs failed"
[ "$failed" = 0 ]
