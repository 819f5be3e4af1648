// The two sides of each machine of a fleet. What captures share is opened once: the indexes of a kernel, and the configuration and
// policy by their text.

import QuickLRU from "quick-lru";
import type { Capture } from "../../agent/capture/capture.js";
import { openCapture, releaseOf } from "../../agent/capture/captured-machine.js";
import { overlayFiles } from "../../agent/capture/overlaid-files.js";
import type { Both } from "../../agent/comparing/answers.js";
import type { Answering } from "../../agent/comparing/sides.js";
import { type MachineComparer, makeMachineComparer, type Outcomes } from "../../agent/fleet/machine-comparer.js";
import { configurationKey, indexesKey } from "../../agent/fleet/shared-parts.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import type { Machine } from "../../ports/machine.js";
import { start } from "../agent/agent-start.js";
import { StartFailure } from "../agent/start-failure.js";
import { fileFinder, readKernelBlacklist } from "../explain/explain-facts.js";
import { layOver, type NamedKernel, openNamedKernel } from "./named-kernel.js";
import { type Remembered, rememberFiles } from "./remembered-files.js";

export type FleetKernels = {
	/** The arguments of --kernel: one or two. */
	readonly kernels: readonly string[];
	/** The release that -S names, of a directory with several. */
	readonly release: string | undefined;
	/** The root that -d names, with the kernels of captures that hold digests of their indexes alone. */
	readonly root: string | undefined;
};

export type OpenedSides = { readonly compare: MachineComparer; readonly names: Both<string> };

/** So many pairs of sides are kept, and never twice as many: each takes some 3 MB. */
const LEAST_SIDES = 16;
/** The same for kernels that captures bring along, of some 3 MB each. */
const LEAST_KERNELS = 4;
/** The same for outcomes, of some 200 bytes each. */
const LEAST_OUTCOMES = 2 ** 16;

const COMMAND_LINE = "/proc/cmdline";

type Captured = Kernel & ModuleFiles;
type NamedSide = { readonly side: Answering; readonly name: string };

export class FleetSides {
	readonly #machine: Machine;
	readonly #files: CaptureFiles;
	readonly #given: FleetKernels;
	readonly #named = new Map<string, NamedKernel>();
	readonly #indexes = new QuickLRU<string, Remembered>({ maxSize: LEAST_KERNELS });
	readonly #sides = new QuickLRU<string, OpenedSides>({ maxSize: LEAST_SIDES });
	readonly #outcomes: Outcomes = new QuickLRU({ maxSize: LEAST_OUTCOMES });
	#opened = 0;

	constructor(machine: Machine, files: CaptureFiles, given: FleetKernels) {
		this.#machine = machine;
		this.#files = files;
		this.#given = given;
	}

	/** What is known of these sides already. Undefined where they are still to be opened. */
	known(key: string): OpenedSides | undefined {
		return this.#sides.get(key);
	}

	/** Tells the sides of a capture from all others. */
	keyOf(capture: Capture): string {
		const isOwn = this.#given.kernels.length < 2;
		return `${isOwn ? indexesKey(capture) : ""}\0${configurationKey(capture)}`;
	}

	/** @throws an error whose message says why the capture cannot be compared */
	async open(capture: Capture, key: string): Promise<OpenedSides> {
		const [first = "", second] = this.#given.kernels;
		const a = second === undefined ? await this.#openOwn(capture) : await this.#openWith(capture, first);
		const b = await this.#openWith(capture, second ?? first);
		const mark = `${this.#opened++}\0`;
		const compare = makeMachineComparer({ sides: { a: a.side, b: b.side }, outcomes: this.#outcomes, mark });
		const isOneName = a.name === b.name;
		const names = isOneName ? { a: `${a.name} (A)`, b: `${b.name} (B)` } : { a: a.name, b: b.name };
		const opened = { compare, names };
		this.#sides.set(key, opened);
		return opened;
	}

	async #openWith(capture: Capture, word: string): Promise<NamedSide> {
		return this.#openNamed(capture, await this.#kernel(word, this.#given.release));
	}

	/** The machine under its own kernel, whose indexes are in the capture or below the root that -d names. */
	async #openOwn(capture: Capture): Promise<NamedSide> {
		const release = releaseOf(capture);
		const { root } = this.#given;
		if (root !== undefined) {
			const place = `${root}/lib/modules/${release}`;
			if (!isThere(await this.#machine.kernel({ root }), `${place}/modules.dep.bin`))
				throw new StartFailure(`-d ${root} has no modules of its kernel, ${release}`, exitStatus.unable);
			return this.#openNamed(capture, await this.#kernel(place, undefined));
		}
		const { modules } = capture;
		if (modules === undefined)
			throw new StartFailure(
				`it does not hold the modules of its kernel: -d DIR names a directory with lib/modules/${release}`,
				exitStatus.unable,
			);
		const key = indexesKey(capture);
		const remembered: Remembered = this.#indexes.get(key) ?? new Map();
		this.#indexes.set(key, remembered);
		const kernel = rememberFiles(await this.#captured(capture), modules.directory, remembered);
		return this.#openSide(kernel, { moduleDirectory: modules.directory, release, root: "" });
	}

	async #openNamed(capture: Capture, named: NamedKernel): Promise<NamedSide> {
		return this.#openSide(layOver(await this.#captured(capture), named), named);
	}

	async #openSide(kernel: Captured, named: Omit<NamedKernel, "files">): Promise<NamedSide> {
		const { moduleDirectory, release, root } = named;
		const none = { dirname: undefined, config: undefined, configPath: [], policy: [] };
		const given = { ...none, setVersion: release, moduleDirectory, dryRun: true };
		const { knowledge: read, policy } = await start(kernel, given, this.#machine.rulesDirectory);
		const knowledge = root === "" ? read : { ...read, root };
		const kernelBlacklist = readKernelBlacklist(kernel, COMMAND_LINE);
		const isFileThere = fileFinder(kernel, knowledge, root === "" ? "" : moduleDirectory);
		return { side: { knowledge, policy, kernelBlacklist, isFileThere }, name: release };
	}

	/** The capture's files, and the rules that come with this package. */
	async #captured(capture: Capture): Promise<Captured> {
		const { kernel } = openCapture(capture, this.#files);
		const host = await this.#machine.kernel();
		return overlayFiles(kernel, { named: [this.#machine.rulesDirectory], host, modules: undefined });
	}

	async #kernel(word: string, release: string | undefined): Promise<NamedKernel> {
		const known = this.#named.get(word) ?? (await openNamedKernel(this.#machine, word, { release, ofMachine: "" }));
		if (this.#named.has(word)) return known;
		const remembered = { ...known, files: rememberFiles(known.files, known.moduleDirectory, new Map()) };
		if (this.#named.size < MOST_NAMED) this.#named.set(word, remembered);
		return remembered;
	}
}

/** Kernels of a root that -d names: a fleet has a few dozen. */
const MOST_NAMED = 64;
