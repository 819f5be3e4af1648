// The dry run of the captured machine, planned as the executable does, over depmod's indexes with random damage.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { Batch } from "../../../src/agent/decisions/batch.js";
import { explainLookupProblems, listLookupProblems } from "../../../src/agent/decisions/lookup-problems.js";
import { formatBatch, formatSummary, planDryRun, summarise } from "../../../src/agent/telling/dry-run.js";
import { listRecords } from "../../../src/agent/telling/records.js";
import { MalformedIndex } from "../../../src/libkmod/formats/index-file.js";
import { readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import { modules, readMachine } from "../../support/fakes/captured-machine.js";
import { type Random, seededRandom } from "../../support/worlds/random-numbers.js";
import { filesIn } from "../../support/worlds/world.js";

const ROUNDS = 60;

const moduleDirectory = join(readMachine(), modules);
const names = readdirSync(moduleDirectory);
const whole = new Map(names.map((name) => [`${moduleDirectory}/${name}`, readFileSync(join(moduleDirectory, name))]));
const devices = [...walkDevices(`${readMachine()}/sys`)];

type Damage = (bytes: Buffer, random: Random) => Buffer;

const damages: readonly Damage[] = [
	function cutShort(bytes, random) {
		return bytes.subarray(0, random.below(bytes.length));
	},
	function changeBytes(bytes, random) {
		for (let n = random.below(8); n >= 0; n--) bytes[random.below(bytes.length)] = random.below(256);
		return bytes;
	},
	function overwrite(bytes, random) {
		random.bytes(random.below(200)).copy(bytes, random.below(bytes.length));
		return bytes;
	},
	function leaveOut(bytes, random) {
		const at = random.below(bytes.length);
		return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(64))]);
	},
	/** Redirects children to other nodes, up or down the tree, which makes loops and shared nodes. */
	function redirect(bytes, random) {
		for (let n = random.below(40); n >= 0; n--) {
			const at = 12 + random.below(Math.max(1, bytes.length - 16));
			if (at + 4 <= bytes.length) bytes.writeUInt32BE((0xe0000000 | random.below(bytes.length)) >>> 0, at);
		}
		return bytes;
	},
];

const planned = (batches: readonly Batch[]) => batches.flatMap(({ plan }) => plan.map(({ module }) => module));

/**
 * The batches that the executable would print, with its message about failed lookups; or the error with which it would fail.
 */
function plan(files: ReadonlyMap<string, Buffer>): { batches: readonly Batch[]; problem?: string | undefined } {
	try {
		const knowledge = readKnowledge(filesIn(files), { moduleDirectory });
		const batches = [...planDryRun(knowledge, devices, new Set())];
		return { batches, problem: explainLookupProblems(listLookupProblems(batches)) };
	} catch (error) {
		if (!(error instanceof MalformedIndex)) throw error;
		return { batches: [], problem: error.message };
	}
}

/** Whether each module is in the plan once, after the modules of the plan that it needs. */
function isOrdered({ plan: steps }: Batch): boolean {
	return steps.every(({ module, after }, place) => {
		const places = [module, ...after.map((needed) => needed.module)].map((name) =>
			steps.findIndex((step) => step.module === name),
		);
		return places[0] === place && places.slice(1).every((needed) => needed < place);
	});
}

for (const name of names) {
	test(`${name}, damaged at random, gives a plan or says what is wrong`, (t) => {
		const random = seededRandom(t);
		const path = `${moduleDirectory}/${name}`;
		let problems = 0;
		for (let round = 0; round < ROUNDS; round++) {
			const damage = random.pick(damages);
			const damaged = damage(Buffer.from(whole.get(path)!), random);
			const { batches, problem } = plan(new Map([...whole, [path, damaged]]));
			for (const batch of batches) t.true(isOrdered(batch), damage.name);
			t.is(new Set(planned(batches)).size, planned(batches).length, damage.name);
			const text = batches.map((batch) => formatBatch(batch, true)).join("") + formatSummary(summarise(batches));
			t.true(text.length + JSON.stringify(batches.flatMap(listRecords)).length > 0);
			if (problem === undefined) continue;
			t.regex(problem, /is not a usable index: .*; run depmod to make it anew$/, damage.name);
			problems++;
		}
		t.log(`${problems} of ${ROUNDS} told of a damage`);
		if (name.endsWith("dep.bin") || name.endsWith("alias.bin")) t.true(problems > ROUNDS / 10, `only ${problems}`);
	});
}

test("the captured machine itself has no such problem, and much to load", (t) => {
	const { batches, problem } = plan(whole);
	t.is(problem, undefined);
	t.true(planned(batches).length > 100);
	t.true(batches.every(isOrdered));
});
