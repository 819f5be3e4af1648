# Devices for a guest under User-mode Linux, which has no bus of its own: an I2C adapter of the kernel's with a chip for each
# driver that there is, and then more chips until there are 108; and SCSI's pretended disk, tape, CD, changer and enclosure.
modprobe i2c-stub chip_addr=0x03
adapter=$(grep -l '^SMBus stub' /sys/bus/i2c/devices/i2c-*/name)
address=8
awk '$2 !~ /^i2c:/ { next }
	!seen[$3]++ { print substr($2, 5); next }
	{ more[n++] = substr($2, 5) } END { for (i = 0; i < n; i++) print more[i] }' \
	"/lib/modules/$(uname -r)/modules.alias" | head -n 108 | while read -r chip; do
	# A driver of an earlier chip may have taken the address for itself.
	echo "$chip $address" >"${adapter%/name}/new_device" || :
	address=$((address + 1))
done
modprobe scsi_debug ptype=0
for type in 1 5 8 13; do
	echo $type >/sys/bus/pseudo/drivers/scsi_debug/ptype
	echo 1 >/sys/bus/pseudo/drivers/scsi_debug/add_host
done
