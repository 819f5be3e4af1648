#!/bin/sh
# Makes the agent udev's helper: installs its units, the rule that leaves loading to it, and the thin helper. From the next boot
# on the agent loads what udev has loaded so far. May be run again, as after an upgrade; uninstall.sh takes all of it back.
# Node and the package have to be on the root file system, or on a /usr that the initramfs mounts: where they are mounted later
# the agent is not there in time, and udev goes on loading.
#
#	install.sh [--root DIR] [--package DIR] [--node FILE]
#
#	--root DIR     a root file system that does not run (also $DESTDIR)
#	--package DIR  where this package will be found when it runs, if not where it is now
#	--node FILE    where node will be found then, if not in the search path
set -eu
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd -P)
root=${DESTDIR:-}
package=
node=

fail() {
	echo "install.sh: $1" >&2
	exit 1
}

while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || fail "$1 is no option, or lacks its value: --root DIR, --package DIR, --node FILE"
	case $1 in
	--root) root=$2 ;;
	--package) package=$2 ;;
	--node) node=$2 ;;
	*) fail "$1 is no option: there are --root DIR, --package DIR, --node FILE" ;;
	esac
	shift 2
done
root=${root%/}
[ -z "$root" ] || root=$(cd "$root" && pwd -P) || fail "there is no directory $root"
. "$here/installed-files.sh"

# As they are called within the root.
if [ -z "$package" ]; then
	package=$(dirname "$here")
	case $package/ in
	"$root"/*) package=${package#"$root"} ;;
	*) fail "$package is not below $root: say by --package where this package will be" ;;
	esac
fi
main=$package/dist/main.js
[ -e "$root$main" ] || fail "there is no $root$main: build the package first (npm ci), or name another by --package"
if [ -z "$node" ]; then
	if [ -z "$root" ]; then
		node=$(command -v node) || fail "there is no node in the search path: name it by --node"
	else
		for node in /usr/local/bin/node /usr/bin/node; do [ ! -x "$root$node" ] || break; done
	fi
fi
[ -x "$root$node" ] || fail "$root$node is no program: name node by --node"
case $node$main in
*[!A-Za-z0-9/._+@-]*) fail "$node or $main has characters in it that a unit would take for something else" ;;
esac

# What is there already and somebody else's is not touched, and then nothing is.
for path in $UNITS $RULES; do
	[ ! -e "$root$path" ] && [ ! -L "$root$path" ] || is_ours "$root$path" ||
		fail "$root$path is not this package's: move it away first"
done

# Below /home and /root the unit would not find them.
home=yes
case "$node $main" in
/home/* | /root/* | *" /home/"* | *" /root/"*) home=read-only ;;
esac

# A node that knows the option opens no debugger at SIGUSR1 in its first moments either. Asked at each start: node may be another by
# then, and one that does not know it would not start. The first two letters of each pair are systemd's and sed's.
launch='/bin/sh -c '\''exec "$$0" $$("$$0" --disable-sigusr1 --version >/dev/null 2>\&1 \&\& echo --disable-sigusr1) "$$@"'\'

put() { # FILE PATH
	mkdir -p "$root${2%/*}"
	{
		echo "$MARK"
		sed -e "s|^ConditionFileIsExecutable=/usr/bin/hotplugd\$|ConditionFileIsExecutable=$node\\
ConditionPathExists=$main|" -e "s|^\(Exec[A-Za-z]*=-\{0,1\}\)/usr/bin/hotplugd |\\1$launch $node $main |" \
			-e "s|/usr/bin/hotplugd|$node $main|" -e "s|^ProtectHome=yes\$|ProtectHome=$home|" "$1"
	} >"$root$2.new"
	chmod 644 "$root$2.new"
	mv -f "$root$2.new" "$root$2"
}

# The thin helper is made for one machine and one C library. It is there to become the kernel's modprobe: only once it has run.
put_helper() { # cp FILE | cc OPTION...
	mkdir -p "$root${HELPER%/*}"
	case $1 in cp) set -- "$@" "$root$HELPER.new" ;; esac
	if "$@" 2>/dev/null && chmod 755 "$root$HELPER.new" && helper_runs "$HELPER.new"; then
		mv -f "$root$HELPER.new" "$root$HELPER"
	else
		rm -f "$root$HELPER.new"
		return 1
	fi
}

helper_runs() { # PATH within the root
	# What the kernel does not take for a program would be taken for a shell's script by whoever runs it.
	[ "$(machine_of "$root$1")" = "$(machine_of /proc/self/exe)" ] &&
		[ "$(${root:+chroot "$root"} "$1" --check 2>/dev/null)" = hotplugd-load ]
}

machine_of() { # PROGRAM: of its ELF header what tells one kind of machine from another
	{
		dd if="$1" bs=1 count=6
		dd if="$1" bs=1 skip=18 count=2
	} 2>/dev/null | tr '\0' .
}

for path in $UNITS; do put "$here/${path#"$UNIT_DIRECTORY/"}" "$path"; done
for path in $RULES; do put "$here/../rules/${path##*/}" "$path"; done
mkdir -p "$root${WANTED%/*}"
ln -sf ../hotplugd.service "$root$WANTED"
if ! { put_helper cp "$here/../dist/hotplugd-load" || put_helper cc -O2 -o "$root$HELPER.new" "$here/../$HELPER_SOURCE"; }; then
	# One of an earlier installation may run, or not any more.
	helper_runs "$HELPER" || rm -f "$root$HELPER"
	rmdir "$root${HELPER%/*}" 2>/dev/null || :
	echo "install.sh: $HELPER is not installed, since it was not seen to run in ${root:-/}: it serves only the kernel's own requests, which modprobe goes on serving" >&2
fi

if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	udevadm control --reload
fi
echo "hotplugd is installed, and loads modules from the next boot on, or from \`systemctl start hotplugd\` on."
