// hotplugd explain of every device and every module of the captured machine: first line, status, JSON and text say the same.

import { readFileSync } from "node:fs";
import test from "ava";
import type { ExplanationRecord } from "../../../src/agent/telling/explanation-record.js";
import { listEntries, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import { capturedFile, modules as directory, readMachine } from "../../support/fakes/captured-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { compileSchema, type Schema } from "../../support/project/json-schema.js";

const path = `${readMachine()}/${directory}/modules.dep.bin`;
const modules = Array.from(listEntries(openIndex(path, readFileSync(path))), ({ key }) => key);
const devices = [...walkDevices(`${readMachine()}/sys`)].map(({ devpath }) => devpath);
const words = [...devices, ...modules];

const machine = ["--machine", capturedFile];

async function ask(...more: readonly string[]) {
	const { status, stdout, stderr } = await ourTool("explain", ...machine, ...more);
	return { status, lines: stdout.trimEnd().split("\n"), stderr };
}

const asJson = ask("--json", ...words);
const asText = ask(...words);
const recordsOf = (lines: readonly string[]) => lines.map((line): ExplanationRecord => JSON.parse(line));

/** By kind: the status, and what the first line says. */
const kinds: Readonly<Record<string, readonly [status: number, says: RegExp]>> = {
	bound: [0, /: (?:loaded and )?bound: /],
	live: [0, /[: ]loaded: /],
	unbound: [4, /[: ]loaded, not bound/],
	wanted: [3, /would be loaded(?: by its install line \S+:\d+)?: /],
	"kept out": [5, /[: ]not loaded: .*\/example\.conf:\d/],
	"no driver": [6, /: no driver: no module of \S+ has a pattern for /],
	"no need": [0, /: needs no (?:driver|module): /],
};

test("every device and every module of the captured machine has one answer, and nothing is complained of", async (t) => {
	t.true(devices.length > 100, `${devices.length}`);
	t.true(modules.length > 100, `${modules.length}`);
	const { lines, stderr } = await asJson;
	t.deepEqual(
		recordsOf(lines).map(({ subject }) => subject.word),
		words,
	);
	t.is(stderr + (await asText).stderr, "");
});

test("the first line, the status and the judgement agree, and the worst status is the command's", async (t) => {
	const { lines, status: worst } = await asJson;
	const records = recordsOf(lines);
	const wrong = records.filter(({ answer, status, judgement }) => {
		const [expected, says] = kinds[judgement.kind] ?? [];
		return status !== expected || !says?.test(answer) || /undefined|\bNaN\b|\[object/.test(answer);
	});
	t.deepEqual(
		wrong.map(({ answer, status, judgement }) => [judgement.kind, status, answer]),
		[],
	);
	t.deepEqual([...new Set(records.map(({ judgement }) => judgement.kind))].toSorted(), Object.keys(kinds).toSorted());
	t.is(worst, 6);
});

/** Columns: the subject's path, two shortened aliases, and the words between them. */
const LONGEST_ANSWER = 320;

test("the text has the answer of each record as its first line, which is not long", async (t) => {
	const { lines, status } = await asText;
	const firsts = lines.filter((line) => !line.startsWith(" "));
	t.deepEqual(
		firsts,
		recordsOf((await asJson).lines).map(({ answer }) => answer),
	);
	t.is(
		firsts.find(({ length }) => length > LONGEST_ANSWER),
		undefined,
	);
	t.is(
		lines.find((line) => /undefined|\bNaN\b|\[object/.test(line)),
		undefined,
	);
	t.is(status, 6);
});

test("each line of JSON is as the schema says", async (t) => {
	const schema: Schema = JSON.parse(readFileSync("schemas/explain.json", "utf8"));
	t.deepEqual(recordsOf((await asJson).lines).flatMap(compileSchema(schema)), []);
});

test("any directory above a device of the walk is a subject", async (t) => {
	const above = new Set(devices.flatMap((devpath) => devpath.split("/").slice(2, -1)));
	t.true(above.has("1-4.1") && above.has("usb1"));
	const { lines, status } = await ask("--json", ...above);
	t.deepEqual(
		recordsOf(lines).flatMap(({ status: own, answer }) => (own === 1 ? [answer] : [])),
		[],
	);
	t.is(status, 6);
});
