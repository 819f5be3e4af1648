// The two sides of each machine of a fleet. What captures share is opened once: the indexes of a kernel, and the configuration and
// policy by their text.

import QuickLRU from "quick-lru";
import type { Capture } from "../../agent/capture/capture.js";
import { openCapture, releaseOf } from "../../agent/capture/captured-machine.js";
import { overlayFiles } from "../../agent/capture/overlaid-files.js";
import type { Both } from "../../agent/comparing/answers.js";
import { type NamedPlace, nameSides, ownKernel } from "../../agent/comparing/side-names.js";
import type { Answering } from "../../agent/comparing/sides.js";
import { AliasDecisions, type Decided } from "../../agent/fleet/alias-decisions.js";
import { KnownDecisions } from "../../agent/fleet/known-decisions.js";
import { type MachineComparer, makeMachineComparer } from "../../agent/fleet/machine-comparer.js";
import { configurationKey, indexesKey, rulesKey, withoutConfiguration } from "../../agent/fleet/shared-parts.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import type { Machine } from "../../ports/machine.js";
import { start } from "../agent/agent-start.js";
import { StartFailure } from "../agent/start-failure.js";
import { fileFinder, readKernelBlacklist } from "../explain/explain-facts.js";
import { layOver, type NamedKernel, openNamedKernel } from "./named-kernel.js";
import { rememberFiles } from "./remembered-files.js";

export type FleetKernels = {
	/** The arguments of --kernel: one or two. */
	readonly kernels: readonly string[];
	/** The release that -S names, of a directory with several. */
	readonly release: string | undefined;
	/** The root that -d names, with the kernels of captures that hold digests of their indexes alone. */
	readonly root: string | undefined;
};

export type OpenedSides = { readonly compare: MachineComparer; readonly names: Both<string> };

/** So many configurations are kept, and never twice as many: each takes some 250 KB. */
const LEAST_SIDES = 128;
/** The same for pairs of kernels with a policy, and for kernels that captures bring along, of some 5 MB each. */
const LEAST_BASES = 4;
const LEAST_KERNELS = 4;
/** The same for decisions, of some 500 bytes each. */
const LEAST_DECISIONS = 2 ** 16;

const COMMAND_LINE = "/proc/cmdline";

type Captured = Kernel & ModuleFiles;
type NamedSide = NamedPlace & { readonly side: Answering };

