# The root file system that install.sh and uninstall.sh work on, as $root: empty for the one that runs. Both source this; $program is
# what they are called, and fail says why one of them ends.

fail() {
	echo "$program: $1" >&2
	exit 1
}

set_root() { # DIRECTORY: what --root or $DESTDIR names
	[ -n "$1" ] || fail "the root is empty: name a directory, or leave --root and DESTDIR out for the system that runs"
	case $1 in
	*"
"*) fail "the name of the root has a line break in it: rename it" ;;
	/*) root=$1 ;;
	*) root=$PWD/$1 ;;
	esac
	[ -d "$root" ] || fail "there is no directory $1"
	root=$(cd "$root" && pwd -P) || fail "$1 cannot be entered"
	[ "$root" != / ] || root=
	# A variable that was empty, and a link: who means it names it.
	case $1 in *[!/]*) [ -n "$root" ] || fail "$1 is the root of the system that runs: leave --root out, or name another" ;; esac
}

# Links in the root lead where they lead for whoever runs within it: none of them leads out of it, and .. ends at it.
inside() { # PATH within the root -> $inside, the same without links, but for its last part; none of it need be there
	inside=
	_rest=${1#/}
	_links=0
	while [ -n "$_rest" ]; do
		case $_rest in
		*/*) _part=${_rest%%/*} _rest=${_rest#*/} ;;
		*) _part=$_rest _rest= ;;
		esac
		case $_part in
		'' | .) continue ;;
		..)
			inside=${inside%/*}
			continue
			;;
		esac
		if [ -z "$_rest" ] || [ ! -L "$root$inside/$_part" ]; then
			inside=$inside/$_part
			continue
		fi
		_links=$((_links + 1))
		[ $_links -le 40 ] || fail "$root$1 is reached through too many links"
		_target=$(readlink "$root$inside/$_part" && echo .)
		_target=${_target%?.}
		case $_target in /*) inside= ;; esac
		_rest=$_target/$_rest
	done
}

# Where a file of that path is, as a path of this system.
place() { # PATH within the root -> $place
	inside "$1"
	place=$root$inside
}

# Where what a path leads to is, its last part too.
target() { # PATH within the root -> $place
	inside "$1/."
	place=$root$inside
}

# The way to a file that is to be put there: what there is of it ends in a directory.
check_way() { # PATH within the root -> $above, that directory
	place "$1"
	above=${place%/*}
	while [ -n "$above" ] && [ ! -e "$above" ] && [ ! -L "$above" ]; do above=${above%/*}; done
	above=${above:-/}
	[ -d "$above" ] || fail "$above is no directory, and $root$1 has to be below it: move it away first"
}

# busybox's test -w asks the mode alone, which says nothing of a file system that is mounted read-only.
check_writable() { # DIRECTORY FILE
	touch -c "$1/." 2>/dev/null || fail "$1 cannot be written, where $2 belongs: is its file system mounted read-only?"
}
