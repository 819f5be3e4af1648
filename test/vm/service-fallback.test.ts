// With the agent's rule installed, and in whatever state the agent is, a machine boots to the modules of an unmodified boot. The
// machines run under User-mode Linux, apart from the one with an initrd.
import type { ExecutionContext } from "ava";
import { sectionsOf } from "../support/project/sections.js";
import { rebuiltInitrd } from "../support/vm/images/rebuilt-initrd.js";
import { shell } from "../support/vm/machines/command.js";
import { startUml, type UmlMachine } from "../support/vm/uml.js";
import { debianMachine, unmodifiedUmlBoot } from "../support/vm/uml-boot.js";
import { type BootRecord, bootUnmodified, builtinLoads, recordBoot } from "../support/vm/vm-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

const INSTALL = "sh /opt/hotplugd/systemd/install.sh";
const MAIN = "/opt/hotplugd/dist/main.js";

type Asked = Readonly<Record<string, readonly string[]>>;

/** @param ask sh that prints sections */
async function bootWith(
	machine: UmlMachine,
	ask: string,
): Promise<{ readonly boot: BootRecord; readonly asked: Asked }> {
	const vm = await startUml({ ...debianMachine, ...machine });
	try {
		const boot = await recordBoot(vm);
		const { stdout, stderr } = await vm.run(ask);
		if (stderr !== "") throw new Error(stderr);
		return { boot, asked: sectionsOf(stdout) };
	} finally {
		await vm.stop();
	}
}

async function isBooted(t: ExecutionContext, { modules, udevLog, state, timings }: BootRecord): Promise<void> {
	const unmodified = await unmodifiedUmlBoot();
	t.true(unmodified.modules.length > 50);
	t.deepEqual(modules, unmodified.modules);
	const { aliases } = builtinLoads(udevLog);
	t.true(aliases.length > 100, `${aliases.length}`);
	t.log(`${state}: ${modules.length} modules, ${aliases.length} aliases loaded by udev's builtin. ${timings}`);
}

/** Warnings and errors of systemd about our units. */
const complaints = ({ warnings }: BootRecord) => warnings.filter((line) => line.includes("hotplugd"));

vmTest("without node udev loads everything, and nothing has failed", async (t) => {
	const verify = `echo "== settle"; systemctl start systemd-udev-settle.service; systemctl is-active systemd-udev-settle.service
		mv /usr/bin/node.away /usr/bin/node
		echo "== verify"; systemd-analyze verify --man=no hotplugd.service hotplugd-command.socket \\
			hotplugd-command@1.service hotplugd-failed.service systemd-udev-settle.service 2>&1
		echo "== state"; systemctl show -p ActiveState -p ConditionResult --value hotplugd.service
		echo "== security"; systemd-analyze security --no-pager hotplugd.service | tail -n 1`;
	const { boot, asked } = await bootWith({ before: `${INSTALL}; mv /usr/bin/node /usr/bin/node.away` }, verify);
	await isBooted(t, boot);
	t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
	t.deepEqual(complaints(boot), []);
	t.deepEqual(
		{ verify: asked.verify, state: asked.state, settle: asked.settle },
		{
			verify: [],
			state: ["inactive", "no"],
			settle: ["active"],
		},
	);
	const [security = ""] = asked.security ?? [];
	t.log(security);
	t.true(Number(/: ([0-9.]+)/.exec(security)?.[1]) <= 2.1, security);
});

/** Waits until systemd has given the agent up, and has announced all devices to udev again. */
const GIVEN_UP = `until systemctl -q is-failed hotplugd.service; do sleep 1; done
	shown() { systemctl show -p $1 --value $2; }
	until [ "$(shown ExecMainExitTimestampMonotonic hotplugd-failed.service)" != 0 ]; do sleep 1; done
	echo "== restarts"; shown NRestarts hotplugd.service
	echo "== told"; shown Result hotplugd-failed.service`;

function isGivenUp(t: ExecutionContext, asked: Asked, restarts: number): void {
	t.deepEqual(asked.restarts, [`${restarts}`]);
	t.deepEqual(asked.told, ["success"]);
}

