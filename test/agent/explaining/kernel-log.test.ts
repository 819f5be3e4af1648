// The messages are those of kernel/module/, kernel/params.c, drivers/base/ and security/lockdown/ with names put in.
import test from "ava";
import type { KernelFinding } from "../../../src/agent/explaining/kernel-findings.js";
import { listFindings, MOST_FINDINGS } from "../../../src/agent/explaining/kernel-log.js";

const findings = (...texts: readonly string[]): readonly KernelFinding[] =>
	listFindings(texts.map((text, n) => ({ microseconds: (n + 1) * 1_500_000, text })));

const one = (text: string): Partial<KernelFinding> | undefined => {
	const [first, ...more] = findings(text);
	if (more.length > 0) throw new Error("one record told more than one thing");
	if (first === undefined) return undefined;
	const { seconds, text: words, ...rest } = first;
	return seconds === 1.5 && words === text.slice(0, 300) ? rest : undefined;
};

test("firmware that could not be loaded is told with its driver, device, file and errno", (t) => {
	const missing = {
		kind: "firmware",
		driver: "iwlwifi",
		device: "0000:02:00.0",
		file: "iwlwifi-8265-36.ucode",
		errno: 2,
	};
	t.deepEqual(
		one("iwlwifi 0000:02:00.0: Direct firmware load for iwlwifi-8265-36.ucode failed with error -2") as unknown,
		missing,
	);
	t.deepEqual(one("iwlwifi 0000:02:00.0: firmware: failed to load iwlwifi-8265-36.ucode (-2)") as unknown, missing);
	t.deepEqual(one("r8169 0000:01:00.0: loading /lib/firmware/rtl_nic/a b.fw failed with error -5") as unknown, {
		kind: "firmware",
		driver: "r8169",
		device: "0000:01:00.0",
		file: "/lib/firmware/rtl_nic/a b.fw",
		errno: 5,
	});
	t.deepEqual(one("(NULL device *): Direct firmware load for regulatory.db failed with error -2") as unknown, {
		kind: "firmware",
		file: "regulatory.db",
		errno: 2,
	});
});

test("parameters that a module does not have, or does not take, are told", (t) => {
	t.deepEqual(one("loop: unknown parameter 'max_looop' ignored") as unknown, {
		kind: "unknown parameter",
		module: "loop",
		parameter: "max_looop",
	});
	t.deepEqual(one("Booting kernel: Unknown parameter `x'"), undefined);
	t.like(one("loop: Unknown parameter `x'"), { kind: "unknown parameter", parameter: "x" });
	t.deepEqual(one("loop: `it's many' invalid for parameter `max_loop'") as unknown, {
		kind: "invalid parameter",
		module: "loop",
		parameter: "max_loop",
		value: "it's many",
	});
	t.like(one("snd: `' too large for parameter `slots'"), { kind: "invalid parameter", value: "", parameter: "slots" });
});

test("a module for another kernel is told with both version magics", (t) => {
	t.deepEqual(
		one(
			"loop: version magic '5.10.0-1-amd64 SMP mod_unload ' should be '6.1.0-56-amd64 SMP preempt mod_unload '",
		) as unknown,
		{
			kind: "vermagic",
			module: "loop",
			has: "5.10.0-1-amd64 SMP mod_unload ",
			wants: "6.1.0-56-amd64 SMP preempt mod_unload ",
		},
	);
});

test("symbols that are missing, of another version or there already are told", (t) => {
	t.deepEqual(one("wl: disagrees about version of symbol module_layout") as unknown, {
		kind: "symbol version",
		module: "wl",
		symbol: "module_layout",
	});
	t.deepEqual(one("wl: Unknown symbol cfg80211_get_bss (err -2)") as unknown, {
		kind: "unknown symbol",
		module: "wl",
		symbol: "cfg80211_get_bss",
		errno: 2,
	});
	t.deepEqual(one("wl: Unknown symbol x (err 0)") as unknown, { kind: "unknown symbol", module: "wl", symbol: "x" });
	t.deepEqual(one("b: exports duplicate symbol f (owned by kernel)") as unknown, {
		kind: "duplicate symbol",
		module: "b",
		symbol: "f",
		owner: "kernel",
	});
	t.deepEqual(one("b: gave up waiting for init of module a.") as unknown, {
		kind: "dependency is busy",
		module: "b",
		dependency: "a",
	});
});

