import test from "ava";
import { watchKernelState } from "../../../src/libkmod/evidence/kernel-state.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

function setUp(files: Readonly<Record<string, string>>) {
	const reads: string[] = [];
	const state = watchKernelState({
		read(path) {
			reads.push(path);
			const text = files[path];
			return text === undefined ? undefined : Buffer.from(text, "latin1");
		},
	});
	return { state, reads };
}

test("each fact is read from the kernel's own file", (t) => {
	const { state } = setUp({
		"/proc/cmdline": "quiet module_blacklist=a,b\n",
		"/proc/sys/kernel/modules_disabled": "1\n",
		"/proc/self/status": "Name:\tnode\nCapEff:\t000001fffffeffff\n",
		"/sys/kernel/security/lockdown": "none integrity [confidentiality]\n",
		"/sys/module/module/parameters/sig_enforce": "Y\n",
		"/proc/kallsyms": "0000000000000000 T printk\n0000000000000000 t init\t[loop]\n",
	});
	t.deepEqual(state.kernelBlacklist(), ["a", "b"]);
	t.true(state.modulesDisabled());
	t.true(state.lacksCapability());
	t.is(state.lockdown(), "confidentiality");
	t.true(state.enforcesSignatures());
	t.deepEqual([...state.symbols()!.names], ["printk", "init"]);
	t.false(state.symbols()!.hasData);
	t.true(setUp({ "/proc/kallsyms": "0 T printk\n0 D jiffies\n" }).state.symbols()!.hasData);
});

test("a kernel that forbids nothing says so", (t) => {
	const { state } = setUp({
		"/proc/cmdline": "quiet\n",
		"/proc/sys/kernel/modules_disabled": "0\n",
		"/proc/self/status": "CapEff:\t0000000000010000\n",
		"/sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
		"/sys/module/module/parameters/sig_enforce": "N\n",
	});
	t.deepEqual(state.kernelBlacklist(), []);
	t.false(state.modulesDisabled() || state.lacksCapability() || state.enforcesSignatures());
	t.is(state.lockdown(), undefined);
});

const asks = (state: ReturnType<typeof watchKernelState>) => [
	...[state.modulesDisabled(), state.lacksCapability(), state.lockdown(), state.enforcesSignatures()],
	...[state.symbols(), state.kernelBlacklist().length],
];

test("what is not there or cannot be read tells nothing", (t) => {
	const refusing = watchKernelState({
		read(path) {
			throw new Refusal({ operation: "read", subject: path, code: "EACCES" });
		},
	});
	for (const state of [setUp({}).state, refusing])
		t.deepEqual(asks(state), [false, false, undefined, false, undefined, 0]);
});

test("an unexpected error is thrown", (t) => {
	const state = watchKernelState({
		read() {
			throw new TypeError("a fault");
		},
	});
	t.throws(() => state.modulesDisabled(), { instanceOf: TypeError });
});

test("each file is read once, when its fact is first asked for", (t) => {
	const { state, reads } = setUp({});
	t.deepEqual(reads, []);
	t.deepEqual(asks(state), asks(state));
	t.is(reads.length, 6);
	t.is(new Set(reads).size, 6);
});
