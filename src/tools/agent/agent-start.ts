// The start of coldplug and of the daemon: reads settings, indexes, configuration and policy, and explains why one of them could
// not be read.

import { withMasks } from "../../agent/decisions/decider.js";
import { policyDirectories, readPolicy } from "../../agent/policy/policy-files.js";
import type { Known } from "../../agent/service/reload.js";
import { DEFAULTS_COUNT, defaultSettings, type Settings } from "../../agent/settings/settings.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { findMixture } from "../../libkmod/check/mixed-set.js";
import { MalformedIndex } from "../../libkmod/formats/index-file.js";
import { readKernelWord } from "../../libkmod/formats/kernel-command-line.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { type Files, type Kernel, type Problem, Refusal } from "../../libkmod/kernel/kernel.js";
import { trimRoot } from "../../libkmod/kernel/other-root.js";
import { leadsNowhere } from "../../libkmod/kernel/presence.js";
import { readKernelCommandLine } from "../../libkmod/knowledge/configuration.js";
import { type Knowledge, knowNothing, MissingIndexes, readKnowledge } from "../../libkmod/knowledge/knowledge.js";
import { listUnheededLines } from "../../libkmod/knowledge/unheeded-lines.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import type { UeventSource } from "../../ports/uevents.js";
import type { Options } from "../command-line/options.js";

/**
 * Options that name another machine's files, spelled as modprobe spells them. Unlike modprobe's -d, this -d concerns every file:
 * with it, the command reads no file of this machine unless another option names that file. A command that loads modules is the
 * exception: it asks the running kernel for its loaded modules and its command line.
 */
export const agentOptions = {
	dirname: {
		short: "d",
		argument: "DIR",
		help: "Take modules, configuration, settings and rules of the machine whose root is DIR",
	},
	setVersion: { short: "S", argument: "VERSION", help: "Take this kernel release instead of the running one" },
	configPath: { short: "C", argument: "PATH", repeat: true, help: "Take this file or directory instead of modprobe.d" },
	config: { argument: "FILE", help: "Take this settings file instead of /etc/hotplugd.toml" },
	policy: {
		argument: "DIR",
		repeat: true,
		help: "Take the rules in DIR instead of /etc/hotplugd/rules.d and the shipped rules",
	},
} as const satisfies Options;

export type AgentOptions = {
	readonly dirname: string | undefined;
	readonly setVersion: string | undefined;
	readonly configPath: readonly string[];
	readonly config: string | undefined;
	readonly policy: readonly string[];
	/** Another machine's /sys. The kernel command line of this machine does not apply to that machine, so it is not read. */
	readonly sysfs?: string | undefined;
	/** The command loads no module. With another root, it then asks nothing of the running kernel. */
	readonly dryRun?: boolean;
};

/** The root directory of the machine that -d names; "" for this machine. @throws {StartFailure} when -d is empty */
export function namedRoot({ dirname }: Pick<AgentOptions, "dirname">): string {
	// An empty -d comes from an unset variable of a script. The script does not mean this machine.
	if (dirname === "") throw new StartFailure("-d names no directory: it is empty", exitStatus.usage);
	return trimRoot(dirname ?? "");
}

/** The path of the file with the machine's kernel command line. Undefined when no such file is known. */
function commandLineOf(options: AgentOptions): string | undefined {
	const root = namedRoot(options);
	if (options.dryRun && root !== "") return `${root}/proc/cmdline`;
	return options.sysfs === undefined ? "/proc/cmdline" : undefined;
}

export const SETTINGS_FILE = "/etc/hotplugd.toml";

/** The command could not start. `lines` are the messages for the user, one line each; `status` is the exit status. */
export class StartFailure extends HotplugdError {
	override readonly name = "StartFailure";
	override readonly code = "ERR_START_FAILURE";
	readonly status: number;
	readonly lines: readonly string[];
	constructor(lines: string | readonly string[], status: number) {
		const all = [lines].flat();
		super(all.join("\n"));
		this.status = status;
		this.lines = all;
	}
}

/** File descriptors: 16 for concurrent insertions, 16 for concurrent attribute reads, and 8 for sockets and other files. */
const FILES_NEEDED = 40;

/**
 * Checks that enough file descriptors are free. The caller checks before it begins anything else: a lack of descriptors would
 * make insertions fail that could otherwise succeed.
 * @throws {StartFailure} when too few descriptors are free
 */
