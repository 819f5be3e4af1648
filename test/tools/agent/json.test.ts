// What the agent's commands print with --json, and the agent's log, are as the schemas say, which are made from the types: see
// test/project/schemas.test.ts.
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import test from "ava";
import { formatCapture } from "../../../src/agent/capture/capture-format.js";
import type { CheckRecord, ColdplugRecord, CompareRecord, FleetRecord } from "../../../src/index.js";
import { compileSchema, type Schema } from "../../support/project/json-schema.js";
import { listMet, listUnmet } from "../../support/project/met-properties.js";
import { leftRequest, outcomesAndCommands, trouble } from "../../support/scenes/agent-scenes.js";
import { boots } from "../../support/scenes/boot-scenes.js";
import { fullCapture } from "../../support/scenes/capture-scenes.js";
import { checkWithProblems } from "../../support/scenes/check-scenes.js";
import {
	dryRun,
	dryRunOfCapturedMachine,
	dryRunOnDamagedIndexes,
	realRun,
	realRunInTrouble,
} from "../../support/scenes/coldplug-scenes.js";
import {
	allowedModules,
	damagedKernel,
	lackingCapture,
	namedDevice,
	twoMachines,
} from "../../support/scenes/compare-scenes.js";
import {
	afterLoading,
	answerOfAgent,
	beforeLoading,
	damagedIndex,
	lastAnswers,
	otherKernel,
	unbound,
	withoutDevices,
} from "../../support/scenes/explain-scenes.js";
import { changedMachine } from "../../support/scenes/fleet-scenes.js";
import { refusedRuns } from "../../support/scenes/refusal-scenes.js";
import { blameOf } from "../../support/scenes/timeline-scenes.js";

type Row = {
	/** Makes the lines. */
	readonly print: () => Promise<readonly string[]>;
	/** The kinds of records, where a field tells them: the compiler holds that they are the type's. */
	readonly kinds?: Readonly<Record<string, true>>;
	/** Places of the schema that no line has, and why. */
	readonly unmet?: Readonly<Record<string, string>>;
};

const coldplugKinds: Readonly<Record<ColdplugRecord["kind"], true>> = {
	...{ step: true, decision: true, summary: true, listening: true, walked: true, outcome: true, hung: true },
	...{ stuck: true, lost: true, refused: true, deaf: true, blind: true, skipped: true, settled: true, unended: true },
};
const checkKinds: Readonly<Record<CheckRecord["kind"], true>> = { checked: true, problem: true, summary: true };

const compareKinds: Readonly<Record<CompareRecord["kind"], true>> = {
	...{ device: true, module: true, skipped: true, summary: true, need: true, boot: true },
};

const fleetKinds: Readonly<Record<FleetRecord["kind"], true>> = { machine: true, unusable: true, summary: true };

const inTrouble = trouble();
const loading = Promise.all([realRun(), realRunInTrouble()]);
const timelines = async (): Promise<readonly string[]> => (await loading).map(({ timeline }) => timeline);

const names = readdirSync("schemas").map((name) => basename(name, ".json"));

const rows: Readonly<Record<string, Row>> = {
	coldplug: {
		print: async () => [
			...(await Promise.all([dryRun(), dryRunOnDamagedIndexes(), dryRunOfCapturedMachine(), refusedRuns()])),
			...(await loading).map(({ printed }) => printed),
		],
		kinds: coldplugKinds,
		unmet: {
			"$defs/Cause/oneOf/1/properties/kind": "a module that is asked for by its name, as by modprobe",
			"$defs/Evidence/oneOf/10/properties/kind": "no hardware: the result `no device` says so",
			"$defs/Evidence/oneOf/12/properties/kind": "no file: that is told before anybody tries",
			"$defs/Evidence/oneOf/12/properties/path": "the same",
		},
	},
	compare: {
		print: () =>
			Promise.all([twoMachines(), allowedModules(), damagedKernel(), lackingCapture(), namedDevice(), boots()]),
		kinds: compareKinds,
	},
	fleet: { print: async () => [await changedMachine()], kinds: fleetKinds },
	check: { print: async () => [await checkWithProblems()], kinds: checkKinds },
	log: { print: async () => [await leftRequest(), await outcomesAndCommands(), (await inTrouble).log] },
	status: { print: async () => [(await inTrouble).status] },
	explain: {
		print: () =>
			Promise.all([
				...[beforeLoading(), afterLoading(), unbound(), lastAnswers()],
				...[answerOfAgent(), withoutDevices(), otherKernel(), damagedIndex()],
			]),
		unmet: {
			"$defs/Evidence/oneOf/10/properties/kind": "no hardware: an obstacle of its own, `no device`",
			"$defs/Evidence/oneOf/12/properties/kind": "no file: an obstacle of its own, `missing file`",
			"$defs/Evidence/oneOf/12/properties/path": "the same",
		},
	},
	timeline: { print: timelines },
	capture: { print: async () => [formatCapture(fullCapture)] },
	blame: { print: async () => Promise.all((await timelines()).map(blameOf)) },
};

test("every schema is of something that is printed here, or by the kmod tools", (t) => {
	const others = names.filter((name) => !/^(?:lsmod|modinfo|modprobe-.*)$/.test(name));
	t.deepEqual(others.toSorted(), Object.keys(rows).toSorted());
});

for (const [name, { print, kinds, unmet = {} }] of Object.entries(rows)) {
	test(`every record of ${name} is as its schema says, and all that the schema speaks of occurs`, async (t) => {
		const schema: Schema = JSON.parse(readFileSync(`schemas/${name}.json`, "utf8"));
		const records = (await print()).join("").trimEnd().split("\n").map(parseLine);
		const findFaults = compileSchema(schema);
		for (const record of records) {
			t.deepEqual(findFaults(record), [], JSON.stringify(record));
			t.truthy(listMet(schema, record), JSON.stringify(record));
		}
		t.deepEqual(listUnmet(schema, records), Object.keys(unmet));
		if (kinds === undefined) return;
		t.deepEqual([...new Set(records.map(({ kind }) => kind))].sort(), Object.keys(kinds).sort());
		t.deepEqual(listKinds(schema), Object.keys(kinds).sort());
	});
}

/** Lines are UTF-8, and a machine in memory keeps them as bytes. */
const parseLine = (line: string): Readonly<Record<string, unknown>> =>
	JSON.parse(Buffer.from(line, "latin1").toString());

/** The kinds of the records of a schema, whose definitions are named after the records. */
function listKinds(schema: Schema): readonly string[] {
	const parts = Object.entries(schema.$defs as Readonly<Record<string, Schema>>);
	const records = parts.filter(([name]) => name.endsWith("Record")).map(([, part]) => part);
	return [...new Set(records.flatMap(kindsOf))].sort();
}

function kindsOf({ oneOf = [], properties }: Schema): readonly string[] {
	const { kind } = (properties ?? {}) as { readonly kind?: { readonly const?: string; readonly enum?: string[] } };
	return [...(kind?.enum ?? [kind?.const ?? []].flat()), ...(oneOf as readonly Schema[]).flatMap(kindsOf)];
}
