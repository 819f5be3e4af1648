import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { needOpenFiles, readSwitch } from "../../../src/tools/agent/start-conditions.js";

const options = { dirname: undefined, setVersion: undefined, configPath: [], config: undefined, policy: [] };

const switchOn = (commandLine: string | undefined, given: object = {}) =>
	readSwitch(
		{ read: (path) => (path === "/proc/cmdline" && commandLine !== undefined ? Buffer.from(commandLine) : undefined) },
		{ ...options, ...given },
	);

test("only hotplugd=off on the kernel command line switches off, and any other word is remarked on", (t) => {
	t.deepEqual(switchOn("quiet"), { off: false });
	t.deepEqual(switchOn(undefined), { off: false });
	t.deepEqual(switchOn("quiet hotplugd=on"), { off: false });
	t.deepEqual(switchOn("quiet hotplugd=off"), {
		off: true,
		remark: "hotplugd=off is on the kernel command line: nothing is loaded",
	});
	const { off, remark } = switchOn("hotplugd=no");
	t.false(off);
	t.true(remark?.startsWith("hotplugd=no on the kernel command line is ignored"));
});

test("a command line that cannot be read does not switch off, and is remarked on", (t) => {
	const read = (subject: string): never => {
		throw new Refusal({ operation: "read", subject, code: "EACCES", errno: 13 });
	};
	const { off, remark } = readSwitch({ read }, options);
	t.false(off);
	t.true(remark?.startsWith("could not read /proc/cmdline: "));
});

test("where another machine's devices are named, this machine's command line does not switch off", (t) => {
	t.false(switchOn("hotplugd=off", { sysfs: "/copy/sys" }).off);
	t.false(switchOn("hotplugd=off", { dirname: "/copy", dryRun: true }).off);
	t.true(switchOn("hotplugd=off", { dirname: "/copy" }).off);
});

test("too few free descriptors are a failure to start, and it names the limit", async (t) => {
	const machine = (left: number, most?: number) => ({ openFiles: async () => ({ left, most }) }) as never;
	await t.notThrowsAsync(needOpenFiles(machine(40, 64)));
	await t.notThrowsAsync(needOpenFiles({} as never));
	const failure = await t.throwsAsync(needOpenFiles(machine(39, 64)), { code: "ERR_START_FAILURE" });
	t.true(failure?.message.startsWith("only 64 files may be open at once, which leaves 39 of the 40"));
	await t.throwsAsync(needOpenFiles(machine(3)), { message: /^only so few files/ });
});