export async function needOpenFiles(machine: Machine): Promise<void> {
	const files = await machine.openFiles?.();
	if (files === undefined || files.left >= FILES_NEEDED) return;
	const { left, most = "so few" } = files;
	throw new StartFailure(
		`only ${most} files may be open at once, which leaves ${left} of the ${FILES_NEEDED} that loading modules may need: raise the limit (ulimit -n, LimitNOFILE=)`,
		exitStatus.unable,
	);
}

/**
 * Prints why a command could not do its work, and returns the exit status. Rethrows every error that it has no explanation for.
 */
export function complainOf(error: unknown, command: string, machine: Machine): number {
	// A failed write to standard output, such as EPIPE, is handled by the executable (src/main.ts).
	const ofReader = error instanceof Refusal && error.operation === "write";
	if (ofReader || !(error instanceof Refusal || error instanceof StartFailure)) throw error;
	const lines = error instanceof Refusal ? [explainStart(error)] : error.lines;
	for (const line of lines) machine.complain(`${command}: ${printable(line)}\n`);
	return error instanceof StartFailure ? error.status : exitStatus.unable;
}

function explainStart(refusal: Refusal): string {
	const { operation, subject, code, why } = refusal;
	if (operation === "walk" && (code === "ENOENT" || code === "ENOTDIR"))
		return `could not look at the devices: there is no directory ${subject}; is sysfs mounted?`;
	return explainRefusal(refusal, why);
}

/**
 * Reads `hotplugd=` from the kernel command line. An administrator who boots with `hotplugd=off` wants neither agent nor
 * coldplug, and leaves loading to udev or modprobe. `off` is true in that case. `remark` is a message for the user, if there is
 * one.
 */
export function readSwitch(
	files: Pick<Files, "read">,
	options: AgentOptions,
): { readonly off: boolean; readonly remark?: string } {
	const file = commandLineOf(options);
	let value: string | undefined;
	try {
		value = readKernelWord(readKernelCommandLine(files, file) ?? "", "hotplugd");
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		return { off: false, remark: `could not read ${file}: ${error.why}, so a hotplugd= in that file is ignored` };
	}
	if (value === undefined || value === "on") return { off: false };
	const word = "on the kernel command line";
	if (value === "off") return { off: true, remark: `hotplugd=off is ${word}: nothing is loaded` };
	return {
		off: false,
		remark: `hotplugd=${printable(value)} ${word} is ignored: it must be hotplugd=off or hotplugd=on`,
	};
}

export type Started = Known & { readonly settings: Settings };

/** @throws {StartFailure} */
export async function start(kernel: Kernel, options: AgentOptions, rulesDirectory: string): Promise<Started> {
	const settings = await readSettings(kernel, options);
	return { settings, ...(await readAll(kernel, options, settings, { source: "kernel", rulesDirectory })) };
}

export type PolicyPlace = { readonly source: UeventSource; readonly rulesDirectory: string };

/** Indexes, configuration and policy. @throws {StartFailure} */
export async function readAll(
	kernel: Kernel,
	options: AgentOptions,
	settings: Settings,
	place: PolicyPlace,
): Promise<Known> {
	try {
		return await withPolicy(readModules(kernel, options, settings), kernel, options, place);
	} catch (error) {
		throw new StartFailure(explainMissing(error), exitStatus.unable);
	}
}

/**
 * Indexes, configuration and policy, as from `readAll()`. When the indexes are absent, damaged or unreadable, the result has
 * empty knowledge whose `lacking` says why, and no error is thrown for them.
 */
export async function readWhatThereIs(
	kernel: Kernel,
	options: AgentOptions,
	settings: Settings,
	place: PolicyPlace,
): Promise<Known> {
	return withPolicy(await readModulesOrNothing(kernel, options, settings), kernel, options, place);
}

const NO_MODULES = "this kernel cannot load modules: it was built without them";

async function readModulesOrNothing(kernel: Kernel, options: AgentOptions, settings: Settings): Promise<Knowledge> {
	const directory = moduleDirectoryOf(kernel, options);
	if (await isWithoutModules(kernel)) return knowNothing(directory, { why: NO_MODULES, kind: "impossible" });
	try {
		return readModules(kernel, options, settings);
	} catch (error) {
		const why = error instanceof MissingIndexes ? error.lacking : explainMissing(error);
		return knowNothing(directory, { why, kind: error instanceof Refusal ? "refused" : "unusable" });
	}
}

