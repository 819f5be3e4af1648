// What a thread answers for its lines: records as JSON, rows of a table, counts, and what is lost by its cause. Pure.

import { formatJson } from "../../libkmod/text/byte-strings.js";
import type { Both } from "../comparing/answers.js";
import type { DeviceChange } from "../comparing/device-changes.js";
import { recordMachine } from "../comparing/machine-record.js";
import { addCounts, countMachine, type FleetCounts, noCounts } from "./fleet-records.js";
import {
	cellsOfDriver,
	cellText,
	type DriverCells,
	type FleetRow,
	rowOfDevice,
	rowWithoutDevice,
} from "./fleet-table.js";
import type { FleetChange } from "./machine-comparer.js";

/** What is asked of a thread. What is not asked for is not made. */
export type FleetAsked = { readonly json: boolean; readonly rows: boolean; readonly causes: boolean };

/** A thread's answer for a batch of lines. */
export type FleetAnswer = {
	/** JSON lines. */
	readonly json: Uint8Array<ArrayBuffer>;
	readonly rows: readonly FleetRow[];
	readonly counts: FleetCounts;
	readonly causes: readonly CauseCount[];
	readonly unusable: readonly { readonly line: number; readonly problem: string }[];
};

/** Devices that change in the same way for the same cause. */
export type CauseCount = {
	readonly change: string;
	/** Names of the modules that serve the device no more, joined by ", ". */
	readonly lost: string;
	/** The same of those that did not serve it before. */
	readonly gained: string;
	readonly cause: string;
	devices: number;
	machines: number;
	/** The first line with such a device. */
	readonly line: number;
};

/** The line of a machine, and what tells the machine. */
export type FleetLine = {
	readonly line: number;
	/** Undefined for a line that was not kept. */
	readonly machine: string | undefined;
	readonly release?: string | undefined;
	readonly devices: number;
};

/** What is made of a change once, for all devices of the same aliases. */
type Prepared = {
	/** The JSON of a driver's record before and after the device's path. */
	readonly json: readonly [string, string];
	readonly cells: DriverCells;
	readonly cause: Omit<CauseCount, "devices" | "machines" | "line"> & { readonly key: string };
};

export class FleetAnswers {
	readonly #asked: FleetAsked;
	/** By change, which belongs to two sides of the same names for ever. */
	readonly #prepared = new WeakMap<DeviceChange, Prepared>();
	#json: string[] = [];
	#rows: FleetRow[] = [];
	#counts = noCounts;
	#causes = new Map<string, CauseCount>();
	#unusable: { readonly line: number; readonly problem: string }[] = [];

	constructor(asked: FleetAsked) {
		this.#asked = asked;
	}

	addMachine(of: FleetLine, changes: readonly FleetChange[], names: Both<string>): void {
		const { loses, gains, changes: changed, moves } = countWords(changes);
		this.#counts = addCounts(this.#counts, countMachine({ loses, gains, changes: changed }));
		const prepared = changes.map(({ change }) => this.#prepare(change, names));
		if (this.#asked.json) {
			const { line, machine, release, devices } = of;
			const head = formatJson({
				kind: "machine",
				line,
				machine,
				release,
				devices,
				loses,
				gains,
				changes: changed,
				moves,
			});
			const drivers = changes.map(({ devpath }, at) => prepared[at]!.json.join(formatJson(devpath)));
			this.#json.push(`${head.slice(0, -1)},"drivers":[${drivers.join(",")}]}\n`);
		}
		if (this.#asked.rows) this.#addRows(of, changes, prepared);
		if (this.#asked.causes) this.#addCauses(of.line, prepared);
	}

	addUnusable({ line, machine }: Pick<FleetLine, "line" | "machine">, problem: string): void {
		this.#counts = addCounts(this.#counts, { ...noCounts, unusable: 1 });
		if (this.#asked.json) this.#json.push(`${formatJson({ kind: "unusable", line, machine, problem })}\n`);
		if (this.#asked.rows)
			this.#rows.push(rowWithoutDevice({ line, machine: machine ?? null, release: null }, "unusable", problem));
		this.#unusable.push({ line, problem });
	}

	/** The answer for all that was added since the last call. */
	take(): FleetAnswer {
		const taken = {
			json: new Uint8Array(Buffer.from(this.#json.join(""), "latin1")),
			rows: this.#rows,
			counts: this.#counts,
			causes: [...this.#causes.values()],
			unusable: this.#asked.json ? [] : this.#unusable,
		};
		this.#json = [];
		this.#rows = [];
		this.#counts = noCounts;
		this.#causes = new Map();
		this.#unusable = [];
		return taken;
	}

	#prepare(change: DeviceChange, names: Both<string>): Prepared {
		const known = this.#prepared.get(change) ?? prepare(change, names);
		this.#prepared.set(change, known);
		return known;
	}

	#addRows({ line, machine = "", release }: FleetLine, changes: readonly FleetChange[], prepared: readonly Prepared[]) {
		const head = { line, machine, release: release === undefined ? null : cellText(release) };
		if (changes.length === 0) this.#rows.push(rowWithoutDevice(head, "none", null));
		changes.forEach(({ devpath }, at) => {
			this.#rows.push(rowOfDevice(head, devpath, prepared[at]!.cells));
		});
	}

	#addCauses(line: number, prepared: readonly Prepared[]): void {
		const seen = new Set<string>();
		for (const { cause } of prepared) {
			const { key, ...told } = cause;
			const count = this.#causes.get(key) ?? { ...told, devices: 0, machines: 0, line };
			this.#causes.set(key, count);
			count.devices++;
			if (!seen.has(key)) count.machines++;
			seen.add(key);
		}
	}
}

function countWords(changes: readonly FleetChange[]) {
	const counts = { loses: 0, gains: 0, changes: 0, moves: 0 };
	for (const { change } of changes) counts[change.change]++;
	return counts;
}

function prepare(change: DeviceChange, names: Both<string>): Prepared {
	const [record] = recordMachine("", [change], names).drivers;
	if (record === undefined) throw new Error("a change without a record");
	const { change: word, device: _, ...rest } = record;
	const lost = listOthers(record.before, record.after);
	const gained = listOthers(record.after, record.before);
	const cause = record.cause ?? "";
	return {
		json: [`{"change":${formatJson(word)},"device":`, `,${formatJson(rest).slice(1)}`],
		cells: cellsOfDriver(record),
		cause: { change: word, lost, gained, cause, key: [word, lost, gained, cause].join("\0") },
	};
}

/** The modules that are not among the others, joined by ", ". */
const listOthers = (modules: readonly string[], others: readonly string[]): string =>
	modules.filter((module) => !others.includes(module)).join(", ");
