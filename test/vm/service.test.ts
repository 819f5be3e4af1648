// The agent as udev's helper, installed by the documented step, under Debian's systemd.
import type { ExecutionContext } from "ava";
import { sectionsOf } from "../support/project/sections.js";
import { start, type Vm } from "../support/vm/vm.js";
import { type BootRecord, builtinLoads, recordBoot, serviceDevices, unmodifiedBoot } from "../support/vm/vm-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

const AFTER_SETTLE = "/run/after-settle";

/** A unit that is ordered after udev has settled. */
const afterSettle = {
	"/etc/systemd/system/after-settle.service": `[Unit]
Wants=systemd-udev-settle.service
After=systemd-udev-settle.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c '. /vm/functions; live_modules >${AFTER_SETTLE}'
`,
};

const install = `sh /opt/hotplugd/systemd/install.sh >&2
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s ../after-settle.service /etc/systemd/system/multi-user.target.wants/`;

/** Questions to the agent after the boot. */
const ask = `main=$(systemctl show -p MainPID --value hotplugd)
echo "== security"; systemd-analyze security --no-pager hotplugd.service | tail -n 1
echo "== capabilities"; cat /proc/$main/task/*/status | grep ^Cap | sort | uniq -c
echo "== threads"; ls /proc/$main/task | wc -l
echo "== after-settle"; cat ${AFTER_SETTLE}
echo "== status"; hotplugd status
echo "== journal"; journalctl --sync; journalctl -b --no-pager -q -u 'hotplugd*' -o cat
echo "== settle"; journalctl -b --no-pager -q -u systemd-udev-settle -o cat`;

async function bootInstalled(files: Readonly<Record<string, string>>): Promise<{ boot: BootRecord; asked: Asked }> {
	const vm = await start({
		booted: true,
		init: "systemd",
		devices: serviceDevices,
		append: "udev.log_level=debug",
		files: { ...afterSettle, ...files },
		before: install,
	});
	try {
		const boot = await recordBoot(vm);
		return { boot, asked: await askAgent(vm) };
	} finally {
		await vm.stop();
	}
}

type Asked = Readonly<Record<string, readonly string[]>>;

async function askAgent(vm: Vm): Promise<Asked> {
	const { stdout, stderr } = await vm.run(ask);
	if (stderr !== "") throw new Error(stderr);
	return sectionsOf(stdout);
}

function isLikeUnmodified(t: ExecutionContext, boot: BootRecord, asked: Asked, unmodified: BootRecord): void {
	t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
	t.deepEqual(boot.modules, unmodified.modules);
	const missing = unmodified.modules.filter((module) => !asked["after-settle"]?.includes(module));
	t.deepEqual(missing, [], "not live when udev had settled");
	t.deepEqual(
		boot.warnings.filter((line) => line.includes("hotplugd")),
		[],
	);
}

/**
 * Asserts that udevd's builtin got no alias from a rule's plain `kmod load`, and that udevd's log says what its rules did
 * instead.
 */
function udevLoadedNothing(t: ExecutionContext, boot: BootRecord): void {
	const { aliases, named } = builtinLoads(boot.udevLog);
	t.deepEqual(aliases, []);
	t.log(
		`udevd's log has ${boot.udevLog.length} lines; its builtin was given no alias, and by name: ${named.join(" ")}`,
	);
	const rule = boot.udevLog.filter((line) => line.includes("/run/hotplugd/listening"));
	t.log(`of its rule it says ${rule.length} times something like: ${rule[0]}`);
}

vmTest("as udev's helper the agent loads what udev loads, which loads nothing by MODALIAS", async (t) => {
	const unmodified = await unmodifiedBoot();
	const { boot, asked } = await bootInstalled({});
	t.log(asked.status?.join("\n"));
	udevLoadedNothing(t, boot);
	isLikeUnmodified(t, boot, asked, unmodified);
	const agent = boot.units.get("hotplugd.service")!;
	const trigger = boot.units.get("systemd-udev-trigger.service")!;
	t.true(agent.up > 0 && agent.up <= trigger.begun, `agent up at ${agent.up}, trigger begun at ${trigger.begun}`);
	const without = unmodified.units.get("systemd-udev-trigger.service")!;
	t.log(
		`systemd-udev-trigger began at ${trigger.begun.toFixed(2)} s, unmodified at ${without.begun.toFixed(2)} s: the agent took ${(agent.up - agent.begun).toFixed(2)} s of it`,
	);
	t.log(`${boot.timings} Unmodified: ${unmodified.timings}`);
	t.log(`still since ${(boot.uptime - 5).toFixed(1)} s, unmodified since ${(unmodified.uptime - 5).toFixed(1)} s`);
	const [security = ""] = asked.security ?? [];
	t.log(security);
	t.true(Number(/: ([0-9.]+)/.exec(security)?.[1]) <= 2.1, security);
	t.log(`capabilities over ${asked.threads} threads:\n${asked.capabilities?.join("\n")}`);
	// CAP_NET_ADMIN is 12, CAP_SYS_MODULE is 16.
	const allowed = ((1n << 12n) | (1n << 16n)).toString(16).padStart(16, "0");
	const sets = asked.capabilities?.map((line) => line.trim().split(/\s+/)) ?? [];
	t.true(sets.length >= 5);
	for (const [count, name, value] of sets) {
		t.is(count, asked.threads?.[0]?.trim());
		t.is(value, name === "CapInh:" || name === "CapAmb:" ? "0".repeat(16) : allowed, name);
	}
});

vmTest("heeding the kernel's own uevents it does the same", async (t) => {
	const unmodified = await unmodifiedBoot();
	const { boot, asked } = await bootInstalled({ "/etc/hotplugd.toml": 'source = "kernel"\n' });
	udevLoadedNothing(t, boot);
	isLikeUnmodified(t, boot, asked, unmodified);
	t.regex(asked.status?.join("\n") ?? "", /kernel/);
});
