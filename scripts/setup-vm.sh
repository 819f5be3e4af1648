#!/bin/sh
# Installs the packages that the virtual machine tests need, with Debian's apt and as root. When that is impossible, the script says
# so in one line and still succeeds: those tests are then skipped, with the reason.
set -eu
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive

packages="qemu-system-x86 user-mode-linux debootstrap kmod libkmod2 libkmod-dev busybox-static libarchive-tools udev e2fsprogs xz-utils zstd gcc libc6-dev make bc libelf1"
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || missing="$missing $package"
done

give_up() {
	echo "setup-vm: $1; the virtual machine tests will be skipped"
	exit 0
}

command -v apt-get >/dev/null || give_up "this is no Debian system"
# Retries failed downloads, and waits for another program that holds dpkg's lock.
apt_get() { apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=600 "$@"; }
# The tests download the kernel package without installing it: apt must know the package.
knows_kernel() { apt-cache show linux-image-amd64 >/dev/null 2>&1; }

if [ -n "$missing" ] || ! knows_kernel; then
	[ "$(id -u)" = 0 ] || give_up "only root can install${missing:- the package lists}"
	apt_get update -q || give_up "apt-get update failed"
	# shellcheck disable=SC2086 # one word a package
	[ -z "$missing" ] || apt_get install -q -y --no-install-recommends $missing || give_up "apt-get could not install$missing"
	knows_kernel || give_up "apt knows no linux-image-amd64"
fi
echo "setup-vm: everything for the virtual machine tests is installed"
