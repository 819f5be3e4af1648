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
umask 022
program=install.sh
package=
node=
asked=
. "$here/root.sh"
. "$here/installed-files.sh"
[ -z "${DESTDIR+set}" ] || asked=x$DESTDIR

while [ $# -gt 0 ]; do
	[ $# -ge 2 ] || fail "$1 is no option, or lacks its value: --root DIR, --package DIR, --node FILE"
	case $1 in
	--root) asked=x$2 ;;
	--package) package=$2 ;;
	--node) node=$2 ;;
	*) fail "$1 is no option: there are --root DIR, --package DIR, --node FILE" ;;
	esac
	shift 2
done
root=
[ -z "$asked" ] || set_root "${asked#x}"

is_program() { # PATH within the root
	target "$1"
	[ -f "$place" ] && [ -x "$place" ]
}

# As they are called within the root.
if [ -z "$package" ]; then
	package=$(dirname "$here")
	case $package/ in
	"$root"/*) package=${package#"$root"} ;;
	*) fail "$package is not below $root: say by --package where this package will be" ;;
	esac
fi
case $package in /*) ;; *) fail "--package $package is no absolute path within the root" ;; esac
main=$package/dist/main.js
target "$main"
[ -f "$place" ] || fail "there is no $root$main: build the package first (npm ci), or name another by --package"
if [ -z "$node" ]; then
	if [ -z "$root" ]; then
		node=$(command -v node) || fail "there is no node in the search path: name it by --node"
	else
		for node in /usr/local/bin/node /usr/bin/node; do ! is_program "$node" || break; done
	fi
fi
case $node in /*) ;; *) fail "--node $node is no absolute path within the root" ;; esac
is_program "$node" || fail "$root$node is no program: name node by --node"
case $node$main in
*[!A-Za-z0-9/._+@-]*) fail "$node or $main has characters in it that a unit would take for something else" ;;
esac

unit_source() { # PATH within the root -> $source
	source=$here/${1#"$UNIT_DIRECTORY/"}
}

rules_source() { # PATH within the root -> $source
	source=$here/../rules/${1##*/}
}

# What is there already and somebody else's is not touched, and then nothing is. Nor is it where a part of this package is missing,
# or a file has no way to where it belongs.
is_free() { # PATH within the root -> $place
	place "$1"
	[ ! -e "$place" ] && [ ! -L "$place" ]
}
not_ours() { fail "$root$1 is not this package's: move it away first"; }
need() { [ -f "$1" ] || fail "there is no $1: the package is not whole"; }
for path in $UNITS; do
	is_free "$path" || is_ours "$place" || not_ours "$path"
	unit_source "$path"
	need "$source"
done
for path in $RULES; do
	is_free "$path" || is_ours "$place" || not_ours "$path"
	rules_source "$path"
	need "$source"
done
is_free "$WANTED" || [ "$(readlink "$place")" = ../hotplugd.service ] || not_ours "$WANTED"
is_free "$HELPER" || { [ -f "$place" ] && [ ! -L "$place" ]; } || not_ours "$HELPER"
for path in $UNITS $RULES "$WANTED"; do
	check_way "$path"
	check_writable "$above" "$root$path"
done
# Without the helper all else works: only a way that is no directory ends it here.
check_way "$HELPER"

