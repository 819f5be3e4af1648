// Lines of modprobe.d that look effective but are ignored, as kmod ignores them, since existing configurations rely on that:
// the `install` command of a module that has softdeps, and every softdep line of a module after its first.
import { MalformedIndex } from "../formats/index-file.js";
import type { Problem } from "../kernel/kernel.js";
import type { Knowledge } from "./knowledge.js";
import { lookUp } from "./lookup.js";

/** The ignored lines about one module. */
export function unheededLines(knowledge: Knowledge, module: string): Problem[] {
	if (knowledge.honourEveryLine) return [];
	const [first] = knowledge.softdeps(module);
	if (first === undefined) return [];
	const install = knowledge.installCommand(module);
	const ofInstall = install !== undefined && hasAny(knowledge, [...first.pre, ...first.post]) ? [install.source] : [];
	const { file, line } = first.source;
	return [
		...ofInstall.map((source) => problem(source, `install command does not count, since ${module} has softdeps`)),
		...knowledge
			.unheededSoftdeps(module)
			.filter(({ source }) => !isDepmods(source.file))
			.map(({ source }) => problem(source, `softdep does not count, since ${module} has one in ${file} line ${line}`)),
	];
}

/**
 * Whether a line comes from depmod's modules.softdep. Many modules bear several softdeps, and an administrator cannot change
 * them.
 */
function isDepmods(file: string): boolean {
	return file.endsWith("/modules.softdep");
}

/** Whether any of the aliases leads to a module. False when an index is damaged. */
function hasAny(knowledge: Knowledge, aliases: readonly string[]): boolean {
	try {
		return aliases.some((alias) => lookUp(knowledge, alias).length > 0);
	} catch (error) {
		if (error instanceof MalformedIndex) return false;
		throw error;
	}
}

/** The ignored lines about every module that a line names without wildcards. */
export function listUnheededLines(knowledge: Knowledge): Problem[] {
	const { install, softdeps } = knowledge.configuration;
	const names = new Set([...install, ...softdeps].map(({ pattern }) => pattern));
	return [...names].flatMap((name) => unheededLines(knowledge, name));
}

function problem(source: { readonly file: string; readonly line: number }, what: string): Problem {
	return { ...source, message: `this ${what}; honour_every_line makes it count` };
}
