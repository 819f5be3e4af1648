#!/bin/sh
# Runs commands that arrive on the second serial port and sends back what they wrote and their exit status:
#   run ID COMMAND-IN-BASE64   runs it by sh -c in the background
#   peek ID                    sends what it has written so far
# Answers: "ready" once, then "end ID STATUS OUT ERR" ("peek ..." alike) and OUT + ERR bytes.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
work=/run/vm
mkdir -p $work
exec 3<>/dev/ttyS1
stty raw -echo <&3
echo ready >&3

report() { # VERB ID STATUS
	(
		flock 9
		stat -c %s "$work/$2.out" "$work/$2.err" | { read -r out; read -r err; echo "$1 $2 $3 $out $err"
			head -c "$out" "$work/$2.out"; head -c "$err" "$work/$2.err"; } >&3
	) 9>$work/lock
}

run() { # ID COMMAND-IN-BASE64
	# sh makes its background jobs deaf to SIGINT; the command is to find every signal as a shell on a terminal leaves it.
	# In a subshell, so that what sh says of a command that was killed does not join the command's own words.
	(exec /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH="$PATH" TERM=dumb setsid /usr/bin/env --default-signal \
		sh -c "$(echo "$2" | base64 -d)" >"$work/$1.out" 2>"$work/$1.err" </dev/null 3>&-)
	report end "$1" $?
}

while read -r verb id text <&3; do
	case $verb in
	# Not as jobs of this shell: busybox's forgets what it has read of a line when one of its jobs ends meanwhile.
	run) (run "$id" "$text" &) ;;
	peek) (report peek "$id" 0 &) ;;
	esac
done
