
# Of a guest under User-mode Linux: its modules' disk cannot be written.
mount_modules() {
	mount -t ext4 -o ro /dev/ubdb /lib/modules
}
