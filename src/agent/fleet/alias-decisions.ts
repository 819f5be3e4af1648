// What two sides make of devices by their aliases, each list of aliases decided once. Pure.

import { planInsertion, type Wanted } from "../../libkmod/planning/plan-insertion.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { Both, DeviceAnswer, ModulesOfSide, SideKey } from "../comparing/answers.js";
import { comparePair, type DeviceChange } from "../comparing/device-changes.js";
import { isKeptFromDevice, type PlannedModule, planWanted, withLoaded } from "../comparing/side-plan.js";
import { type Answerer, type Answering, makeAnswerer, modulesOf } from "../comparing/sides.js";
import { type Decider, listWanted, makeDecider } from "../decisions/decider.js";
import { aliasesOf } from "./alias-key.js";
import type { KnownDecisions } from "./known-decisions.js";
import { findTouches, TouchedNumbers, type Touches } from "./touched-modules.js";

type Loaded = ReadonlyMap<string, PlannedModule>;

/** What two sides make of a device. */
export type Decided = {
	/** Those that have decided: the base where a configuration has nothing to do with the device. */
	readonly by: AliasDecisions;
	/** The number of this among all that these decisions have made. */
	readonly number: number;
	readonly answers: Both<DeviceAnswer>;
	/** What becomes of the device, if no other device changes that. */
	readonly change: DeviceChange | null;
	/** Modules that are kept from the device, and serve it all the same where another device has them loaded. */
	readonly awaited: Both<readonly string[]>;
	/** What each side loads, for each module that it asks for: found when that is asked for. */
	loaded?: Both<readonly Loaded[]>;
	/** All modules that the device brings on either side, whether or not they are kept out: made when they are asked for. */
	modules?: readonly string[];
	/** What becomes of the device where some awaited modules are loaded, by their names. */
	changes?: Map<string, DeviceChange | null>;
};

export type DecisionOptions = {
	readonly sides: Both<Answering>;
	/** May be shared by all decisions of a thread, since it is what takes memory. */
	readonly known: KnownDecisions<Decided>;
	/** Decisions for the same kernels and policy, without a configuration of modprobe's. */
	readonly base?: AliasDecisions | undefined;
};

/** `known` remembers the answers: the two sides need not. */
const LEAST_REMEMBERED = 64;

const NOTHING: readonly Loaded[] = [];

const NOWHERE: PresentDevice = { devpath: "", aliases: [] };

export class AliasDecisions {
	readonly #options: DecisionOptions;
	readonly #answer: Both<Answerer>;
	readonly #kernels: Both<ModulesOfSide>;
	readonly #touches: Touches;
	/** By the number of what the base has decided. */
	readonly #touched = new TouchedNumbers();
	#made = 0;
	readonly #decide: Both<Decider>;
	/** By module: what comes with it, and what of that is loaded. A kernel has some thousand modules. */
	readonly #brought = { a: new Map<string, readonly string[]>(), b: new Map<string, readonly string[]>() };
	readonly #loaded = { a: new Map<string, Loaded>(), b: new Map<string, Loaded>() };

