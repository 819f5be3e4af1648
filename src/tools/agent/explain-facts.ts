// Reads what explain needs to know: indexes, configuration and policy, devices, live modules, and the last answers of the kernel.

import type { LastAnswer } from "../../agent/explaining/explanation.js";
import type { Facts, ModuleFacts, Situated } from "../../agent/explaining/facts.js";
import { lookUpReadable } from "../../agent/explaining/facts.js";
import { parseAnswers } from "../../agent/explaining/last-answers.js";
import { modulesLoadDirectories, parseModulesLoad } from "../../agent/explaining/modules-load.js";
import { resolveSubject, type Surroundings } from "../../agent/explaining/subject.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { parseKernelCommandLine } from "../../libkmod/formats/kernel-command-line.js";
import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { parseProcModules } from "../../libkmod/formats/proc-modules.js";
import { type Bound, bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, type Kernel, type ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import { moduleFileIn } from "../../libkmod/kernel/other-root.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { readKernelCommandLine } from "../../libkmod/knowledge/configuration.js";
import { listConfigurationFiles, readConfigurationFile } from "../../libkmod/knowledge/configuration-files.js";
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import { printable } from "../../libkmod/text/printable.js";
import type { DeviceSources, PresentDevice } from "../../ports/devices.js";
import type { Machine } from "../../ports/machine.js";
import { commandLineFileOf, namedRoot } from "./agent-options.js";
import { start } from "./agent-start.js";
import { DEFAULT_SOCKET, type ExplainOptions } from "./explain-options.js";
import { formatProblem, StartFailure } from "./start-failure.js";

type Given = ExplainOptions & { readonly dryRun: true };

/** @throws {StartFailure} @throws {Refusal} */
export async function readFacts(
	words: readonly string[],
	given: Given,
	machine: Machine,
	kernel: Kernel & ModuleFiles,
): Promise<Facts> {
	const { knowledge, policy } = await start(kernel, given, machine.rulesDirectory);
	for (const problem of knowledge.problems) machine.complain(`hotplugd explain: ${formatProblem(problem)}\n`);
	const root = namedRoot(given);
	const isHere = root === "" && given.sysfs === undefined && given.setVersion === undefined;
	const running = isHere ? readRunning(kernel) : undefined;
	const sysfs = given.sysfs ?? `${root}/sys`;
	// The links of a sysfs that --sysfs names lead within it, wherever it lies.
	const inspection = await machine.inspect(sysfs, { root: given.sysfs === undefined ? root : "" });
	const around = { knowledge, live: running?.live, inspection };
	const sources = await machine.devices(sysfs, { root });
	return {
		...around,
		policy,
		devices: walk(words, sources, around),
		release: given.setVersion ?? kernel.release,
		loading: running?.loading ?? new Set(),
		answers: await readAnswers(kernel, given, machine, isHere),
		modules: new Map(),
		kernelBlacklist: readKernelBlacklist(kernel, commandLineFileOf(given)),
		modulesLoad: readModulesLoad(kernel, root, knowledge),
		isFileThere: fileFinder(kernel, knowledge, root),
		nameOf: () => undefined,
	};
}

/** Devices without an alias are walked only for a word that is nothing else: a node, or an interface. */
function walk(
	words: readonly string[],
	sources: DeviceSources,
	around: Omit<Surroundings, "devices">,
): readonly PresentDevice[] {
	const devices = [...sources.present()];
	const isUnknown = (word: string): boolean => resolveSubject(word, { ...around, devices }).kind === "unknown";
	return words.some(isUnknown) ? [...sources.present(() => true)] : devices;
}

function readRunning(kernel: Kernel): { readonly live: ReadonlySet<string>; readonly loading: ReadonlySet<string> } {
	const text = kernel.read("/proc/modules", bounds.loadedModules)?.toString("latin1") ?? "";
	const all = parseProcModules(text);
	const those = (wanted: string) => new Set(all.flatMap(({ module, state }) => (state === wanted ? [module] : [])));
	return { live: those("live"), loading: those("coming") };
}

/** Those of the log that --log names, or else those of the running agent, if this is its machine. */
async function readAnswers(
	files: Files,
	{ log, socket = DEFAULT_SOCKET }: Given,
	machine: Machine,
	isHere: boolean,
): Promise<ReadonlyMap<string, LastAnswer>> {
	if (log !== undefined) return readLog(files, log, machine);
	if (!isHere || !isThere(files, socket)) return new Map();
	const { askLastAnswers } = await import("./explain-agent.js");
	return askLastAnswers(machine, socket);
}

/** Bytes of a log: more than a year of an agent's. */
const LOG: Bound = { bytes: 2 ** 28, kind: "a log", named: true };

function readLog(files: Files, file: string, machine: Machine): ReadonlyMap<string, LastAnswer> {
	const text = readNamed(files, file).toString("latin1");
	const { answers, foreign } = parseAnswers(file, text);
	if (foreign > 0) {
		const lines = foreign === 1 ? "a line is" : `${foreign} lines are`;
		machine.complain(`hotplugd explain: ${printable(file)}: ${lines} no JSON object, and passed by\n`);
	}
	return answers;
}

function readNamed(files: Files, file: string): Buffer {
	let bytes: Buffer | undefined;
	try {
		bytes = files.read(file, LOG);
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		throw new StartFailure(`--log ${file}: it cannot be read: ${error.why}`, exitStatus.unable);
	}
	if (bytes === undefined) throw new StartFailure(`--log ${file}: there is no such file`, exitStatus.usage);
	return bytes;
}

function readKernelBlacklist(files: Files, file: string | undefined): Facts["kernelBlacklist"] {
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
function fileFinder(kernel: Kernel, { moduleDirectory }: Knowledge, root: string): Facts["isFileThere"] {
	const captured = root !== "" && !isThere(kernel, `${moduleDirectory}/kernel`);
	return (path) => captured || isThere(kernel, path);
}

/** Reads the files of the modules that are not live: their vermagic and firmware. */
export async function readModules(
	kernel: Kernel & ModuleFiles,
	{ knowledge, live }: Situated,
	modules: Iterable<string>,
): Promise<ReadonlyMap<string, ModuleFacts>> {
	const read = new Map<string, ModuleFacts>();
	for (const module of modules) {
		const path = ifKnown(knowledge, module);
		if (path === undefined || live?.has(module) || !isThere(kernel, path)) continue;
		read.set(module, await readModule(kernel, path));
	}
	return read;
}

function ifKnown(knowledge: Knowledge, module: string): string | undefined {
	try {
		const file = knowledge.file(module);
		return file && moduleFileIn(knowledge, file.path);
	} catch {
		// The index is damaged: the explanation says so.
		return undefined;
	}
}

async function readModule(kernel: ModuleFiles, path: string): Promise<ModuleFacts> {
	try {
		const { moduleInfo } = await import("../../libkmod/knowledge/module-info.js");
		const info = moduleInfo(await kernel.readModule(path)) ?? [];
		const [builtFor] = info.find(({ key }) => key === "vermagic")?.value.split(" ") ?? [];
		return { builtFor, firmware: info.flatMap(({ key, value }) => (key === "firmware" ? [value] : [])) };
	} catch (error) {
		return { builtFor: undefined, firmware: [], problem: error instanceof Error ? error.message : String(error) };
	}
}
