// Behaviour of systemd, udev and the kernel that the service relies on, observed on Debian's versions under User-mode Linux.
import { readFileSync } from "node:fs";
import test from "ava";
import { sectionsOf } from "../support/project/sections.js";
import { compile } from "../support/running/c-program.js";
import { startUml, type UmlVm } from "../support/vm/uml.js";
import { debianMachine } from "../support/vm/uml-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

/** A service that makes a file in its run directory, tells that it is ready, and then only sleeps. */
const service = (lines: string) => `[Service]
Type=notify
NotifyAccess=all
RuntimeDirectory=%p
ExecStart=/bin/sh -c 'touch /run/%p/listening; systemd-notify --ready --pid=parent; exec sleep infinity'
Restart=always
RestartSec=15
${lines}
`;

const witness = (name: string, order: string) => `[Unit]
DefaultDependencies=no
${order}=systemd-udev-trigger.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'ls -l /run/systemd/units >/run/${name}'
`;

const link = "/run/systemd/units/invocation:systemd-udev-trigger.service";

const machine = lazily(() =>
	startUml({
		...debianMachine,
		files: {
			"/etc/systemd/system/premise-killed.service": service(""),
			"/etc/systemd/system/premise-stopped.service": service("WatchdogSec=20"),
			"/etc/systemd/system/premise-kept.service": service("RuntimeDirectoryPreserve=restart"),
			"/etc/systemd/system/witness-before.service": witness("before", "Before"),
			"/etc/systemd/system/witness-after.service": witness("after", "After"),
			"/etc/systemd/system/systemd-udev-trigger.service.d/witness.conf": `[Service]
				ExecStartPre=-/bin/sh -c 'ls -l /run/systemd/units >/run/during'`.replaceAll("\t", ""),
			"/etc/systemd/system/sysinit.target.d/witness.conf":
				"[Unit]\nWants=witness-before.service witness-after.service\n",
			"/etc/udev/rules.d/80-drivers.rules":
				'ACTION=="add", ENV{MODALIAS}=="?*", TEST!="/run/premise-listening", RUN{builtin}+="kmod load"\n',
			"/usr/local/bin/injector": readFileSync(compile("uevent-injector")),
			"/usr/local/bin/reader": readFileSync(compile("vm-uevent-reader")),
			"/vm/reader": `rm -f /run/ask$1; mkfifo /run/ask$1; reader $1 </run/ask$1 >>/run/heard$1 & exec 3>/run/ask$1
				sleep infinity`,
		},
	}),
);
test.after.always(async () => {
	if (machine.begun()) await (await machine.get()).stop();
});

function lazily(begin: () => Promise<UmlVm>) {
	let vm: Promise<UmlVm> | undefined;
	return {
		begun: () => vm !== undefined,
		get() {
			vm ??= begin();
			return vm;
		},
	};
}

// Waits for the state in which systemd is about to start the service again, and prints the time until then.
const end = `
crash() { # UNIT SIGNAL
	systemctl start $1
	ls /run/$1
	read -r began rest </proc/uptime
	systemctl kill --signal=$2 $1
	until [ "$(systemctl show -P SubState $1)" = auto-restart ]; do sleep 0.1; done
	read -r ended rest </proc/uptime
	ls -d /run/$1 2>&1
	echo "$1 after SIG$2: result $(systemctl show -P Result $1), from $began to $ended s" >&2
	until [ "$(systemctl show -P SubState $1)" = running ]; do sleep 0.1; done
	ls /run/$1
	systemctl stop $1
	ls -d /run/$1 2>&1
}
for pair in killed:KILL stopped:STOP kept:KILL; do
	echo "== $pair"
	crash premise-\${pair%:*} \${pair#*:}
done`;

vmTest("a service's run directory goes when its process ends, however that came", async (t) => {
	const vm = await machine.get();
	const { stdout, stderr } = await vm.run(end);
	t.log(stderr);
	const gone = (name: string) => `ls: cannot access '/run/premise-${name}': No such file or directory`;
	t.deepEqual(sectionsOf(stdout), {
		"killed:KILL": ["listening", gone("killed"), "listening", gone("killed")],
		// A stopped process no longer notifies the watchdog, which ends it.
		"stopped:STOP": ["listening", gone("stopped"), "listening", gone("stopped")],
		// A check of the check: this unit keeps its directory.
		"kept:KILL": ["listening", "/run/premise-kept", "listening", gone("kept")],
	});
	t.regex(stderr, /premise-stopped after SIGSTOP: result watchdog/);
});

