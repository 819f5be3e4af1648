import test from "ava";
import { type Evidence, explainEvidence, keepsAllOut } from "../../../src/libkmod/evidence/evidence.js";

const other = { vermagic: "5.10.0 SMP", builtFor: "5.10.0", running: "6.0.0", hasVersions: false } as const;
const sentences: readonly (readonly [Evidence, string])[] = [
	[{ kind: "modules disabled" }, "kernel.modules_disabled is set: until the next boot the kernel takes no module"],
	[{ kind: "no capability" }, "CAP_SYS_MODULE is missing: only root inserts modules"],
	[{ kind: "module_blacklist" }, "module_blacklist= on the kernel command line names it"],
	[
		{ kind: "lockdown", mode: "integrity", isSigned: false },
		"the kernel is locked down (integrity), and takes only modules signed by a key that it trusts",
	],
	[{ kind: "other kernel", ...other }, "it was built for the kernel 5.10.0, and the running kernel is 6.0.0"],
	[
		{ kind: "unknown symbol", symbol: "nobodys" },
		"it needs the symbol nobodys, which neither the kernel nor a module in it has",
	],
	[
		{ kind: "unsigned", isEnforced: false },
		"it is not signed, and the kernel takes only modules signed by a key that it trusts",
	],
	[
		{ kind: "unsigned", isEnforced: true },
		"it is not signed, and the kernel takes only modules signed by a key that it trusts (sig_enforce is set)",
	],
	[
		{ kind: "untrusted signature", signer: "Me", isEnforced: false },
		"its signature is by 'Me', whose key the kernel does not trust, or its file was changed since",
	],
	[
		{ kind: "untrusted signature", signer: undefined, isEnforced: true },
		"its signature is by a key that the kernel does not trust, or its file was changed since (sig_enforce is set)",
	],
	[
		{ kind: "damaged signature" },
		"its signature is damaged: it is no message in PKCS#7, or the lengths in its trailer do not fit the file",
	],
	[
		{ kind: "parameters", invalid: [{ name: "debug", type: "int", value: "yes" }], unknown: ["x"] },
		"its parameter debug is of the type int, and 'yes' is no such value",
	],
	[
		{ kind: "parameters", invalid: [{ name: "debug", type: "int", value: undefined }], unknown: [] },
		"its parameter debug needs a value (int)",
	],
	[
		{ kind: "parameters", invalid: [], unknown: ["x", "y"] },
		"the kernel took a parameter or the file's format for invalid, and the module has no parameter 'x', 'y'; see dmesg",
	],
	[{ kind: "no hardware" }, "its driver found no hardware of its own"],
	[{ kind: "init failed" }, "its own init failed; see dmesg"],
	[{ kind: "no file", path: "/a.ko" }, "/a.ko is gone; run depmod"],
];

for (const [evidence, sentence] of sentences)
	test(`${evidence.kind} is told: ${sentence}`, (t) => t.is(explainEvidence(evidence), sentence));

test("a parameter that fills a page is shortened", (t) => {
	const value = "x".repeat(4096);
	t.true(
		explainEvidence({ kind: "parameters", invalid: [{ name: value, type: "int", value }], unknown: [] }).length < 400,
	);
});

test("what a hostile module says of itself is shortened, and of many parameters a few are named", (t) => {
	const text = "x".repeat(100_000);
	const names = Array.from({ length: 1000 }, (_, number) => `p${number}`);
	const long: readonly Evidence[] = [
		{ kind: "other kernel", ...other, builtFor: text },
		{ kind: "unknown symbol", symbol: text },
		{ kind: "untrusted signature", signer: text, isEnforced: true },
		{ kind: "parameters", invalid: [{ name: "a", type: text, value: undefined }], unknown: [] },
		{ kind: "parameters", invalid: names.map((name) => ({ name, type: text, value: text })), unknown: [] },
		{ kind: "parameters", invalid: [], unknown: names },
	];
	for (const evidence of long) t.true(explainEvidence(evidence).length < 1500, evidence.kind);
});

test("want of a right, and modules_disabled, keep every module out, and nothing else does", (t) => {
	const all = new Set(sentences.filter(([evidence]) => keepsAllOut(evidence)).map(([{ kind }]) => kind));
	t.deepEqual([...all], ["modules disabled", "no capability"]);
});
