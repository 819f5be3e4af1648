// Explanations that modprobe prints beyond kmod's messages: why nothing was inserted when kmod is silent, and what the kernel
// means by an errno.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { MalformedModule } from "../../libkmod/formats/elf.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { parseKernelCommandLine } from "../../libkmod/formats/kernel-command-line.js";
import { formatSource } from "../../libkmod/formats/modprobe-config.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { NoModuleFile } from "../../libkmod/kmod/failures.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Module } from "../../libkmod/kmod/module.js";
import type { Probed } from "../../libkmod/kmod/probe.js";
import { explainFailure } from "../../libkmod/text/explain-refusal.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";

export function explainLeftOut(kmod: Kmod, { name }: Module, { steps, ignored, blacklisted }: Probed): string[] {
	const reasons = blacklisted.map(
		({ module, source }) => `${module} is not inserted: ${formatSource(source)} blacklists it`,
	);
	if (steps.length === 0 && blacklisted.length === 0)
		reasons.push(kmod.isBuiltin(name) ? `${name} is built into the kernel` : `${name} is in the kernel already`);
	for (const { step, reason } of ignored)
		reasons.push(`${step.module}, which only a softdep asks for, is not inserted: ${explainFailure(reason)}`);
	for (const step of steps)
		if (step.how === "missing")
			reasons.push(`modules.dep has no file for ${step.module}: run depmod if the file exists`);
	return reasons;
}

/**
 * Explains the kernel's refusal in one sentence. The sentence names the module, which may be a dependency of the requested one.
 * Undefined when kmod's own message is clear enough.
 */
export async function explainAnswer(kernel: Kernel, kmod: Kmod, refusal: Refusal): Promise<string | undefined> {
	const { operation, subject, code, reason } = refusal;
	if (reason !== undefined) return undefined;
	if (operation === "insert" && !explained.has(code)) return undefined;
	const module = normaliseModuleName(subject);
	const find = operation === "insert" ? evidence[code] : undefined;
	const found = await find?.(kernel, kmod, { name: module, path: subject }).catch(findNothing);
	return `${module}: ${found === undefined ? explainFailure(refusal) : `${found} (${code})`}`;
}

/** Stands in for evidence that cannot be read: the explanation then rests on the errno alone. Rethrows unexpected errors. */
function findNothing(error: unknown): undefined {
	if (![Refusal, MalformedModule, MalformedIndex, NoModuleFile].some((kind) => error instanceof kind)) throw error;
}

/** Errnos of finit_module(2) that mean more than their text from strerror(3) says. */
const explained: ReadonlySet<string> = new Set([
	...["EPERM", "ENOENT", "ESRCH", "ENOEXEC", "EINVAL", "EBUSY", "ENODEV", "ENXIO", "ENOSYS"],
	...["EKEYREJECTED", "ENOKEY", "EBADMSG"],
]);

type Find = (kernel: Kernel, kmod: Kmod, module: Module) => Promise<string | undefined>;

/** For each errno, a function that looks for evidence of its cause in the kernel's files and in the module file. */
const evidence: Readonly<Record<string, Find>> = {
	EPERM: async (kernel, _kmod, { name }) => findProhibition(kernel, name),
	ENOEXEC: findOtherKernel,
	ENOENT: findUnknownSymbol,
	EKEYREJECTED: findSigner,
	ENOKEY: findSigner,
	ENODEV: async () => NO_HARDWARE,
	ENXIO: async () => NO_HARDWARE,
};

const NO_HARDWARE = "its driver found no hardware of its own";

const CAP_SYS_MODULE = 16n;

function findProhibition(kernel: Kernel, module: string): string | undefined {
	const read = (path: string): string => attributeText(kernel.read(path) ?? Buffer.alloc(0));
	const { kernelBlacklist } = parseKernelCommandLine(read("/proc/cmdline"));
	if (kernelBlacklist.includes(module)) return "module_blacklist= on the kernel command line names it";
	if (read("/proc/sys/kernel/modules_disabled").trim() === "1")
		return "kernel.modules_disabled is set: until the next boot the kernel takes no module";
	const [, capabilities] = /^CapEff:\s*([0-9a-f]+)$/m.exec(read("/proc/self/status")) ?? [];
	if (capabilities !== undefined && ((BigInt(`0x${capabilities}`) >> CAP_SYS_MODULE) & 1n) === 0n)
		return "CAP_SYS_MODULE is missing: only root inserts modules";
	const [, lockdown] = /\[(\w+)\]/.exec(read("/sys/kernel/security/lockdown")) ?? [];
	if (lockdown !== undefined && lockdown !== "none")
		return `the kernel is locked down (${lockdown}), and takes only modules signed by a key that it trusts`;
	return undefined;
}

async function findOtherKernel(kernel: Kernel, kmod: Kmod, module: Module): Promise<string | undefined> {
	const vermagic = (await kmod.info(module)).find(({ key }) => key === "vermagic")?.value;
	const [release] = vermagic?.split(" ") ?? [];
	if (release === undefined || release === kernel.release) return undefined;
	return `it was built for the kernel ${release}, and the running kernel is ${kernel.release}`;
}

async function findUnknownSymbol(kernel: Kernel, kmod: Kmod, module: Module): Promise<string | undefined> {
	const table = kernel.read("/proc/kallsyms", bounds.symbols)?.toString("latin1");
	if (table === undefined) return undefined;
	const known = new Set(Array.from(table.matchAll(/^[^ \t\n]+ . ([^ \t\n]+)/gm), ([, name]) => name));
	const needed = (await kmod.dependencySymbols(module)).filter(({ bind }) => bind === "U");
	const unknown = needed.find(({ name }) => !known.has(name));
	return unknown && `it needs the symbol ${unknown.name}, which neither the kernel nor a module in it has`;
}

async function findSigner(_kernel: Kernel, kmod: Kmod, module: Module): Promise<string | undefined> {
	const info = await kmod.info(module);
	const find = (key: string) => info.find((entry) => entry.key === key)?.value;
	if (find("sig_id") === undefined)
		return "it is not signed, and the kernel takes only modules signed by a key that it trusts";
	const signer = find("signer");
	const whose = signer ? `'${signer}', whose key the kernel does not trust` : "a key that the kernel does not trust";
	return `its signature is by ${whose}, or its file was changed since`;
}
