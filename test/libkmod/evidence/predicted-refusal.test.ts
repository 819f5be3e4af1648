import test from "ava";
import type { Evidence } from "../../../src/libkmod/evidence/evidence.js";
import { predictRefusal } from "../../../src/libkmod/evidence/predicted-refusal.js";
import { makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { elfImage } from "../../support/worlds/elf-image.js";
import { pkcs7, signedModule } from "../../support/worlds/signed-module.js";

const path = "/lib/modules/6.0.0/my-mod.ko";
const native = elfImage({ modinfo: ["vermagic=6.0.0 SMP"] });
const foreign = elfImage({ modinfo: ["vermagic=5.10.0 SMP"] });
const signed = signedModule(pkcs7({}));

const locked = { "/sys/kernel/security/lockdown": "none integrity [confidentiality]\n" };
const enforced = { "/sys/module/module/parameters/sig_enforce": "Y\n" };
const named = { "/proc/cmdline": "module_blacklist=my_mod\n" };
const disabled = { "/proc/sys/kernel/modules_disabled": "1\n" };
const lockdown = { kind: "lockdown", mode: "confidentiality", isSigned: false } as const;
const other: Evidence = {
	kind: "other kernel",
	...{ vermagic: "5.10.0 SMP", builtFor: "5.10.0", running: "6.0.0", hasVersions: false },
};

type Row = readonly [title: string, Buffer | undefined, Readonly<Record<string, string>>, Evidence | undefined];
const rows: readonly Row[] = [
	["nothing speaks against it", native, {}, undefined],
	["the file is missing", undefined, disabled, { kind: "no file", path }],
	["the kernel takes no module", native, disabled, { kind: "modules disabled" }],
	["it is not signed, and must be", native, enforced, { kind: "unsigned", isEnforced: true }],
	["it is not signed, and the kernel is locked down", native, locked, lockdown],
	["it is signed, and must be", signed, { ...enforced, ...locked }, undefined],
	["the command line names it", native, named, { kind: "module_blacklist" }],
	["it is another kernel's", foreign, {}, other],
	["the signature counts before the name", native, { ...enforced, ...named }, { kind: "unsigned", isEnforced: true }],
	["the name counts before the version", foreign, named, { kind: "module_blacklist" }],
	["it is no module", Buffer.from("no module"), { ...enforced, ...locked }, undefined],
	["it is no module, and named", Buffer.from("no module"), named, { kind: "module_blacklist" }],
	["this process has no rights", native, { "/proc/self/status": "CapEff:\t0000000000000000\n" }, undefined],
];

for (const [title, image, files, expected] of rows)
	test(`predicted where ${title}: ${expected?.kind ?? "no refusal"}`, async (t) => {
		const all = new Map<string, Buffer>(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]));
		if (image !== undefined) all.set(path, image);
		t.deepEqual(await predictRefusal(makeFakeKernel({ files: all }), { module: "my_mod", path }), expected);
	});
