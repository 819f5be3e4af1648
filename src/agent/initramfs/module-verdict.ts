// Whether an initramfs has a module, so that it can be loaded there: its file, the files of all modules that it needs, an entry in
// the indexes, and no line that keeps it out. Pure.

import { lookUp } from "../../libkmod/knowledge/lookup.js";
import { byAlias } from "../../libkmod/planning/step.js";
import { normaliseName } from "../../libkmod/text/module-name.js";
import type { MissingCause, NeedVerdict } from "./boot-need.js";
import type { BootSide } from "./boot-side.js";
import type { ImageKernel } from "./image-kernel.js";

/** A machine and the image that is to boot it. */
export type Judging = {
	readonly machine: BootSide;
	readonly kernel: ImageKernel;
	/** Whether image and machine have the same kernel, so that what holds of one holds of the other. */
	readonly sameKernel: boolean;
};

/** How modules are wanted, any of which will do. */
export type Wanting = {
	/** The alias that leads to them: a line may blacklist a module for an alias. Undefined when they are wanted by name. */
	readonly alias?: string | undefined;
	/** Whether the machine uses what is wanted: then one of the modules is live there, or built in. */
	readonly inUse?: boolean;
};

/** Whether the kernel of the image has a module built in, as far as the indexes of image and machine tell. */
export function isBuiltIn({ machine, kernel, sameKernel }: Judging, module: string): boolean {
	if (kernel.knowledge.isBuiltin(module)) return true;
	return sameKernel && machine.knowledge?.isBuiltin(module) === true;
}

/** The verdict on one module. */
export function judgeInImage(judging: Judging, module: string, { alias, inUse }: Wanting = {}): NeedVerdict {
	if (isBuiltIn(judging, module) || (inUse === true && isNowhereLive(judging, [module]))) return { is: "built in" };
	const cause = whyMissing(judging, module, alias);
	if (cause !== undefined) return { is: "missing", module, ...cause };
	return { is: "in the image", module, path: judging.kernel.modules.get(module)! };
}

/** Whether none of the modules is live on a machine with the same kernel. What it uses must then be built in. */
function isNowhereLive({ machine: { live }, sameKernel }: Judging, modules: readonly string[]): boolean {
	return sameKernel && live !== undefined && !modules.some((module) => live.has(module));
}

function whyMissing(judging: Judging, module: string, alias: string | undefined): MissingCause | undefined {
	const { kernel } = judging;
	if (kernel.unfit !== undefined) return { cause: "other kernel", release: kernel.release ?? "" };
	const path = kernel.modules.get(module);
	const unfound = whyNoFile(judging, module);
	if (path === undefined || unfound !== undefined) return unfound;
	for (const of of dependenciesIn(judging, module)) {
		if (isBuiltIn(judging, of)) continue;
		const objection = whyNoFile(judging, of) ?? whyNoCommand(judging, of);
		if (objection !== undefined) return { ...objection, of };
	}
	// A module that the image loads by its name needs no alias.
	if (kernel.named.has(module)) return undefined;
	return whyNotByAlias(judging, module, path, alias) ?? whyNoCommand(judging, module);
}

/** A cause that may be one of a module that is needed, too. */
type CauseOfNeeded = MissingCause & { readonly of?: string } & {
	readonly cause: "no file" | "no index entry" | "install line";
};

/** The file has to be there, and the indexes have to lead to it. Those of the machine may name another place. */
function whyNoFile({ kernel }: Judging, module: string): CauseOfNeeded | undefined {
	const path = kernel.modules.get(module);
	if (path === undefined) return { cause: "no file" };
	if (kernel.indexes === "none") return undefined;
	const known = kernel.knowledge.file(module);
	const isFound = known !== undefined && (kernel.indexes === "machine" || kernel.isThere(known.path));
	return isFound ? undefined : { cause: "no index entry", path };
}

/** The modules that a module needs: by the image's index, and by the machine's, since depmod knows only the files it has seen. */
export function dependenciesIn({ machine, kernel, sameKernel }: Judging, module: string): readonly string[] {
	const own = kernel.knowledge.file(module)?.dependencies ?? [];
	const machines = sameKernel ? (machine.knowledge?.file(module)?.dependencies ?? []) : [];
	return [...new Set([...machines, ...own])];
}

/** An alias has to lead to the module in the image too, if it does so on the machine, and no line may keep the module out. */
function whyNotByAlias(
	{ machine, kernel }: Judging,
	module: string,
	path: string,
	alias: string | undefined,
): MissingCause | undefined {
	if (alias === undefined || kernel.indexes === "none") return undefined;
	const found = lookUp(kernel.knowledge, alias).filter((one) => one.module === module);
	const source = kernel.knowledge.blacklisted(module);
	// Where the machine's own indexes do not lead from this alias to the module either, another device's alias does.
	const leads = machine.knowledge && lookUp(machine.knowledge, alias).some((one) => one.module === module);
	if (found.length === 0) return leads ? { cause: "no index entry", path, alias } : undefined;
	return source !== undefined && found.every(byAlias) ? { cause: "blacklisted", source } : undefined;
}

/** Commands that load nothing. */
const LOADS_NOTHING = /^(?:\/(?:usr\/)?bin\/)?(?:true|false|:)(?:[ \t;].*)?$/;

function whyNoCommand({ kernel }: Judging, module: string): CauseOfNeeded | undefined {
	const line = kernel.knowledge.installCommand(module);
	// kmod ignores the command of a module that has softdeps.
	if (line === undefined || kernel.knowledge.softdeps(module).length > 0) return undefined;
	return LOADS_NOTHING.test(line.command) ? { cause: "install line", source: line.source } : undefined;
}

/**
 * The verdict on an alias or a name that the kernel itself asks for, such as fs-ext4: any of the modules that it leads to, on the
 * machine or in the image, will do. Those that are live on the machine come first.
 * @returns undefined when nothing is known to answer to it
 */
export function judgeAlias(judging: Judging, alias: string, inUse = false): NeedVerdict | undefined {
	const { machine, kernel, sameKernel } = judging;
	const onMachine = machine.knowledge === undefined ? [] : lookUp(machine.knowledge, alias);
	// What is built into the machine's kernel need not be built into another.
	const counting = sameKernel ? onMachine : onMachine.filter(({ module }) => machine.knowledge?.file(module));
	const modules = [...counting, ...lookUp(kernel.knowledge, alias)].map(({ module }) => module);
	const [live, others] = [
		modules.filter((one) => machine.live?.has(one)),
		modules.filter((one) => !machine.live?.has(one)),
	];
	return judgeAny(judging, [...new Set([...live, ...others])], { alias, inUse });
}

/** The best verdict on modules any of which will do: the first that can be loaded, or else why the first cannot. */
export function judgeAny(judging: Judging, modules: readonly string[], wanting: Wanting = {}): NeedVerdict | undefined {
	if (modules.length === 0) return undefined;
	if (wanting.inUse === true && isNowhereLive(judging, modules)) return { is: "built in" };
	const verdicts = modules.map((module) => judgeInImage(judging, module, { alias: wanting.alias }));
	return verdicts.find(({ is }) => is !== "missing") ?? verdicts[0];
}

/** The verdict on a name by which the kernel asks for a module, or for an alias of that name. */
export const judgeName = (judging: Judging, name: string, inUse = false): NeedVerdict =>
	judgeAlias(judging, name, inUse) ?? judgeInImage(judging, normaliseName(name), { inUse });