vmTest("with an agent that ends at once udev loads everything, and the agent is not started for ever", async (t) => {
	const broken = `printf '#!/usr/bin/node\\nprocess.exit(1);\\n' >${MAIN}`;
	const { boot, asked } = await bootWith({ before: `${INSTALL}; ${broken}` }, GIVEN_UP);
	await isBooted(t, boot);
	isGivenUp(t, asked, 8);
	t.true(boot.units.get("systemd-udev-trigger.service")!.up > 0);
});

vmTest("with an agent that dies whenever it begins to listen nothing that was left to it stays unloaded", async (t) => {
	const dies = `if (process.argv[2] === "run") setInterval(() => {
		if (require("node:fs").existsSync("/run/hotplugd/listening")) process.kill(process.pid, "SIGKILL");
	}, 10);`;
	const before = `${INSTALL}
		{ head -n 1 ${MAIN}; cat /vm/dies; tail -n +2 ${MAIN}; } >${MAIN}.new; cat ${MAIN}.new >${MAIN}`;
	const ask = `${GIVEN_UP}; . /vm/functions; udevadm settle; stand_still; echo "== modules"; live_modules`;
	const { asked } = await bootWith({ before, files: { "/vm/dies": dies } }, ask);
	isGivenUp(t, asked, 8);
	t.deepEqual(asked.modules, (await unmodifiedUmlBoot()).modules);
});

vmTest("with settings that are wrong udev loads everything, and the agent is not tried again", async (t) => {
	const machine = { before: INSTALL, files: { "/etc/hotplugd.toml": "no_such_key = 1\n" } };
	const { boot, asked } = await bootWith(machine, GIVEN_UP);
	await isBooted(t, boot);
	isGivenUp(t, asked, 0);
	t.deepEqual(boot.failed, ["hotplugd.service"]);
});

vmTest("with hotplugd=off on the kernel command line udev loads everything, and nothing has failed", async (t) => {
	const ask = `echo "== state"; systemctl show -p ActiveState -p ConditionResult --value hotplugd.service
		echo "== run"; hotplugd run 2>&1; echo $?
		echo "== coldplug"; coldplug 2>&1; echo $?
		echo "== dry"; coldplug --dry-run 2>&1 >/dev/null; echo $?`;
	const { boot, asked } = await bootWith({ before: INSTALL, append: "udev.log_level=debug hotplugd=off" }, ask);
	await isBooted(t, boot);
	t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
	t.deepEqual(complaints(boot), []);
	const line = "hotplugd=off is on the kernel command line: nothing is loaded";
	t.deepEqual(asked.state, ["inactive", "no"]);
	t.deepEqual(asked.run, [`hotplugd run: ${line}`, "0"]);
	t.deepEqual(asked.coldplug, [`coldplug: ${line}`, "0"]);
	t.deepEqual(asked.dry, [`coldplug: ${line}`, "0"]);
});

vmTest("an initrd that update-initramfs made meanwhile has the rule, and boots the machine as any does", async (t) => {
	const [unmodified, initrd] = await Promise.all([bootUnmodified({ initrd: {} }), rebuiltInitrd({ before: INSTALL })]);
	const rules = await shell(`zstd -dcq "$1" | grep -ac 'TEST!="/run/hotplugd/listening"'`, initrd);
	t.is(rules, "1\n");
	const boot = await bootUnmodified({ initrd: { before: INSTALL }, before: `${INSTALL}; rm ${MAIN}` });
	t.deepEqual(boot.modules, unmodified.modules);
	t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
	t.true(unmodified.modules.length > 100);
});

vmTest("once it is uninstalled a boot is as it was", async (t) => {
	const before = `find /etc /usr/local | sort >/before
		${INSTALL} && sh /opt/hotplugd/systemd/uninstall.sh
		find /etc /usr/local | sort | diff /before - >/difference`;
	const { boot, asked } = await bootWith({ before: `${before} || :` }, 'echo "== difference"; cat /difference');
	await isBooted(t, boot);
	t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
	t.deepEqual(complaints(boot), []);
	t.deepEqual(asked.difference, []);
	t.false([...boot.units.keys()].some((name) => name.startsWith("hotplugd")));
});
