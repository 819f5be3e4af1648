// Commands of modprobe.d, which could not work in the agent's sandbox: they have the same effect as under udev.
import { sectionsOf } from "../support/project/sections.js";
import { startUml, umlDevices } from "../support/vm/uml.js";
import { vmTest } from "../support/vm/vm-test.js";

const WRITTEN = "/etc/written-by-a-command";

/** Two modules that chips ask for, and others that no device asks for. */
const files = {
	"/etc/modprobe.d/commands.conf": `install hmc6352 { id -u; echo "$MODPROBE_MODULE"; ls /dev/null /proc/1/exe; } >${WRITTEN}; /sbin/modprobe --ignore-install hmc6352
install tmp006 exit 3
options loop max_loop=3
install dummy hotplugd settle --timeout 100 2>/run/below-install; echo $? >>/run/below-install; /sbin/modprobe --ignore-install dummy numdummies=1
install hfs [ -e /run/hfs-begun ] || { touch /run/hfs-begun; sleep 15; }
softdep msdos pre: hfs
`,
	"/etc/hotplugd/rules.d/settle.toml": `[[run]]
action = "add"
devpath = "/devices/virtual/net/dummy0"
command = ["/bin/sh", "-c", "hotplugd settle --timeout 100 2>/run/below-rule; echo $? >>/run/below-rule"]
timeout_seconds = 150
`,
};

const ask = `udevadm settle; until grep -q '^hmc6352 ' /proc/modules; do sleep 0.2; done
echo "== written"; cat ${WRITTEN}
echo "== live"; grep -o '^tmp006' /proc/modules`;

/** Questions about the agent's sandbox, and requests through its helper. */
const askAgent = `main=$(systemctl show -p MainPID --value hotplugd)
echo "== sandbox"
inside() { nsenter -t $main -m sh -c "$1" 2>&1 | sed 's/.*: //'; }
inside 'touch ${WRITTEN}'; inside 'touch /usr/x'; inside 'echo 1 >/proc/sys/kernel/sysrq'; inside 'touch /run/hotplugd/x && echo written'
ls /run/hotplugd-command; stat -c %a /run/hotplugd-command /run/hotplugd /run/hotplugd-command/socket
echo "== log"; journalctl --sync; journalctl -b -q --no-pager -u hotplugd -o cat | grep '"tmp006"' | grep -o '"exitStatus":[0-9]*'
echo "== failed"; systemctl --failed --plain --no-legend
echo "== helper"; hotplugd-load -q -- loop; echo $?; cat /sys/module/loop/parameters/max_loop; hotplugd-load -q -- nothing-like-it; echo $?
MODALIAS=cpu:type:nothing hotplugd-load; echo $?; MODALIAS=fs-minix hotplugd-load --no-wait; echo $?
until grep -q '^minix ' /proc/modules; do sleep 0.1; done
echo "== below"; hotplugd-load -q -- dummy; echo $?; hotplugd settle; echo $?; cat /run/below-install /run/below-rule
echo "== stop"
hotplugd-load -q -- hfs & hfs=$!
until [ -e /run/hfs-begun ]; do sleep 0.1; done
MODALIAS=msdos hotplugd-load --no-wait; echo $?
systemctl stop --no-block hotplugd; while [ -e /run/hotplugd/listening ]; do sleep 0.1; done
hotplugd-load -q -- isofs; echo $?; grep -o '^isofs' /proc/modules
wait $hfs; echo $?
systemctl stop hotplugd; cat /run/hotplugd.spool/*
journalctl --sync; journalctl -b -q --no-pager -u hotplugd -o cat | grep -c isofs
systemctl start hotplugd; until grep -q '^msdos ' /proc/modules; do sleep 0.1; done; ls -A /run/hotplugd.spool
echo "== time"
now() { date +%s%N; }
each() { name=$1; shift; begin=$(now); i=0; while [ $i -lt 100 ]; do "$@"; i=$((i + 1)); done; echo "$name: $((($(now) - begin) / 100000)) us"; }
each "/bin/true" /bin/true
each "hotplugd-load of a live module" hotplugd-load -q -- loop
each "modprobe of a live module" modprobe -q -- loop`;

vmTest("an install command does as the agent's what it does as udev's, though the agent itself may not", async (t) => {
	const run = async (before: string | undefined, script: string) => {
		const vm = await startUml({
			init: "systemd",
			devices: umlDevices,
			files: { ...files, "/vm/ask": script },
			...(before && { before }),
		});
		try {
			const { stdout, stderr } = await vm.run("PATH=$PATH:/usr/local/lib/hotplugd sh /vm/ask");
			if (stderr !== "") throw new Error(stderr);
			return sectionsOf(stdout);
		} finally {
			await vm.stop();
		}
	};
	const byUdev = await run(undefined, ask);
	const byAgent = await run("sh /opt/hotplugd/systemd/install.sh >&2", `hotplugd settle\n${ask}\n${askAgent}`);
	t.deepEqual(byUdev, { written: ["0", "hmc6352", "/dev/null", "/proc/1/exe"], live: [] });
	t.deepEqual({ written: byAgent.written, live: byAgent.live }, byUdev);
	t.deepEqual(byAgent.sandbox, [
		...["Read-only file system", "Read-only file system", "Read-only file system", "written"],
		...["socket", "700", "700", "600"],
	]);
	t.deepEqual(byAgent.log, ['"exitStatus":3']);
	t.deepEqual(byAgent.failed, []);
	t.deepEqual(byAgent.helper, ["0", "3", "1", "1", "0"]);
	const left = (what: string) =>
		`hotplugd settle: did not wait for ${what}, which cannot end before this command has ended`;
	t.deepEqual(byAgent.below, [
		...["0", "0", left("the install command of dummy"), "0"],
		...[left("/bin/sh for /devices/virtual/net/dummy0 (/etc/hotplugd/rules.d/settle.toml line 1)"), "0"],
	]);
	// A request that was accepted is left to the next agent; for a refused one the helper calls modprobe; a running one is
	// awaited.
	t.deepEqual(byAgent.stop, ["0", "0", "isofs", "0", "n msdos", "0"]);
	t.log(byAgent.time?.join("\n"));
});
