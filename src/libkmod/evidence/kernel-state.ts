// What a kernel shows of its rules for modules, each fact read once, when it is first asked for. The caller decides how long one
// state serves: some facts change at run time.

import { attributeText, attributeWord } from "../formats/attribute.js";
import { parseKernelCommandLine } from "../formats/kernel-command-line.js";
import { type Bound, bounds } from "../kernel/bounds.js";
import type { Files } from "../kernel/kernel.js";
import { once } from "../kernel/once.js";
import { ifReadable } from "../kernel/presence.js";

/** A fact that cannot be read is false, empty or undefined. */
export type KernelState = {
	/** The names of `module_blacklist=` in /proc/cmdline. */
	kernelBlacklist(): readonly string[];
	/** /proc/sys/kernel/modules_disabled. */
	modulesDisabled(): boolean;
	/** Whether /proc/self/status shows that this process has no CAP_SYS_MODULE. */
	lacksCapability(): boolean;
	/** The mode in /sys/kernel/security/lockdown: integrity or confidentiality. Undefined when the kernel is not locked down. */
	lockdown(): string | undefined;
	/** /sys/module/module/parameters/sig_enforce. */
	enforcesSignatures(): boolean;
	/** The names in /proc/kallsyms. `hasData`: data too, and not functions alone, as without CONFIG_KALLSYMS_ALL. */
	symbols(): { readonly names: ReadonlySet<string>; readonly hasData: boolean } | undefined;
};

const CAP_SYS_MODULE = 16n;

export function watchKernelState(files: Pick<Files, "read">): KernelState {
	const bytesOf = (path: string, bound?: Bound): Buffer => ifReadable(() => files.read(path, bound)) ?? Buffer.alloc(0);
	const text = (path: string): string => attributeText(bytesOf(path));
	const word = (path: string): string => attributeWord(bytesOf(path));
	return {
		kernelBlacklist: once(() => parseKernelCommandLine(text("/proc/cmdline")).kernelBlacklist),
		modulesDisabled: once(() => word("/proc/sys/kernel/modules_disabled") === "1"),
		lacksCapability: once(() => {
			const [, capabilities] = /^CapEff:\s*([0-9a-f]+)$/m.exec(text("/proc/self/status")) ?? [];
			return capabilities !== undefined && ((BigInt(`0x${capabilities}`) >> CAP_SYS_MODULE) & 1n) === 0n;
		}),
		lockdown: once(() => {
			const [, mode] = /\[(\w+)\]/.exec(text("/sys/kernel/security/lockdown")) ?? [];
			return mode === "none" ? undefined : mode;
		}),
		enforcesSignatures: once(() => word("/sys/module/module/parameters/sig_enforce") === "Y"),
		symbols: once(() => {
			const table = bytesOf("/proc/kallsyms", bounds.symbols);
			if (table.length === 0) return undefined;
			const text = table.toString("latin1");
			return { names: namesIn(text), hasData: /^[^ \t\n]+ [bdr] /im.test(text) };
		}),
	};
}

/** The third column of nm(1)'s lines, as /proc/kallsyms has them. */
function namesIn(table: string): ReadonlySet<string> {
	return new Set(Array.from(table.matchAll(/^[^ \t\n]+ . ([^ \t\n]+)/gm), ([, name]) => name!));
}