# Below /home and /root the unit would not find them.
home=yes
case "$node $main" in
/home/* | /root/* | *" /home/"* | *" /root/"*) home=read-only ;;
esac

# A node that knows the option opens no debugger at SIGUSR1 in its first moments either. Asked at each start: node may be another by
# then, and one that does not know it would not start. The first two letters of each pair are systemd's and sed's.
launch='/bin/sh -c '\''exec "$$0" $$("$$0" --disable-sigusr1 --version >/dev/null 2>\&1 \&\& echo --disable-sigusr1) "$$@"'\'

# What is being written has a name that nobody knows before, beside the file whose place it takes. All drafts are there before the
# first takes its place: where the file system is full by then, nothing is changed.
draft=
unknown=$(mktemp -u XXXXXXXXXX)
drop_draft() {
	[ -z "$draft" ] || rm -rf "$draft"
	draft=
}
drop_drafts() {
	drop_draft
	for path in $UNITS "$WANTED" $RULES; do
		draft_of "$path"
		drop_draft
	done
	for path in $OWN_DIRECTORIES; do
		place "$path"
		rmdir "$place" 2>/dev/null || :
	done
}
trap drop_drafts EXIT
trap 'exit 1' HUP INT TERM

draft_of() { # PATH within the root -> $place, $draft
	place "$1"
	draft=${place%/*}/.hotplugd.$unknown.${place##*/}
}
unwritten() { fail "$root$1 cannot be written, so nothing is changed: is its file system full?"; }

prepare() { # FILE PATH
	draft_of "$2"
	{ mkdir -p "${place%/*}" && (set -C && write_out "$1" >"$draft") && chmod 644 "$draft"; } 2>/dev/null || unwritten "$2"
}

write_out() { # FILE
	echo "$MARK" && sed -e "s|^ConditionFileIsExecutable=/usr/bin/hotplugd\$|ConditionFileIsExecutable=$node\\
ConditionPathExists=$main|" -e "s|^\(Exec[A-Za-z]*=-\{0,1\}\)/usr/bin/hotplugd |\\1$launch $node $main |" \
		-e "s|/usr/bin/hotplugd|$node $main|" -e "s|^ProtectHome=yes\$|ProtectHome=$home|" "$1"
}

prepare_link() { # TARGET PATH
	draft_of "$2"
	{ mkdir -p "${place%/*}" && ln -s "$1" "$draft"; } 2>/dev/null || unwritten "$2"
}

# The thin helper is made for one machine and one C library. It is there to become the kernel's modprobe: only once it has run.
put_helper() { # cp|cc FILE
	place "$HELPER"
	{ mkdir -p "${place%/*}" && draft=$(mktemp -d "${place%/*}/.hotplugd.XXXXXXXXXX"); } 2>/dev/null || return 1
	if make_helper "$@" 2>/dev/null && chmod 755 "$draft/hotplugd-load" && helper_runs "${draft#"$root"}/hotplugd-load"; then
		mv -f "$draft/hotplugd-load" "$place" || { drop_draft; return 1; }
		drop_draft
	else
		drop_draft
		return 1
	fi
}

make_helper() { # cp|cc FILE
	case $1 in
	cp) cp "$2" "$draft/hotplugd-load" ;;
	cc) cc -O2 -o "$draft/hotplugd-load" "$2" ;;
	esac
}

helper_runs() { # PATH within the root, without links
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

for path in $UNITS; do
	unit_source "$path"
	prepare "$source" "$path"
done
for path in $RULES; do
	rules_source "$path"
	prepare "$source" "$path"
done
! is_free "$WANTED" || prepare_link ../hotplugd.service "$WANTED"
# The rules last: they leave loading to what the units start.
for path in $UNITS "$WANTED" $RULES; do
	draft_of "$path"
	[ ! -e "$draft" ] && [ ! -L "$draft" ] || mv -f "$draft" "$place" || fail "$root$path cannot be put in its place: run this again"
done
draft=
if ! { put_helper cp "$here/../dist/hotplugd-load" || put_helper cc "$here/../$HELPER_SOURCE"; }; then
	# One of an earlier installation may run, or not any more.
	place "$HELPER"
	helper_runs "$inside" || rm -f "$place"
	rmdir "${place%/*}" 2>/dev/null || :
	echo "install.sh: $HELPER is not installed, since it was not seen to run in ${root:-/}: it serves only the kernel's own requests, which modprobe goes on serving" >&2
fi

if [ -z "$root" ] && [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	udevadm control --reload
fi
echo "hotplugd is installed, and loads modules from the next boot on, or from \`systemctl start hotplugd\` on."
