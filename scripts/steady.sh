#!/bin/bash
# Runs the tests that need no machine again and again (10 times unless told otherwise) beside what keeps a machine busy: a loop
# for each core and one more, and a disk that is written and synced all the time. Prints each run's time and what failed in it.
# Its status is 1 where anything failed.
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
	# What failed, with the difference that it shows.
	awk '/^not ok/ { shown = 1 } /^ok/ { shown = 0 } shown' "$folder/tap"
	head -n 20 "$folder/complaints"
done
echo "$failed of $runs runs failed"
[ "$failed" = 0 ]