test("signatures, lockdown and the kernel's own blacklist are told, with the module where the kernel names it", (t) => {
	t.deepEqual(
		one("wl: module verification failed: signature and/or required key missing - tainting kernel") as unknown,
		{ kind: "taints", module: "wl" },
	);
	t.deepEqual(one("wl: loading of unsigned module is rejected") as unknown, {
		kind: "signature",
		module: "wl",
		reason: "unsigned module",
	});
	for (const reason of ["unsigned module", "module with unavailable key", "module with unsupported crypto"])
		t.deepEqual(one(`Loading of ${reason} is rejected`) as unknown, { kind: "signature", reason });
	t.deepEqual(
		one("Lockdown: (udev-worker): unsigned module loading is restricted; see man kernel_lockdown.7") as unknown,
		{
			kind: "lockdown",
			program: "(udev-worker)",
			reason: "unsigned module loading",
		},
	);
	t.is(one("Lockdown: swapper/0: hibernation is restricted; see man kernel_lockdown.7"), undefined);
	for (const text of ["Module wl is blacklisted", "module: Module wl is blacklisted"])
		t.deepEqual(one(text) as unknown, { kind: "module_blacklist", module: "wl" });
});

test("a probe that failed is told by the words of older and of newer kernels", (t) => {
	const failed = { kind: "probe", driver: "Serial driver", device: "4aa00000.memory", errno: 110 };
	t.deepEqual(one("Serial driver: probe of 4aa00000.memory failed with error -110") as unknown, failed);
	t.deepEqual(
		one("Serial driver 4aa00000.memory: probe with driver Serial driver failed with error -110") as unknown,
		failed,
	);
	t.is(one("probe of 2b300050.target-module returned 517 after 258 usecs"), undefined);
});

test("a probe that is put off is told with the reason that the kernel gives", (t) => {
	const deferred = { kind: "deferred", driver: "platform", device: "79b0000.nand" };
	t.deepEqual(one("platform 79b0000.nand: deferred probe pending") as unknown, deferred);
	t.deepEqual(one("platform 79b0000.nand: deferred probe pending: (reason unknown)") as unknown, deferred);
	t.deepEqual(one("platform 79b0000.nand: deferred probe pending: platform: supplier clock not ready") as unknown, {
		...deferred,
		reason: "platform: supplier clock not ready",
	});
});

test("what a device says of itself is not taken for the kernel's words", (t) => {
	for (const text of [
		"usb 1-1: Product: wl: unknown parameter 'x' ignored",
		"usb 1-1: Product: iwlwifi 0: Direct firmware load for x failed with error -2",
		"usb 1-1: Manufacturer: x\nwl: Unknown symbol y (err -2)",
		"usb 1-1: SerialNumber: Module wl is blacklisted",
		"usb 1-1: Product: Loading of unsigned module is rejected",
		"systemd[1]: wl: version magic",
	])
		t.is(one(text), undefined, text);
});

test("words from outside keep their bytes, and are bounded", (t) => {
	t.like(one("loop: unknown parameter '\x1b[2J\nfoo\xff' ignored"), { parameter: "\x1b[2J\nfoo\xff" });
	const [long] = findings(`loop: unknown parameter '${"x".repeat(1500)}' ignored`);
	t.like(long, { kind: "unknown parameter", parameter: "x".repeat(300) });
	t.is(long?.text.length, 300);
	t.deepEqual(findings(`loop: unknown parameter '${"x".repeat(5000)}' ignored`), []);
});

test("the same words again are told once, by the newest time, and in order", (t) => {
	const told = findings(
		"loop: unknown parameter 'a' ignored",
		"loop: unknown parameter 'b' ignored",
		"nothing of interest",
		"loop: unknown parameter 'a' ignored",
	);
	t.deepEqual(
		told.map(({ seconds, text }) => [seconds, text]),
		[
			[3, "loop: unknown parameter 'b' ignored"],
			[6, "loop: unknown parameter 'a' ignored"],
		],
	);
});

test("of very many findings the newest are kept", (t) => {
	const texts = Array.from({ length: MOST_FINDINGS + 5 }, (_, n) => `m${n}: Unknown symbol s (err -2)`);
	const told = findings(...texts);
	t.is(told.length, MOST_FINDINGS);
	t.is(told[0]?.module, "m5");
	t.is(told.at(-1)?.module, `m${MOST_FINDINGS + 4}`);
});

test("a hostile log takes no longer than a plain one", (t) => {
	const texts = ["' invalid for parameter `", " failed with error -", ": ", "Direct firmware load for ", " "].map(
		(part) => `x: ${part.repeat(3000)}`.slice(0, 4000),
	);
	const begun = performance.now();
	for (let n = 0; n < 200; n++) findings(...texts);
	const milliseconds = performance.now() - begun;
	t.log(`${milliseconds.toFixed(0)} ms for ${200 * texts.length} records`);
	t.true(milliseconds < 5000);
});
