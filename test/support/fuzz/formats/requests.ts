// Requests to the agent, its companion and its insertion process, and their replies; the spool.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
	type CompanionReply,
	formatCompanionReply,
	parseCompanionReply,
	parseCompanionRequest,
} from "../../../../src/agent/commands/companion.js";
import { parseObjectLine } from "../../../../src/agent/control/json-line.js";
import {
	formatControlRequest,
	formatLoadLine,
	LONGEST_ALIAS_BYTES,
	LONGEST_LINE_BYTES,
	parseControlRequest,
	parseLoadLine,
} from "../../../../src/agent/control/protocol.js";
import { parseControlReply } from "../../../../src/agent/control/replies.js";
import { MOST_MARKS, MOST_MODULES } from "../../../../src/agent/timeline/timeline.js";
import { formatSvg } from "../../../../src/agent/timeline/timeline-svg.js";
import { formatBlame, formatCriticalChain, listBlame } from "../../../../src/agent/timeline/timeline-text.js";
import { textOf } from "../../../../src/libkmod/text/byte-strings.js";
import { readingLines } from "../../../../src/linux/modules/insertion-protocol.js";
import { takeSpooled } from "../../../../src/linux/service/request-spool.js";
import { parseTimelineFile } from "../../../../src/tools/agent/timeline-source.js";
import { findXmlFault } from "../../project/strict-xml.js";
import { sampleTimeline } from "../../running/agent-timeline.js";
import type { Random } from "../../worlds/random-numbers.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const alias = (random: Random): string => random.text(["pci:v00008086", "*", "\\", "\xe9", '"', "snd", "-"], 1, 4);
const commands = ["status", "reload", "stop", "metrics", "timeline", "settle", "load"] as const;

const jsonWords = [
	'{"command":"load"}',
	'"alias"',
	'"for"',
	'"wait"',
	'"kernel"',
	'"timeout_milliseconds"',
	"-1",
	"1.5",
	"2147483648",
	"\\u0000",
	"\\ud800",
	"null",
	"[]",
];

const controlRequest: FuzzFormat = {
	name: "control requests",
	sources: ["src/agent/control/protocol.ts", "src/agent/control/json-line.ts"],
	readers: ["parseControlRequest", "parseObjectLine"],
	accepted: "a request, the same when written again",
	refused: "a sentence",
	kind: "text",
	words: jsonWords,
	sound: 1,
	sample(random) {
		const command = random.pick(commands);
		if (command === "load")
			return Buffer.from(
				formatControlRequest({
					command,
					alias: alias(random),
					for: random.pick(["kernel", "user"] as const),
					wait: random.below(2) === 0,
				}).slice(0, -1),
			);
		if (command === "settle") return latin1(JSON.stringify({ command, timeout_milliseconds: random.below(99_999) }));
		return latin1(JSON.stringify({ command }));
	},
	read(input) {
		const request = parseControlRequest(input);
		if (typeof request === "string") {
			expect(request.length > 0 && request.length < 300, `a sentence of ${request.length} characters`);
			return "refused";
		}
		expectSame(
			parseControlRequest(formatControlRequest(request).slice(0, -1)),
			request,
			"what is written again is read otherwise",
		);
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of a line",
			n: LONGEST_LINE_BYTES,
			make: (n) => latin1('{"command":"status"}'.padEnd(n)),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of an alias",
			n: LONGEST_ALIAS_BYTES,
			make: (n) => latin1(JSON.stringify({ command: "load", alias: "a".repeat(n) })),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "milliseconds of a wait",
			n: 2 ** 31 - 1,
			make: (n) => latin1(`{"command":"settle","timeout_milliseconds":${n}}`),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "milliseconds of no wait",
			n: -1,
			make: (n) => latin1(`{"command":"settle","timeout_milliseconds":${n}}`),
			within: "refused",
			beyond: "accepted",
		},
	],
};

