import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { explainAnswer } from "../../../src/tools/modprobe/explain.js";
import { makeFakeKernel } from "../../support/fakes/fake-kernel.js";
import { elfImage, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { packageModules } from "../../support/worlds/module-files.js";
import { worldFiles } from "../../support/worlds/world.js";

const path = "/lib/modules/6.0.0/kernel/my-mod.ko";
const image = elfImage({
	modinfo: ["vermagic=5.10.0 SMP mod_unload", "name=my_mod"],
	symbols: [undefinedSymbol("known"), undefinedSymbol("weak", 2), undefinedSymbol("unheard_of")],
});

async function explain(code: string, files: Readonly<Record<string, string>>, content = image, operation = "insert") {
	const world = worldFiles({ modules: { "my-mod": [] } });
	for (const [name, text] of Object.entries(files)) world.set(name, Buffer.from(text));
	const kernel = { ...makeFakeKernel({ files: world }), readModule: async () => content };
	return explainAnswer(kernel, new Refusal({ operation, subject: path, code, errno: 1 }));
}

const explained = test.macro({
	async exec(t, code: string, expected: string, files: Readonly<Record<string, string>> = {}, content: Buffer = image) {
		t.is(await explain(code, files, content), `my_mod: ${expected} (${code})`);
	},
	title: (_, code, expected) => `${code}: ${expected}`,
});

const privileged = { "/proc/self/status": "Name:\tnode\nCapEff:\t000001ffffffffff\n" };
test(explained, "EPERM", "module_blacklist= on the kernel command line names it", {
	"/proc/cmdline": "quiet module_blacklist=other,my_mod",
});
test(explained, "EPERM", "kernel.modules_disabled is set: until the next boot the kernel takes no module", {
	...privileged,
	"/proc/sys/kernel/modules_disabled": "1\n",
});
test(explained, "EPERM", "CAP_SYS_MODULE is missing: only root inserts modules", {
	"/proc/self/status": "Name:\tnode\nCapEff:\t0000000000000000\n",
});
test(
	explained,
	"EPERM",
	"the kernel is locked down (integrity), and takes only modules signed by a key that it trusts",
	{ ...privileged, "/sys/kernel/security/lockdown": "none [integrity] confidentiality\n" },
);
test(
	explained,
	"EPERM",
	"not permitted: CAP_SYS_MODULE is missing, kernel.modules_disabled is set, the kernel is locked down, or module_blacklist= names it",
	{ ...privileged, "/sys/kernel/security/lockdown": "[none] integrity confidentiality\n" },
);
test(explained, "ENOEXEC", "it was built for the kernel 5.10.0, and the running kernel is 6.0.0");
test(
	explained,
	"ENOEXEC",
	"its file is not a module for this kernel (vermagic, or damaged); see dmesg",
	{},
	Buffer.from("no module"),
);
test(explained, "ENOENT", "it needs the symbol unheard_of, which neither the kernel nor a module in it has", {
	"/proc/kallsyms": "0000000000000000 T known\n0000000000000000 r __ksymtab_known\n",
});
test(explained, "ENOENT", "it needs a symbol that no live module has; see dmesg, and run depmod");
test(explained, "ENOKEY", "it is not signed, and the kernel takes only modules signed by a key that it trusts");
test(explained, "ENODEV", "its driver found no hardware of its own");

test("a signature is told by its signer", async (t) => {
	const { directory, paths } = await packageModules();
	const said = await explain("EKEYREJECTED", {}, readFileSync(join(directory, paths[0]!)));
	t.regex(said ?? "", /^my_mod: its signature is by '[^']+', whose key the kernel does not trust, or /);
});

test("what speaks for itself is not explained", async (t) => {
	t.is(await explain("ENOMEM", {}), undefined);
	t.is(await explain("EIO", {}), undefined);
});

test("a file that cannot be read is told by its path", async (t) => {
	t.is(await explain("ENOENT", {}, image, "open"), `my_mod: ${path} is gone; run depmod (ENOENT)`);
});
