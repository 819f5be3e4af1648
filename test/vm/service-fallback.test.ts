// Whatever has become of the agent, with its rule installed a machine boots to the modules of an unmodified boot.
import type { ExecutionContext } from "ava";
import { sectionsOf } from "../support/sections.js";
import { shell } from "../support/vm/command.js";
import { rebuiltInitrd } from "../support/vm/rebuilt-initrd.js";
import { type Machine, start, type Vm } from "../support/vm.js";
import {
	type BootRecord,
	bootUnmodified,
	builtinLoads,
	recordBoot,
	serviceDevices,
	unmodifiedBoot,
} from "../support/vm-boot.js";
import { vmTest } from "../support/vm-test.js";

const INSTALL = "sh /opt/hotplugd/systemd/install.sh";
const MAIN = "/opt/hotplugd/dist/main.js";

type Asked = Readonly<Record<string, readonly string[]>>;

/** @param ask prints sections */
async function bootWith(machine: Machine, ask: string): Promise<{ readonly boot: BootRecord; readonly asked: Asked }> {
	const vm: Vm = await start({ init: "systemd", devices: serviceDevices, append: "udev.log_level=debug", ...machine });
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
	const unmodified = await unmodifiedBoot();
	t.true(unmodified.modules.length > 100);
	t.deepEqual(modules, unmodified.modules);
	const { aliases } = builtinLoads(udevLog);
	t.true(aliases.length > 100, `${aliases.length}`);
	t.log(`${state}: ${modules.length} modules, ${aliases.length} aliases loaded by udev's builtin. ${timings}`);
}

/** Lines of systemd's about our units at the level of warnings. */
const complaints = ({ warnings }: BootRecord) => warnings.filter((line) => line.includes("hotplugd"));

vmTest("without the agent's executable udev loads everything, and nothing has failed", async (t) => {
	const verify = `echo "== verify"; systemd-analyze verify --man=no hotplugd.service hotplugd-command.socket \\
			hotplugd-command@1.service systemd-udev-settle.service 2>&1
		echo "== state"; systemctl show -p ActiveState -p ConditionResult --value hotplugd.service
		echo "== security"; systemd-analyze security --no-pager hotplugd.service | tail -n 1
		echo "== settle"; systemctl start systemd-udev-settle.service; systemctl is-active systemd-udev-settle.service`;
	const { boot, asked } = await bootWith({ before: `${INSTALL}; rm ${MAIN}` }, verify);
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

vmTest("with an agent that ends at once udev loads everything", async (t) => {
	const broken = `printf '#!/usr/bin/node\\nprocess.exit(1);\\n' >${MAIN}`;
	const { boot, asked } = await bootWith(
		{ before: `${INSTALL}; ${broken}` },
		'echo "== restarts"; systemctl show -p NRestarts --value hotplugd.service',
	);
	await isBooted(t, boot);
	const [restarts] = asked.restarts ?? [];
	t.true(Number(restarts) > 0, restarts);
	t.log(`the agent was started again ${restarts} times`);
	t.true(boot.units.get("systemd-udev-trigger.service")!.up > 0);
});

vmTest("an initrd that update-initramfs made meanwhile has the rule, and boots the machine as any does", async (t) => {
	const [unmodified, initrd] = await Promise.all([bootUnmodified({ initrd: {} }), rebuiltInitrd({ before: INSTALL })]);
	const rules = await shell(`zstd -dcq "$1" | grep -ac 'TEST!="/run/hotplugd/listening"'`, initrd);
	t.is(rules, "1\n");
	const { boot } = await bootWith(
		{ initrd: { before: INSTALL }, before: `${INSTALL}; rm ${MAIN}` },
		"systemctl is-active hotplugd || :",
	);
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