const controlReply: FuzzFormat = {
	name: "control replies",
	sources: ["src/agent/control/replies.ts", "src/agent/control/json-line.ts"],
	readers: ["parseControlReply", "parseObjectLine"],
	accepted: "an answer of the command's types",
	refused: "a sentence",
	kind: "text",
	words: [
		...jsonWords,
		'"ok":true',
		'"ok":false,"error":"no"',
		'"settled"',
		'"waiting_for"',
		'"result"',
		'"explanation"',
	],
	sound: 2,
	sample: (random) =>
		latin1(
			random.pick([
				'{"ok":true,"settled":true,"waiting_for":["a"],"not_waited_for":[]}',
				'{"ok":true,"problems":0}',
				'{"ok":true,"result":"done","explanation":"it is live"}',
				'{"ok":true}',
				'{"ok":true,"text":"# HELP x"}',
			]),
		),
	read(input) {
		const command =
			commands.find((one) => one !== "stop" && typeof parseControlReply(one, input) !== "string") ?? "stop";
		const reply = parseControlReply(command, input);
		if (typeof reply === "string") return "refused";
		expect(parseObjectLine(input)?.ok === true, "an answer that does not say that it is one");
		return "accepted";
	},
	limits: [],
};

const timelineFile: FuzzFormat = {
	name: "timelines in a file",
	sources: ["src/agent/timeline/timeline-reading.ts"],
	readers: ["parseTimelineFile", "checkTimeline"],
	accepted: "a timeline of which picture and lists can be made",
	refused: "a sentence",
	kind: "text",
	words: [
		'"until":',
		'"begun":',
		'"module":"',
		'"permit"',
		"1e999",
		"-1",
		"null",
		"[]",
		"{}",
		"\\u001b",
		"\\ud800",
		"&",
		"<",
	],
	sound: 2,
	sample(random) {
		const modules = sampleTimeline.modules.filter(() => random.below(3) > 0);
		return latin1(JSON.stringify({ ...sampleTimeline, modules: modules.slice(0, 2), marks: [] }));
	},
	read(input) {
		const timeline = parseTimelineFile(input, "x.json");
		if (typeof timeline === "string") {
			expect(timeline.startsWith("x.json: ") && timeline.length < 300, `a sentence of ${timeline.length} characters`);
			return "refused";
		}
		// A picture of the most modules takes longer than one input may.
		if (timeline.modules.length > 20) return "accepted";
		const fault = findXmlFault(textOf(formatSvg(timeline)));
		expect(fault === undefined, `a picture that is no XML: ${fault}`);
		formatBlame(listBlame(timeline));
		formatCriticalChain(timeline);
		return "accepted";
	},
	limits: [
		{
			bound: "marks",
			n: MOST_MARKS,
			make: (n) =>
				latin1(JSON.stringify({ ...sampleTimeline, modules: [], marks: Array(n).fill({ kind: "deaf", at: 1 }) })),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "modules",
			n: MOST_MODULES,
			make: (n) => latin1(JSON.stringify({ ...sampleTimeline, modules: Array(n).fill(sampleTimeline.modules[0]) })),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const loadLine: FuzzFormat = {
	name: "lines of the load socket",
	sources: ["src/agent/control/protocol.ts"],
	readers: ["parseLoadLine"],
	accepted: "a request, the same when written again",
	refused: "a sentence",
	kind: "text",
	words: ["k ", "w ", "n ", "x ", "\n", "\0"],
	sound: 1,
	sample: (random) => latin1(`${random.pick("kwn")} ${alias(random)}`),
	read(input) {
		const request = parseLoadLine(input);
		if (typeof request === "string") return "refused";
		expectSame([...formatLoadLine(request).subarray(0, -1)], [...input], "what is written again is not the same");
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of an alias",
			n: LONGEST_ALIAS_BYTES,
			make: (n) => latin1(`w ${"a".repeat(n)}`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const companionRequest: FuzzFormat = {
	name: "requests to the companion",
	sources: ["src/agent/commands/companion.ts"],
	readers: ["parseCompanionRequest"],
	accepted: "a module's name, or a rule's place and its device's environment",
	refused: "undefined",
	kind: "text",
	words: ["tell ", "install ", "rule ", '"environment":{}', '"LD_PRELOAD":"/x"', '"line":1.5', "../x", "-C"],
	sound: 2,
	sample: (random) =>
		latin1(
			random.pick(["", "tell "]) +
				random.pick([
					"install snd_hda-intel",
					"install a.b",
					`rule ${JSON.stringify({ file: "/etc/x.toml", line: random.below(9), environment: { ACTION: "add", DEVPATH: "/x" } })}`,
				]),
		),
	read(input) {
		const request = parseCompanionRequest(input);
		if (request === undefined) return "refused";
		if (request.kind === "install")
			expect(/^[\w.,+:@-]{1,255}$/.test(request.module) && !/^[.-]/.test(request.module), "a name that is none");
		else
			for (const [key, value] of Object.entries(request.environment))
				expect(!/^(?:LD_|BASH|PYTHON)/.test(key) && typeof value === "string", `an environment that has ${key}`);
		return "accepted";
	},
	limits: [
		{
			bound: "characters of a name",
			n: 255,
			make: (n) => latin1(`install ${"a".repeat(n)}`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const companionReply: FuzzFormat = {
	name: "replies of the companion",
	sources: ["src/agent/commands/companion.ts"],
	readers: ["parseCompanionReply"],
	accepted: "how it ended, the same when written again",
	refused: "undefined",
	kind: "text",
	words: ["none", "failed", '"timedOut":true', '"exitStatus":1', "null", "-1", "256"],
	sound: 1,
	sample: (random) => {
		const replies: readonly CompanionReply[] = [
			random.below(256),
			"none",
			"failed",
			{ exitStatus: random.below(9), timedOut: false, complaint: "no" },
			{ exitStatus: undefined, timedOut: true, complaint: "" },
		];
		return latin1(formatCompanionReply(random.pick(replies)).slice(0, -1));
	},
	read(input) {
		const reply = parseCompanionReply(input);
		if (reply === undefined) return "refused";
		expectSame(
			parseCompanionReply(latin1(formatCompanionReply(reply).slice(0, -1))),
			reply,
			"what is written again is read otherwise",
		);
		return "accepted";
	},
	limits: [
		{ bound: "digits of a status", n: 3, make: (n) => latin1("1".repeat(n)), within: "accepted", beyond: "refused" },
	],
};

function readLines(chunks: readonly Buffer[]): unknown[] | undefined {
	const values: unknown[] = [];
	const take = readingLines<unknown>((value) => values.push(value));
	try {
		for (const chunk of chunks) take(chunk);
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
	return values;
}

const insertionLines: FuzzFormat = {
	name: "lines between coldplug and its insertion process",
	sources: ["src/linux/modules/insertion-protocol.ts"],
	readers: [],
	accepted: "values, the same however the bytes come",
	refused: "SyntaxError: both ends are this program",
	kind: "text",
	words: ['{"id":1}', "\n", '"refusal"', '"flags":{}'],
	sound: 1,
	sample: (random) =>
		latin1(
			Array.from(
				{ length: random.below(4) + 1 },
				(_, id) => `${JSON.stringify({ id, path: "/a.ko", parameters: alias(random), flags: {} })}\n`,
			).join(""),
		),
	read(input, random) {
		const at = random.below(input.length + 1);
		const whole = readLines([input]);
		expectSame(readLines([input.subarray(0, at), input.subarray(at)]), whole, "in two parts it is another");
		return verdict(whole !== undefined);
	},
	limits: [],
};

let spool: string | undefined;

/** A spool directory among the tests' temporary directories, which are in memory. */
function makeSpool(): string {
	const folder = mkdtempSync(join(tmpdir(), "spool-"));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	mkdirSync(`${folder}/spool`);
	return `${folder}/spool`;
}

const spooled: FuzzFormat = {
	name: "files of the spool",
	sources: ["src/linux/service/request-spool.ts"],
	readers: [],
	accepted: "its line",
	refused: "thrown away: it is not one whole line",
	kind: "text",
	words: ["\n", "n ", "\n\n"],
	sound: 3,
	sample: (random) => latin1(`n ${alias(random)}\n`),
	read(input) {
		spool ??= makeSpool();
		writeFileSync(`${spool}/1`, input);
		const [line, ...more] = takeSpooled(spool);
		expect(more.length === 0, "more lines than files");
		if (line === undefined) return "refused";
		expectSame([...line, 10], [...input], "the line is not the file's");
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of a line",
			n: 8194,
			make: (n) => latin1(`${"a".repeat(n)}\n`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

export const requestFormats: readonly FuzzFormat[] = [
	...[controlRequest, controlReply, timelineFile, loadLine, companionRequest, companionReply, insertionLines, spooled],
];