/**
 * Whether the kernel was built without loadable modules. A missing /proc/modules is no proof, since a sandbox may hide that file:
 * only ENOSYS from an insertion proves it. /dev/null is never a module, so the trial inserts nothing.
 */
async function isWithoutModules(kernel: Kernel): Promise<boolean> {
	try {
		if (kernel.read("/proc/modules", bounds.loadedModules) !== undefined) return false;
		await kernel.insert("/dev/null", "");
		return false;
	} catch (error) {
		return error instanceof Refusal && error.code === "ENOSYS";
	}
}

const moduleDirectoryOf = ({ release }: Kernel, options: AgentOptions): string =>
	`${namedRoot(options)}/lib/modules/${options.setVersion ?? release}`;

function readModules(kernel: Kernel, options: AgentOptions, { honour_every_line }: Settings): Knowledge {
	const commandLineFile = commandLineOf(options);
	return readKnowledge(kernel, {
		root: namedRoot(options),
		moduleDirectory: moduleDirectoryOf(kernel, options),
		...(options.configPath.length > 0 && { configPaths: options.configPath }),
		...(commandLineFile !== undefined && { commandLineFile }),
		honourEveryLine: honour_every_line,
	});
}

async function withPolicy(
	knowledge: Knowledge,
	kernel: Kernel,
	options: AgentOptions,
	{ source, rulesDirectory }: PolicyPlace,
): Promise<Known> {
	const policy = await readPolicy(
		kernel,
		policyDirectories(namedRoot(options), rulesDirectory, options.policy),
		source,
	);
	const mixture = findMixture(kernel, knowledge.moduleDirectory);
	const problems = [
		...listSettingsProblems(kernel, options),
		...(mixture === undefined ? [] : [mixture]),
		...knowledge.problems,
		...listUnheededLines(knowledge),
		...policy.problems,
	];
	const read = [...knowledge.read, ...policy.read];
	return { knowledge: withMasks({ ...knowledge, problems, read }, policy.value), policy: policy.value };
}

/** A settings file that is a dangling symbolic link does not stop the start: the defaults count, and a problem says so. */
function listSettingsProblems(files: Files, options: AgentOptions): readonly Problem[] {
	const file = namedRoot(options) + SETTINGS_FILE;
	const toNowhere = options.config === undefined && leadsNowhere(files, file);
	return toNowhere ? [{ file, line: 0, message: DEFAULTS_COUNT }] : [];
}

/** @throws {StartFailure} */
export async function readSettings(
	kernel: Kernel,
	{ config: file, dirname }: Pick<AgentOptions, "config" | "dirname">,
): Promise<Settings> {
	const path = file ?? namedRoot({ dirname }) + SETTINGS_FILE;
	let text: string | undefined;
	try {
		text = kernel.read(path, { ...bounds.settings, named: file !== undefined })?.toString("latin1");
	} catch (error) {
		throw new StartFailure(`could not read the settings in ${path}: ${codeOf(error)}`, exitStatus.usage);
	}
	if (text === undefined) {
		if (file !== undefined) throw new StartFailure(`there is no settings file ${file}`, exitStatus.usage);
		return defaultSettings;
	}
	const { parseSettings } = await import("../../agent/settings/settings-file.js");
	const { value, problems } = parseSettings(path, text);
	if (problems.length > 0) throw new StartFailure(problems.map(formatProblem), exitStatus.usage);
	return value;
}

/** Formats a problem as one line, without a newline. */
export function formatProblem({ file, line, message }: Problem): string {
	return printable(line === 0 ? `${file}: ${message}` : `${file} line ${line}: ${message}`);
}

function explainMissing(error: unknown): string {
	if (error instanceof MissingIndexes)
		return `${error.lacking}: run depmod there, or ask a captured machine: ${CAPTURED_MACHINE}`;
	if (error instanceof MalformedIndex) return error.message;
	if (error instanceof Refusal) return explainRefusal({ operation: "read", subject: error.subject }, error.why);
	throw error;
}

/** The first command in the README. */
export const CAPTURED_MACHINE =
	"node dist/main.js coldplug --dry-run -d fixtures/machine -S 6.1.0-56-amd64 -C fixtures/machine/etc/modprobe.d --sysfs fixtures/machine/sys";

function codeOf(error: unknown): string {
	return error instanceof Refusal ? error.why : String(error);
}