export class FleetSides {
	readonly #machine: Machine;
	readonly #files: CaptureFiles;
	readonly #given: FleetKernels;
	readonly #named = new Map<string, NamedKernel>();
	readonly #kernels = new QuickLRU<string, NamedKernel>({ maxSize: LEAST_KERNELS });
	readonly #sides = new QuickLRU<string, OpenedSides>({ maxSize: LEAST_SIDES });
	readonly #bases = new QuickLRU<string, Promise<AliasDecisions>>({ maxSize: LEAST_BASES });
	readonly #decisions = new KnownDecisions<Decided>(LEAST_DECISIONS);

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
		return `${this.#baseKeyOf(capture)}\0${configurationKey(capture)}`;
	}

	/** @throws an error whose message says why the capture cannot be compared */
	async open(capture: Capture, key: string): Promise<OpenedSides> {
		const { a, b } = await this.#openBoth(capture);
		const baseKey = this.#baseKeyOf(capture);
		const base = this.#bases.get(baseKey) ?? this.#openBase(capture);
		this.#bases.set(baseKey, base);
		const decisions = this.#decide({ a, b }, await base);
		const compare = makeMachineComparer(decisions, a.side.policy);
		const opened = { compare, names: nameSides({ a, b }) };
		this.#sides.set(key, opened);
		return opened;
	}

	/** What the sides have in common with all machines of the same kernels and policy. */
	#baseKeyOf(capture: Capture): string {
		const isOwn = this.#given.kernels.length < 2;
		return `${isOwn ? indexesKey(capture) : ""}\0${rulesKey(capture)}`;
	}

	async #openBase(capture: Capture): Promise<AliasDecisions> {
		return this.#decide(await this.#openBoth(withoutConfiguration(capture)));
	}

	#decide({ a, b }: Both<NamedSide>, base?: AliasDecisions): AliasDecisions {
		return new AliasDecisions({ sides: { a: a.side, b: b.side }, known: this.#decisions, base });
	}

	async #openBoth(capture: Capture): Promise<Both<NamedSide>> {
		const [first = "", second] = this.#given.kernels;
		const a = second === undefined ? await this.#openOwn(capture) : await this.#openWith(capture, first);
		return { a, b: await this.#openWith(capture, second ?? first) };
	}

	async #openWith(capture: Capture, word: string): Promise<NamedSide> {
		return this.#openNamed(capture, await this.#kernel(word, this.#given.release), word);
	}

	/** The machine under its own kernel, whose indexes are in the capture or below the root that -d names. */
	async #openOwn(capture: Capture): Promise<NamedSide> {
		const release = releaseOf(capture);
		const { root } = this.#given;
		if (root !== undefined) {
			const place = `${root}/lib/modules/${release}`;
			if (!isThere(await this.#machine.kernel({ root }), `${place}/modules.dep.bin`))
				throw new StartFailure(`-d ${root} has no modules of its kernel, ${release}`, exitStatus.unable);
			return this.#openNamed(capture, await this.#kernel(place, undefined), ownKernel(release));
		}
		const { modules } = capture;
		if (modules === undefined)
			throw new StartFailure(
				`it does not hold the modules of its kernel: -d DIR names a directory with lib/modules/${release}`,
				exitStatus.unable,
			);
		return this.#openNamed(capture, this.#ownKernel(capture, modules.directory), ownKernel(release));
	}

	/** The kernel that a capture brings along: once for all captures with the same indexes. */
	#ownKernel(capture: Capture, moduleDirectory: string): NamedKernel {
		const key = indexesKey(capture);
		const known = this.#kernels.get(key);
		if (known !== undefined) return known;
		const { kernel } = openCapture({ ...capture, devices: [], files: {} }, this.#files);
		const files = rememberFiles(kernel, moduleDirectory);
		const opened = { moduleDirectory, release: baseName(moduleDirectory), root: "", files };
		this.#kernels.set(key, opened);
		return opened;
	}

	async #openNamed(capture: Capture, named: NamedKernel, place: string): Promise<NamedSide> {
		const { moduleDirectory, release, root } = named;
		const { rulesDirectory = this.#machine.rulesDirectory } = capture;
		const kernel = layOver(await this.#captured(capture), named);
		const none = { dirname: undefined, config: undefined, configPath: [], policy: [] };
		const given = { ...none, setVersion: release, moduleDirectory, dryRun: true };
		const { knowledge: read, policy } = await start(kernel, given, rulesDirectory);
		const knowledge = { ...read, root };
		const kernelBlacklist = readKernelBlacklist(kernel, COMMAND_LINE);
		return {
			side: { knowledge, policy, kernelBlacklist, isFileThere: rememberPaths(fileFinder(kernel, knowledge, true)) },
			name: release,
			place,
		};
	}

	/** The capture's files, and the rules that come with this package. */
	async #captured(capture: Capture): Promise<Captured> {
		// A side that is kept must not keep what it does not need.
		const { kernel } = openCapture(withoutModules(capture), this.#files);
		const host = await this.#machine.kernel();
		const { rulesDirectory = this.#machine.rulesDirectory, files } = capture;
		const named = Object.hasOwn(files, rulesDirectory) ? [] : [rulesDirectory];
		return overlayFiles(kernel, { named, host, modules: undefined });
	}

	async #kernel(word: string, release: string | undefined): Promise<NamedKernel> {
		const known = this.#named.get(word) ?? (await openNamedKernel(this.#machine, word, { release, ofMachine: "" }));
		if (this.#named.has(word)) return known;
		const remembered = { ...known, files: rememberFiles(known.files, known.moduleDirectory) };
		if (this.#named.size < MOST_NAMED) this.#named.set(word, remembered);
		return remembered;
	}
}

/** Kernels of a root that -d names: a fleet has a few dozen. */
const MOST_NAMED = 64;

function withoutModules({ modules: _, ...capture }: Capture): Capture {
	return { ...capture, devices: [] };
}

/** A file that modules need is asked for by each of them. */
function rememberPaths(isThere: (path: string) => boolean): (path: string) => boolean {
	const known = new Map<string, boolean>();
	return (path) => {
		const found = known.get(path);
		if (found !== undefined) return found;
		const asked = isThere(path);
		known.set(path, asked);
		return asked;
	};
}