	constructor(options: DecisionOptions) {
		const { a, b } = options.sides;
		this.#options = options;
		this.#answer = {
			a: makeAnswerer(a, undefined, LEAST_REMEMBERED),
			b: makeAnswerer(b, undefined, LEAST_REMEMBERED),
		};
		this.#kernels = { a: modulesOf(a), b: modulesOf(b) };
		this.#decide = { a: deciderFor(a), b: deciderFor(b) };
		// Both have the same lines.
		this.#touches = findTouches(a);
	}

	/** For devices that no rule of policy is about. */
	ofAliases(key: string): Decided {
		const { base, known } = this.#options;
		const general = base?.ofAliases(key);
		if (general !== undefined && !this.#isTouched(key, general)) return general;
		const found = known.get(this, key);
		if (found !== undefined) return found;
		const decided = this.ofDevice({ ...NOWHERE, aliases: aliasesOf(key) });
		known.set(this, key, decided);
		return decided;
	}

	/** For one device, whatever policy says of it. */
	ofDevice(device: PresentDevice): Decided {
		const answers = { a: this.#answer.a(device), b: this.#answer.b(device) };
		const awaited = { a: listAwaited(answers.a), b: listAwaited(answers.b) };
		return { by: this, number: this.#made++, answers, change: this.#compare(device, answers), awaited };
	}

	/** Whether the configuration has to do with the aliases of a key, about which the base has decided. */
	#isTouched(key: string, general: Decided): boolean {
		return this.#touched.ask(general.number, () => this.#touches(aliasesOf(key), general.by.modulesOf(general)));
	}

	/** How a module is loaded on a side for a device. Undefined when the device does not bring it. */
	loadedFor(decided: Decided, device: PresentDevice, side: SideKey, module: string): PlannedModule | undefined {
		decided.loaded ??= {
			a: decided.by.#listLoaded(device, "a"),
			b: decided.by.#listLoaded(device, "b"),
		};
		for (const loaded of decided.loaded[side]) {
			const planned = loaded.get(module);
			if (planned !== undefined) return planned;
		}
		return undefined;
	}

	#listLoaded(device: PresentDevice, side: SideKey): readonly Loaded[] {
		const wanted = listWanted(this.#decide[side](device));
		return wanted.length === 0 ? NOTHING : wanted.map((one) => this.#loadedBy(one, side));
	}

	#loadedBy(wanted: Wanted, side: SideKey): Loaded {
		const known = this.#loaded[side].get(wanted.module);
		if (known !== undefined) return known;
		const { loaded } = planWanted(this.#options.sides[side], [wanted]);
		this.#loaded[side].set(wanted.module, loaded);
		return loaded;
	}

	/** What becomes of a device, given modules that other devices have loaded. */
	changeOf(decided: Decided, device: PresentDevice, loaded: Both<Loaded>): DeviceChange | null {
		const coming = listComing(decided, loaded);
		if (coming === "") return decided.change;
		decided.changes ??= new Map();
		const known = decided.changes.get(coming);
		if (known !== undefined) return known;
		const change = this.#compare(device, {
			a: withLoadedAnswer(decided.answers.a, loaded.a),
			b: withLoadedAnswer(decided.answers.b, loaded.b),
		});
		decided.changes.set(coming, change);
		return change;
	}

	/** All modules that a device of these aliases brings, with what they need and come with. */
	modulesOf(decided: Decided): readonly string[] {
		decided.modules ??= decided.by.#listModules(decided.answers);
		return decided.modules;
	}

	#compare({ devpath, aliases }: PresentDevice, { a, b }: Both<DeviceAnswer>): DeviceChange | null {
		const pair = { a: { devpath, aliases, answer: a }, b: { devpath, aliases, answer: b } };
		return comparePair(pair, this.#kernels) ?? null;
	}

	#listModules(answers: Both<DeviceAnswer>): readonly string[] {
		const modules = new Set<string>();
		for (const side of ["a", "b"] as const)
			for (const { module } of [...answers[side].serving, ...answers[side].keptOut])
				for (const brought of this.#broughtBy(module, side)) modules.add(brought);
		return [...modules];
	}

	#broughtBy(module: string, side: SideKey): readonly string[] {
		const known = this.#brought[side].get(module);
		if (known !== undefined) return known;
		const steps = planInsertion(this.#options.sides[side].knowledge, [{ module, cause: { kind: "name" } }]);
		const brought = steps.map((step) => step.module);
		this.#brought[side].set(module, brought);
		return brought;
	}
}

const deciderFor = ({ knowledge, policy }: Answering): Decider =>
	makeDecider(knowledge, policy, undefined, LEAST_REMEMBERED);

const NONE: readonly string[] = [];

function listAwaited({ keptOut }: DeviceAnswer): readonly string[] {
	if (keptOut.length === 0) return NONE;
	return keptOut.filter(({ by }) => isKeptFromDevice(by)).map(({ module }) => module);
}

/** The awaited modules that are loaded, as one text. */
function listComing({ awaited }: Decided, loaded: Both<Loaded>): string {
	const coming = (side: SideKey) => awaited[side].filter((module) => loaded[side].has(module)).map((one) => side + one);
	return [...coming("a"), ...coming("b")].join(" ");
}

function withLoadedAnswer(answer: DeviceAnswer, loaded: Loaded): DeviceAnswer {
	return withLoaded({ devpath: "", aliases: [], answer }, { loaded }).answer;
}
