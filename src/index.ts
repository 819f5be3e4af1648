// The public library: a table of contents, and openKmod for the machine that this runs on. What lies beneath openKmod (openKmodOn,
// readKnowledge, planInsertion, makeInserter, a Kernel) has its strings in bytes, one character each: bytesOf and textOf convert them.
import { kmodInText, optionsInBytes } from "./kmod-in-text.js";
import { absolutePath } from "./libkmod/absolute-path.js";
import { type Kmod, type KmodOptions, openKmod as openKmodOn } from "./libkmod/kmod.js";
import { trimRoot } from "./libkmod/other-root.js";
import { openKernel } from "./linux/kernel.js";
import { withinRoot } from "./linux/root-directory.js";
import { workingDirectory } from "./linux/working-directory.js";

/**
 * Opens the kernel modules of this machine, or of another one whose root is a directory here: then nothing of this one is read
 * that the options do not name. Reads the configuration now and the indexes when they are first needed; loads nothing native
 * before the first insertion or removal, which this machine's kernel is asked for in either case.
 * @throws {Refusal} where \`root\` is empty, or no directory that can be listed
 *
 * Strings are text both ways: what is handed to files, kernel and shell is its UTF-8. A byte that is no UTF-8, in a name, a
 * parameter or a path, is a lone surrogate, U+DC80 to U+DCFF (Python's surrogateescape, PEP 383), and as such is the same byte again.
 */
export function openKmod(options: KmodOptions = {}): Kmod {
	const given = optionsInBytes(options);
	const kernel = openKernel(given.sysfs === undefined ? {} : { sysfs: given.sysfs });
	const root = absolutePath(trimRoot(given.root ?? ""), workingDirectory);
	return kmodInText(openKmodOn(root === "" ? kernel : withinRoot(root, kernel), { workingDirectory, ...given }));
}

export { bytesOf, textOf } from "./libkmod/byte-strings.js";
export { MalformedModule } from "./libkmod/formats/elf.js";
export { MalformedIndex } from "./libkmod/formats/index-file.js";
export type { ModinfoEntry } from "./libkmod/formats/modinfo.js";
export type { ModprobeConfig, Source } from "./libkmod/formats/modprobe-config.js";
export type { ModuleSymbol } from "./libkmod/formats/module-symbols.js";
export type { ModuleState } from "./libkmod/formats/proc-modules.js";
export { type IndexKind, MissingIndexes } from "./libkmod/indexes.js";
export { type Flight, type Inserter, makeInserter } from "./libkmod/inserter.js";
export {
	type Files,
	type InsertFlags,
	type Kernel,
	type ModuleFiles,
	type Problem,
	Refusal,
	type RemoveFlags,
} from "./libkmod/kernel.js";
export type { LogEntry } from "./libkmod/kmod/context.js";
export { AlreadyLoaded, CommandFailure, NoModuleFile, NoSuchModule, Unremovable } from "./libkmod/kmod/failures.js";
export type { Module, ModuleOrName } from "./libkmod/kmod/module.js";
export type { Blacklisted, Blacklisting, Probed, ProbeOptions } from "./libkmod/kmod/probe.js";
export type { Freshness } from "./libkmod/kmod/resources.js";
export type { RemovalStep, UnprobeOptions } from "./libkmod/kmod/unprobe.js";
export { type Kmod, type KmodOptions, openKmod as openKmodOn } from "./libkmod/kmod.js";
export { type Knowledge, readKnowledge } from "./libkmod/knowledge.js";
export type { Section } from "./libkmod/live-state.js";
export { normaliseAlias, normaliseModuleName } from "./libkmod/module-name.js";
export type { Outcome, Result } from "./libkmod/outcome.js";
export { levels, planInsertion, type Step, type Wanted } from "./libkmod/plan-insertion.js";
