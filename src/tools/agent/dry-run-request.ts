// What a dry run is asked for: its form, and what of it is shown. Options that contradict each other are usage errors.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { findState, isFiltering, type RowFilter, stateWords } from "../../agent/telling/row-filter.js";
import type { ColdplugOptions } from "./coldplug-options.js";
import { StartFailure } from "./start-failure.js";

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

/** What a filter asks for, in words, for the message that nothing is like that. */
export function describeFilter({ words, modules, devices, subsystems, states }: RowFilter): string {
	const list = (name: string, some: readonly string[]): readonly string[] =>
		some.length === 0 ? [] : [`${name} ${some.map((one) => `'${one}'`).join(" or ")}`];
	const parts = [
		...list("module, device or subsystem", words),
		...list("module", modules),
		...list("device", devices),
		...list("subsystem", subsystems),
		...list("state", states),
	];
	return parts.join(" with ");
}

const misuse = (line: string): StartFailure => new StartFailure(line, exitStatus.usage);
