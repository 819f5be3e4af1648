// Reads what explain needs to know: indexes, configuration and policy, devices and live modules; and, when it is asked for, what the
// machine tells of them.

import { type Facts, lookUpReadable } from "../../agent/explaining/facts.js";
import { modulesLoadDirectories, parseModulesLoad } from "../../agent/explaining/modules-load.js";
import { resolveSubject, type Surroundings } from "../../agent/explaining/subject.js";
import { parseKernelCommandLine } from "../../libkmod/formats/kernel-command-line.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { parseProcModules } from "../../libkmod/formats/proc-modules.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { readKernelCommandLine } from "../../libkmod/knowledge/configuration.js";
import { listConfigurationFiles, readConfigurationFile } from "../../libkmod/knowledge/configuration-files.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { printable } from "../../libkmod/text/printable.js";
import type { DeviceSources, PresentDevice } from "../../ports/devices.js";
import type { Machine } from "../../ports/machine.js";
import { commandLineFileOf, namedRoot } from "../agent/agent-options.js";
import { start } from "../agent/agent-start.js";
import { formatProblem } from "../agent/start-failure.js";
import { pathFromHere } from "../command-line/module-directory.js";
import { readAnswers } from "./explain-answers.js";
import { openOnDemand } from "./explain-on-demand.js";
import type { ExplainOptions } from "./explain-options.js";

type Given = ExplainOptions & { readonly dryRun: true };

/** @throws {StartFailure} @throws {Refusal} */
export async function readFacts(
	words: readonly string[],
	given: Given,
	machine: Machine,
	kernel: Kernel,
): Promise<Facts & { readonly isHere: boolean }> {
	const { knowledge, policy } = await start(kernel, given, machine.rulesDirectory);
	for (const problem of knowledge.problems) machine.complain(`hotplugd explain: ${formatProblem(problem)}\n`);
	const root = namedRoot(given);
	const isHere = root === "" && given.sysfs === undefined && given.setVersion === undefined;
	const running = isHere ? readRunning(kernel) : undefined;
	// What a capture lacks has been said when it was opened.
	if (isHere && running === undefined && !machine.captured?.lacks("/proc/modules"))
		machine.complain(`hotplugd explain: ${machine.captured === undefined ? NOT_TOLD : NOT_CAPTURED}\n`);
	const sysfs = given.sysfs ?? `${root}/sys`;
	// The links of a sysfs that --sysfs names lead within it, wherever it lies.
	const inspection = await machine.inspect(sysfs, { root: given.sysfs === undefined ? root : "" });
	const around = { knowledge, live: running?.live, inspection };
	const sources = await machine.devices(sysfs, { root });
	const seen = look(words, sources, around, (why) => {
		// A directory that an option names is a mistake of the call.
		if (given.sysfs !== undefined) throw why;
		machine.complain(`hotplugd explain: no devices were looked at: ${printable(explainUnseen(why, root !== ""))}\n`);
	});
	const release = given.setVersion ?? kernel.release;
	const { moduleDirectory } = knowledge;
	const also = given.also.map((directory) => pathFromHere(machine, directory));
	return {
		...around,
		...openOnDemand(kernel, inspection, {
			root,
			sysfs,
			release,
			isHere,
			captured: machine.captured,
			moduleDirectory,
			also,
		}),
		isHere,
		policy,
		...seen,
		release,
		loading: running?.loading ?? new Set(),
		answers: await readAnswers(kernel, given, machine, isHere),
		modules: new Map(),
		kernelBlacklist: readKernelBlacklist(kernel, commandLineFileOf(given)),
		modulesLoad: readModulesLoad(kernel, root, knowledge),
		isFileThere: fileFinder(kernel, knowledge, root !== "" || machine.captured !== undefined),
	};
}

/** @param onUnseen told why there are no devices to look at, and may throw */
function look(
	words: readonly string[],
	sources: DeviceSources,
	around: Omit<Surroundings, "devices">,
	onUnseen: (why: Refusal) => void,
): Pick<Facts, "devices" | "withoutDevices"> {
	try {
		return { devices: walk(words, sources, around) };
	} catch (error) {
		if (!(error instanceof Refusal && error.operation === "walk" && ABSENT.has(error.code))) throw error;
		onUnseen(error);
		return { devices: [], withoutDevices: true };
	}
}

/** The errnos of a directory that is not there, or that this user may not list. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM"]);

function explainUnseen({ code, subject, why }: Refusal, isOfRoot: boolean): string {
	if (code === "EACCES" || code === "EPERM") return `${subject} may not be listed: ${why}`;
	const advice = "--sysfs DIR says where that machine's devices are, --sysfs /sys takes this machine's";
	return `there is no directory ${subject}${isOfRoot ? `: ${advice}` : "; is sysfs mounted?"}`;
}

/** Devices without an alias are walked only for a word that is nothing else: a node, or an interface. Modules are no devices. */
function walk(
	words: readonly string[],
	sources: DeviceSources,
	around: Omit<Surroundings, "devices">,
): readonly PresentDevice[] {
	const devices = [...sources.present()];
	const isUnknown = (word: string): boolean => resolveSubject(word, { ...around, devices }).kind === "unknown";
	return words.some(isUnknown) ? [...sources.present((subsystem) => subsystem !== "module")] : devices;
}

type Running = { readonly live: ReadonlySet<string>; readonly loading: ReadonlySet<string> };

const NOT_TOLD =
	"which modules are live is not known: there is no /proc/modules, as where /proc is hidden or the kernel loads no modules";

const NOT_CAPTURED = "which modules are live is not known: the capture does not hold /proc/modules";

function readRunning(kernel: Kernel): Running | undefined {
	const text = kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1");
	if (text === undefined) return undefined;
	const all = parseProcModules(text);
	const those = (wanted: string) => new Set(all.flatMap(({ module, state }) => (state === wanted ? [module] : [])));
	return { live: those("live"), loading: those("coming") };
}

export function readKernelBlacklist(files: Files, file: string | undefined): Facts["kernelBlacklist"] {
	const text = ifReadable(() => readKernelCommandLine(files, file)) ?? "";
	return { file: file ?? "", modules: new Set(parseKernelCommandLine(text).kernelBlacklist) };
}

function readModulesLoad(files: Files, root: string, knowledge: Knowledge): ReadonlyMap<string, Source> {
	const sources = new Map<string, Source>();
	const directories = modulesLoadDirectories.map((directory) => root + directory);
	for (const path of listConfigurationFiles(files, { directories }, []))
		for (const { name, source } of parseModulesLoad(path, readConfigurationFile(files, path, []) ?? ""))
			for (const { module } of lookUpReadable(knowledge, name)) if (!sources.has(module)) sources.set(module, source);
	return sources;
}

/** A captured machine may have indexes and no module files at all: then no file counts as missing. */
export function fileFinder(kernel: Kernel, { moduleDirectory }: Knowledge, isOther: boolean): Facts["isFileThere"] {
	const captured = isOther && !isThere(kernel, `${moduleDirectory}/kernel`);
	return (path) => captured || isThere(kernel, path);
}
