// What a dry run is asked for: its form, and what of it is shown. Options that contradict each other are usage errors.

import type { RowState } from "../../agent/telling/device-rows.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { findState, isFiltering, type RowFilter, stateWords } from "../../agent/telling/row-filter.js";
import { StartFailure } from "../agent/start-failure.js";
import type { ColdplugOptions } from "./coldplug-options.js";

/** @throws {StartFailure} when options exclude each other, need --dry-run, or name no state */
export function refuseMisuse(given: ColdplugOptions): void {
	const forms = (["json", "order", "tree", "dot"] as const).filter((form) => given[form]).map((form) => `--${form}`);
	if (forms.length > 1) throw misuse(`${forms.join(" and ")} exclude each other`);
	const filter = filterOf(given);
	if (given.dryRun) return;
	const [word] = given.words;
	if (word !== undefined)
		throw misuse(`unexpected argument '${word}': without --dry-run all devices get their modules`);
	const form = forms.find((one) => one !== "--json");
	if (form !== undefined) throw misuse(`${form} needs --dry-run`);
	if (given.cold) throw misuse("--cold needs --dry-run: what is loaded is not loaded again");
	if (isFiltering(filter)) throw misuse("--module, --device, --subsystem and --state need --dry-run");
}

/** @throws {StartFailure} when a state is none */
export function filterOf({ words, module, device, subsystem, state }: ColdplugOptions): RowFilter {
	const states = state.map((word) => {
		const parsed = findState(word);
		if (parsed !== undefined) return parsed;
		throw misuse(`'${word}' is no state: the states are ${stateWords.join(", ")}`);
	});
	return { words, modules: module, devices: device, subsystems: subsystem, states };
}

/** The sentence for a filter that nothing meets, with its words as they were given. */
export function describeNothing({ words, module, device, subsystem, state, dirname, sysfs }: ColdplugOptions): string {
	const none = `no device of ${dirname === undefined && sysfs === undefined ? "this" : "that"} machine`;
	const isOfModules = state.map(findState).some((one) => one !== undefined && !deviceStates.has(one));
	const filters: readonly (readonly [given: readonly string[], option: string, alone: (some: string) => string])[] = [
		[words, "", (some) => `${none} is called ${some}, is in a subsystem or asks for a module of that name`],
		[module, "--module ", (some) => `${none} asks for the module ${some}`],
		[device, "--device ", (some) => `${none} has the path or address ${some}`],
		[subsystem, "--subsystem ", (some) => `${none} is in the subsystem ${some}`],
		[
			state,
			"--state ",
			(some) => `${none}${isOfModules ? ", and no module that one asks for," : ""} is in the state ${some}`,
		],
	];
	const asked = filters.filter(([given]) => given.length > 0);
	const [only] = asked;
	if (asked.length === 1 && only !== undefined) return only[2](only[0].join(" or "));
	const options = asked.flatMap(([given, option]) => given.map((word) => option + word));
	return `${none} meets all that is asked for: ${options.join(" ")}`;
}

const deviceStates: ReadonlySet<RowState> = new Set(["not bound", "firmware missing", "no driver", "no module"]);

const misuse = (line: string): StartFailure => new StartFailure(line, exitStatus.usage);
