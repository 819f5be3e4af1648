// The public library: a table of contents, and openKmod for this machine. The functions beneath openKmod (openKmodOn,
// readKnowledge, planInsertion, makeInserter, a Kernel) take and return byte strings, one character a byte: bytesOf and textOf
// convert them. All probes and inserters over one Kernel object join each other's modules in flight.
import { kmodInText, optionsInBytes } from "./kmod-in-text.js";
import { trimRoot } from "./libkmod/kernel/other-root.js";
import { type Kmod, type KmodOptions, openKmod as openKmodOn } from "./libkmod/kmod/kmod.js";
import { absolutePath } from "./libkmod/text/absolute-path.js";
import { withinRoot } from "./linux/files/root-directory.js";
import { workingDirectory } from "./linux/files/working-directory.js";
import { openKernel } from "./linux/modules/kernel.js";

/**
 * Opens the kernel modules of this machine, or of another machine whose root is a directory here. With another root, nothing of
 * this machine is read except paths that the options name. Reads the configuration now, and the indexes when they are first
 * needed. Loads no native code before the first insertion or removal. Insertions and removals always go to this machine's
 * kernel.
 * @throws {Refusal} when \`root\` is empty, or no directory that can be listed
 *
 * Strings are text in both directions, and their UTF-8 goes to files, the kernel and the shell. A byte that is not valid UTF-8,
 * in a name, a parameter or a path, becomes a lone surrogate, U+DC80 to U+DCFF (Python's surrogateescape, PEP 383), which
 * converts back to the same byte.
 */
export function openKmod(options: KmodOptions = {}): Kmod {
	const given = optionsInBytes(options);
	const kernel = openKernel(given.sysfs === undefined ? {} : { sysfs: given.sysfs });
	const root = absolutePath(trimRoot(given.root ?? ""), workingDirectory);
	return kmodInText(openKmodOn(root === "" ? kernel : withinRoot(root, kernel), { workingDirectory, ...given }));
}

export type { Capture } from "./agent/capture/capture.js";
export type { CompareRecord } from "./agent/comparing/comparison-records.js";
export type { FleetRecord } from "./agent/fleet/fleet-records.js";
export type { CheckRecord } from "./agent/telling/check-record.js";
export type { ColdplugRecord } from "./agent/telling/coldplug-record.js";
export type { ExplanationRecord } from "./agent/telling/explanation-record.js";
export type { LogRecord } from "./agent/telling/log-record.js";
export type { AgentStatus } from "./agent/telling/status.js";
export type { Timeline } from "./agent/timeline/timeline.js";
export type { BlameRecord } from "./agent/timeline/timeline-text.js";
export type { Evidence } from "./libkmod/evidence/evidence.js";
export { MalformedModule } from "./libkmod/formats/elf.js";
export { MalformedIndex } from "./libkmod/formats/index-file.js";
export type { ModinfoEntry } from "./libkmod/formats/modinfo.js";
export type { ModprobeConfig, Source } from "./libkmod/formats/modprobe-config.js";
export type { ModuleSymbol } from "./libkmod/formats/module-symbols.js";
export type { ModuleState } from "./libkmod/formats/proc-modules.js";
export { type Flight, type Inserter, makeInserter } from "./libkmod/insertion/inserter.js";
export type { Outcome, Result } from "./libkmod/insertion/outcome.js";
export { HotplugdError } from "./libkmod/kernel/errors.js";
export {
	type Files,
	type InsertFlags,
	type Kernel,
	type ModuleFiles,
	type Problem,
	type ProblemKind,
	Refusal,
	type RemoveFlags,
} from "./libkmod/kernel/kernel.js";
export type { LogEntry } from "./libkmod/kmod/context.js";
export { AlreadyLoaded, CommandFailure, NoModuleFile, NoSuchModule, Unremovable } from "./libkmod/kmod/failures.js";
export { type Kmod, type KmodOptions, openKmod as openKmodOn } from "./libkmod/kmod/kmod.js";
export type { Module, ModuleOrName } from "./libkmod/kmod/module.js";
export type { Blacklisted, Blacklisting, Probed, ProbeOptions } from "./libkmod/kmod/probe.js";
export type { Freshness } from "./libkmod/kmod/resources.js";
export type { RemovalStep, UnprobeOptions } from "./libkmod/kmod/unprobe.js";
export { type IndexKind, MissingIndexes } from "./libkmod/knowledge/indexes.js";
export { type Knowledge, readKnowledge } from "./libkmod/knowledge/knowledge.js";
export type { Section } from "./libkmod/knowledge/live-state.js";
export { levels, planInsertion, type Step, type Wanted } from "./libkmod/planning/plan-insertion.js";
export { bytesOf, textOf } from "./libkmod/text/byte-strings.js";
export { normaliseAlias, normaliseModuleName } from "./libkmod/text/module-name.js";
export type { ModuleRecord } from "./tools/kmod/lsmod.js";
export type { ModinfoRecord } from "./tools/kmod/modinfo-record.js";
export type { AliasRecord, ConfigRecord, DependsRecord } from "./tools/modprobe/json.js";