vmTest("udevd loads by MODALIAS unless the file that a rule's TEST names is there, at that very moment", async (t) => {
	const vm = await machine.get();
	const { stdout } = await vm.run(`
		chip=$(dirname $(grep -l '^hmc6352$' /sys/bus/i2c/devices/*/name))
		try() {
			echo "== $1"
			modprobe -r hmc6352
			journalctl --sync; rm -f /run/cursor; journalctl -q -n 1 --cursor-file=/run/cursor >/dev/null
			udevadm trigger --settle --action=add $chip
			journalctl --sync
			journalctl -u systemd-udevd -o cat -q --cursor-file=/run/cursor | grep -E "^\${chip##*/}: Running|: i2c:hmc6352" | sed "s/^\${chip##*/}: /chip: /"
			grep -o '^hmc6352' /proc/modules
		} 2>/dev/null
		udevadm settle
		try absent
		touch /run/premise-listening; try there
		rm /run/premise-listening; try again`);
	const loaded = ['chip: Running built-in command "kmod load"', "Loading module: i2c:hmc6352", "hmc6352"];
	t.deepEqual(sectionsOf(stdout), { absent: loaded, there: [], again: loaded });
});

vmTest("a link in /run/systemd/units tells from when on udev's trigger has begun", async (t) => {
	const vm = await machine.get();
	const { stdout } = await vm.run(`
		for when in before during after; do echo "== $when"; grep -o 'systemd-udev-trigger.service.*' /run/$when; done
		echo "== now"; readlink ${link}; systemctl show -P InvocationID systemd-udev-trigger
		echo "== reexecuted"; systemctl daemon-reexec; readlink ${link}
		echo "== stopped"; systemctl stop systemd-udev-trigger; readlink ${link} || echo none`);
	const { before, during, after, now, reexecuted, stopped } = sectionsOf(stdout);
	const id = now?.[0] ?? "";
	t.regex(id, /^[0-9a-f]{32}$/);
	const linked = [`systemd-udev-trigger.service -> ${id}`];
	t.deepEqual(
		{ before, during, after, now, reexecuted, stopped },
		{ before: [], during: linked, after: linked, now: [id, id], reexecuted: [id], stopped: ["none"] },
	);
});

const message = "printf '\\026\\000\\000\\000add@/devices/injected\\000'";
const user = "setpriv --reuid=65534 --regid=65534 --clear-groups";

const spoofs = `
for group in 1 2; do sh /vm/reader $group & done
until grep -q bound /run/heard1 && grep -q bound /run/heard2; do sleep 0.1; done
port1=$(sed -n 's/bound //p' /run/heard1); port2=$(sed -n 's/bound //p' /run/heard2)
ask() { for group in 1 2; do
	echo >/run/ask$group; until grep -q ^read /run/heard$group; do sleep 0.1; done
	grep -v -e ^bound -e ^read /run/heard$group | sed "s/^port [1-9][0-9]* /port SOME /; s/^/$group: /"; : >/run/heard$group
done; }
ask >/dev/null
try() { # NAME COMMAND...
	echo "== $1"; shift
	for to in "multicast 1" "multicast 2" "unicast $port1" "unicast $port2"; do
		${message} | "$@" injector $to 2>&1
	done
	ask
}
try root env
try user ${user}
try user-namespace ${user} unshare --user --map-root-user
try network-namespace ${user} unshare --user --map-root-user --net
echo "== udev"
udevadm trigger --settle --action=change /sys/devices/virtual/mem/null
rows() { awk -v a=$port1 -v b=$port2 '$2 == 15 && ($3 == a || $3 == b) { print ($5 > 0) ? "some" : $5 }' /proc/net/netlink; }
rows; ask; rows`;

vmTest("only root can send to the groups and sockets of uevents, and udevd's messages tell themselves", async (t) => {
	const vm = await machine.get();
	const { stdout } = await vm.run(spoofs);
	const refused = Array(4).fill("sendto: Operation not permitted");
	t.deepEqual(sectionsOf(stdout), {
		root: [
			"1: port SOME groups 1 uid 0 add@/devices/injected",
			"1: port SOME groups 0 uid 0 add@/devices/injected",
			"2: port SOME groups 2 uid 0 add@/devices/injected",
			"2: port SOME groups 0 uid 0 add@/devices/injected",
		],
		user: refused,
		"user-namespace": refused,
		// Messages of this sender stay within its own network namespace, where no socket has those ports.
		"network-namespace": ["sendto: Connection refused", "sendto: Connection refused"],
		udev: [
			"some",
			"some",
			"1: port 0 groups 1 uid 0 change@/devices/virtual/mem/null",
			"2: port SOME groups 2 uid 0 libudev",
			"0",
			"0",
		],
	});
});
