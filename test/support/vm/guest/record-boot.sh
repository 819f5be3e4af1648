# What there is to say of a boot with systemd when it is over and everything stands still: parts, each begun by `== NAME`.
. /vm/functions
state=$(systemctl is-system-running --wait)
udevadm settle --timeout=240
stand_still
echo "== uptime"
sed 's/ .*//' /proc/uptime
echo "== modules"
live_modules
echo "== state"
echo "$state"
echo "== failed"
systemctl --failed --plain --no-legend | sed 's/ .*//'
echo "== units"
systemctl show -p Id -p ActiveState -p SubState -p InactiveExitTimestampMonotonic -p ActiveEnterTimestampMonotonic \
	'*.service' '*.socket' '*.target' '*.mount' | sed 's/^$/;/' | tr '\n' ' ' | tr ';' '\n'
echo
echo "== timings"
systemd-analyze time
# What was said last may still be on its way to the journal.
journalctl --sync
echo "== warnings"
journalctl -b --no-pager -q -p warning -o short-monotonic
echo "== udevd"
journalctl -b --no-pager -q -u systemd-udevd -o cat
