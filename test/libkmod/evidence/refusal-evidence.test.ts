import test from "ava";
import { type Evidence, explainEvidence } from "../../../src/libkmod/evidence/evidence.js";
import { watchKernelState } from "../../../src/libkmod/evidence/kernel-state.js";
import { findEvidence } from "../../../src/libkmod/evidence/refusal-evidence.js";
import { makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { elfImage, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { pkcs7, signedModule } from "../../support/worlds/signed-module.js";

const path = "/lib/modules/6.0.0/my-mod.ko";
const plain = elfImage({
	modinfo: ["vermagic=5.10.0 SMP mod_unload", "parmtype=debug:int"],
	symbols: [undefinedSymbol("known"), undefinedSymbol("weak", 2), undefinedSymbol("unheard_of")],
	versions: { known: 1 },
});
const native = elfImage({ modinfo: ["vermagic=6.0.0 SMP"], symbols: [undefinedSymbol("known")] });
const signed = signedModule(pkcs7({ issuer: [["commonName", "Somebody"]] }));

type Given = {
	readonly files?: Readonly<Record<string, string>>;
	readonly image?: Buffer;
	readonly parameters?: string;
	readonly operation?: string;
	readonly reason?: string;
};

function find(code: string, { files = {}, image = plain, parameters, operation = "insert", reason }: Given = {}) {
	const all = new Map(Object.entries({ [path]: image, ...files }).map(([name, it]) => [name, Buffer.from(it)]));
	const refused = { module: "my_mod", path, parameters };
	return findEvidence(makeFakeKernel({ files: all }), refused, { operation, code, reason });
}

const free = { "/proc/self/status": "CapEff:\t000001ffffffffff\n" };
const bound = { "/proc/self/status": "CapEff:\t0000000000000000\n" };
const named = { "/proc/cmdline": "quiet module_blacklist=other,my_mod\n" };
const disabled = { "/proc/sys/kernel/modules_disabled": "1\n" };
const locked = { "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n" };
const enforced = { "/sys/module/module/parameters/sig_enforce": "Y\n" };
const lockdown = { kind: "lockdown", mode: "integrity" } as const;

const cases: readonly (readonly [title: string, code: string, Given, Evidence | undefined])[] = [
	["the command line names the module", "EPERM", { files: { ...free, ...named } }, { kind: "module_blacklist" }],
	["the kernel takes no module", "EPERM", { files: { ...free, ...disabled } }, { kind: "modules disabled" }],
	["the process may insert none", "EPERM", { files: bound }, { kind: "no capability" }],
	["the kernel is locked down", "EPERM", { files: { ...free, ...locked } }, { ...lockdown, isSigned: false }],
	[
		"... before a signed file",
		"EPERM",
		{ files: { ...free, ...locked }, image: signed },
		{ ...lockdown, isSigned: true },
	],
	["... before rubbish", "EPERM", { files: locked, image: Buffer.from("x") }, { ...lockdown, isSigned: undefined }],
	["nothing forbids it", "EPERM", { files: free }, undefined],
	[
		"modules_disabled comes first",
		"EPERM",
		{ files: { ...bound, ...named, ...disabled } },
		{ kind: "modules disabled" },
	],
	[
		"the want of the right comes before the name",
		"EPERM",
		{ files: { ...bound, ...named } },
		{ kind: "no capability" },
	],
	[
		"the module is another kernel's",
		"ENOEXEC",
		{},
		{
			...{ kind: "other kernel", vermagic: "5.10.0 SMP mod_unload", builtFor: "5.10.0", running: "6.0.0" },
			hasVersions: true,
		},
	],
	["the module is this kernel's", "ENOEXEC", { image: native }, undefined],
	["the file is no module", "ENOEXEC", { image: Buffer.from("no module") }, undefined],
	[
		"a symbol is unknown",
		"ENOENT",
		{ files: { "/proc/kallsyms": "0000000000000000 T known\n" } },
		{ kind: "unknown symbol", symbol: "unheard_of" },
	],
	[
		"of several symbols one is unknown, and the table has data",
		"ENOENT",
		{ files: { "/proc/kallsyms": "0 D jiffies\n" } },
		{ kind: "unknown symbol", symbol: "known" },
	],
	["several are missing in a table of functions", "ENOENT", { files: { "/proc/kallsyms": "0 T printk\n" } }, undefined],
	["all symbols are known", "ENOENT", { files: { "/proc/kallsyms": "0 T known\n0 T unheard_of\n" } }, undefined],
	["the kernel shows no symbols", "ENOENT", {}, undefined],
	["the file is not signed", "EKEYREJECTED", {}, { kind: "unsigned", isEnforced: false }],
	["... and must be", "EKEYREJECTED", { files: enforced }, { kind: "unsigned", isEnforced: true }],
	[
		"the signer is not trusted",
		"ENOKEY",
		{ image: signed },
		{ kind: "untrusted signature", signer: "Somebody", isEnforced: false },
	],
	[
		"the signer is not named",
		"EKEYREJECTED",
		{ image: signedModule(pkcs7({ keyId: "01" })), files: enforced },
		{ kind: "untrusted signature", signer: undefined, isEnforced: true },
	],
	[
		"the trailer names more bytes than there are",
		"EBADMSG",
		{ image: signedModule(Buffer.from("x"), { length: 10 ** 6 }) },
		{ kind: "damaged signature" },
	],
	["the signature is no message", "EBADMSG", { image: signedModule(Buffer.from("x")) }, { kind: "damaged signature" }],
	["the signature looks whole", "EBADMSG", { image: signed }, undefined],
	["the file has no signature that could be damaged", "EBADMSG", {}, undefined],
	[
		"a value is of the wrong type",
		"EINVAL",
		{ parameters: "debug=yes x=1" },
		{ kind: "parameters", invalid: [{ name: "debug", type: "int", value: "yes" }], unknown: ["x"] },
	],
	[
		"a value is too large",
		"ERANGE",
		{ parameters: "debug=4294967296" },
		{ kind: "parameters", invalid: [{ name: "debug", type: "int", value: "4294967296" }], unknown: [] },
	],
	["the parameters are right", "EINVAL", { parameters: "debug=1" }, undefined],
	["the parameters are not known", "EINVAL", {}, undefined],
	["the init found no hardware", "ENODEV", {}, { kind: "no hardware" }],
	["the init found no address", "ENXIO", {}, { kind: "no hardware" }],
	["the init failed", "ETIMEDOUT", {}, { kind: "init failed" }],
	["the errno may be the disk's", "EIO", { image: Buffer.from("cannot be read") }, undefined],
	["the errno may be the loader's", "ENOMEM", {}, undefined],
	["another operation was refused", "EPERM", { operation: "open", files: bound }, undefined],
	["the refusal has its own reason", "EPERM", { reason: "it is a directory", files: bound }, undefined],
];

for (const [title, code, given, expected] of cases)
	test(`${code}: ${title}`, async (t) => {
		t.deepEqual(await find(code, given), expected);
		if (expected !== undefined) t.true(explainEvidence(expected).length > 0);
	});

test("a file that is gone leaves the errno alone", async (t) => {
	const kernel = makeFakeKernel();
	for (const code of ["EKEYREJECTED", "ENOEXEC", "ENOENT", "EBADMSG", "EINVAL", "ETIMEDOUT"])
		t.is(
			await findEvidence(
				kernel,
				{ module: "a", path, parameters: "x" },
				{ operation: "insert", code, reason: undefined },
			),
			undefined,
		);
});

test("evidence holds no more of a module file than some characters", async (t) => {
	const long = "x".repeat(100_000);
	const image = elfImage({ modinfo: [`vermagic=${long} SMP`], symbols: [undefinedSymbol(long)] });
	const files = { "/proc/kallsyms": "0 T known\n" };
	const signature = signedModule(pkcs7({ issuer: [["commonName", "Somebody".repeat(10_000)]] }));
	for (const evidence of [
		await find("ENOEXEC", { image }),
		await find("ENOENT", { image, files }),
		await find("EKEYREJECTED", { image: signature }),
	]) {
		t.not(evidence, undefined);
		t.true(JSON.stringify(evidence).length < 2500);
	}
});

test("an unexpected error is thrown", async (t) => {
	const kernel = { ...makeFakeKernel(), readModule: () => Promise.reject(new TypeError("a fault")) };
	const refusal = { operation: "insert", code: "ENOKEY", reason: undefined };
	await t.throwsAsync(findEvidence(kernel, { module: "a", path }, refusal), { instanceOf: TypeError });
});

test("what the kernel shows is read once for many refusals", async (t) => {
	const read: string[] = [];
	const files = new Map([
		[path, plain],
		["/proc/kallsyms", Buffer.from("0 T known\n")],
	]);
	const kernel = makeFakeKernel({ files });
	const state = watchKernelState({
		read(name) {
			read.push(name);
			return kernel.read(name);
		},
	});
	const refusal = { operation: "insert", code: "ENOENT", reason: undefined };
	for (let time = 0; time < 100; time++)
		t.like(await findEvidence(kernel, { module: "my_mod", path }, refusal, state), { symbol: "unheard_of" });
	t.deepEqual(read, ["/proc/kallsyms"]);
});
