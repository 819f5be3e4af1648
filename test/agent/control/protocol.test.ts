import test from "ava";
import {
	type ControlRequest,
	formatControlRequest,
	LONGEST_ALIAS_BYTES,
	LONGEST_LINE_BYTES,
	parseControlRequest,
	parseLoadLine,
	statusOfLoad,
} from "../../../src/agent/control/protocol.js";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const allBytes = Buffer.from(
	Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0 && byte !== 10),
);

const good: readonly (readonly [line: string, request: ControlRequest])[] = [
	['{"command":"status"}', { command: "status" }],
	[' { "command" : "reload" }\r', { command: "reload" }],
	['{"command":"stop"}', { command: "stop" }],
	['{"command":"metrics"}', { command: "metrics" }],
	['{"command":"timeline"}', { command: "timeline" }],
	['{"command":"settle"}', { command: "settle", timeout_milliseconds: 120_000 }],
	['{"command":"settle","timeout_milliseconds":0}', { command: "settle", timeout_milliseconds: 0 }],
	[
		'{"timeout_milliseconds":2147483647,"command":"settle"}',
		{ command: "settle", timeout_milliseconds: 2_147_483_647 },
	],
	['{"command":"load","alias":"pci:v1"}', { command: "load", alias: "pci:v1", for: "user", wait: true }],
	[
		'{"command":"load","alias":"fs-ext4","for":"kernel","wait":false}',
		{ command: "load", alias: "fs-ext4", for: "kernel", wait: false },
	],
	[
		String.raw`{"command":"load","alias":"platform:\udce9 \t\"\\"}`,
		{ command: "load", alias: 'platform:\xe9 \t"\\', for: "user", wait: true },
	],
	['{"command":"load","alias":"é€"}', { command: "load", alias: bytesOf("é€"), for: "user", wait: true }],
];

test("a line is a request, its defaults filled in", (t) => {
	for (const [line, request] of good) {
		t.deepEqual(parseControlRequest(line), request, line);
		t.deepEqual(parseControlRequest(Buffer.from(line)), request, line);
	}
});

const COMMANDS = "status, settle, reload, load, stop, metrics and timeline";
const bad: readonly (readonly [line: string | Uint8Array, sentence: string])[] = [
	["", "the line is no JSON object"],
	["status", "the line is no JSON object"],
	['{"command":"status"', "the line is no JSON object"],
	['["status"]', "the line is no JSON object"],
	["null", "the line is no JSON object"],
	['{"command":"status"}{"command":"stop"}', "the line is no JSON object"],
	["[".repeat(60_000), "the line is no JSON object"],
	[Buffer.from('{"command":"load","alias":"\xe9"}', "latin1"), "the line is no JSON object"],
	["{}", `there is no command: there are ${COMMANDS}`],
	['{"command":"dance"}', `there is no such command: there are ${COMMANDS}`],
	['{"command":"constructor"}', `there is no such command: there are ${COMMANDS}`],
	['{"command":["status"]}', `there is no such command: there are ${COMMANDS}`],
	['{"command":"status","json":true}', 'status takes nothing, not "json"'],
	['{"command":"stop","__proto__":{}}', 'stop takes nothing, not "__proto__"'],
	['{"command":"settle","timeout":1}', 'settle takes timeout_milliseconds, not "timeout"'],
	['{"command":"load","alias":"x","module":"y"}', 'load takes alias, for and wait, not "module"'],
	[`{"command":"stop","${"x".repeat(1000)}":1}`, `stop takes nothing, not "${"x".repeat(40)}"`],
	...["-1", "1.5", '"1"', "null", "2147483648", "1e99"].map(
		(value) =>
			[
				`{"command":"settle","timeout_milliseconds":${value}}`,
				"timeout_milliseconds must be a whole number from 0 to 2147483647",
			] as const,
	),
	['{"command":"load"}', "alias must be a string"],
	['{"command":"load","alias":7}', "alias must be a string"],
	['{"command":"load","alias":""}', "the alias is empty"],
	['{"command":"load","alias":"x","for":"me"}', 'for must be "kernel" or "user"'],
	['{"command":"load","alias":"x","wait":1}', "wait must be true or false"],
	[String.raw`{"command":"load","alias":"a\u0000b"}`, "the alias has a NUL in it"],
	[String.raw`{"command":"load","alias":"a\nb"}`, "the alias has a newline in it"],
	[`{"command":"load","alias":"${"x".repeat(8193)}"}`, "the alias is longer than 8192 bytes"],
	[`{"command":"status"${" ".repeat(LONGEST_LINE_BYTES)}}`, "the line is longer than 65536 bytes"],
];

test("what is no request is told in one sentence", (t) => {
	for (const [line, sentence] of bad) t.is(parseControlRequest(line), sentence, String(line).slice(0, 60));
});

test("an alias of any bytes arrives as it was sent, in a line of ASCII", (t) => {
	const alias = allBytes.toString("latin1");
	const request = { command: "load", alias, for: "user", wait: true } as const;
	const line = formatControlRequest(request);
	t.regex(line, /^[ -~]+\n$/);
	t.deepEqual(parseControlRequest(Buffer.from(line).subarray(0, -1)), request);
	const longest = { ...request, alias: "\xff".repeat(LONGEST_ALIAS_BYTES) };
	t.deepEqual(parseControlRequest(formatControlRequest(longest)), longest);
});

test("a line of the plain socket is a letter and the alias as it is", (t) => {
	const alias = allBytes.toString("latin1");
	const line = (letter: string) => Buffer.concat([Buffer.from(`${letter} `), allBytes]);
	t.deepEqual(parseLoadLine(line("k")), { command: "load", alias, for: "kernel", wait: true });
	t.deepEqual(parseLoadLine(line("w")), { command: "load", alias, for: "user", wait: true });
	t.deepEqual(parseLoadLine(line("n")), { command: "load", alias, for: "user", wait: false });
	t.like(parseLoadLine(Buffer.from(`w ${"x".repeat(LONGEST_ALIAS_BYTES)}`)), {
		alias: "x".repeat(LONGEST_ALIAS_BYTES),
	});
	for (const [wrong, sentence] of [
		["", "the line begins with none of k, w and n and a space"],
		["k", "the line begins with none of k, w and n and a space"],
		["x alias", "the line begins with none of k, w and n and a space"],
		["walias", "the line begins with none of k, w and n and a space"],
		["w ", "the alias is empty"],
		["w a\0b", "the alias has a NUL in it"],
		["w a\nb", "the alias has a newline in it"],
		[`w ${"x".repeat(LONGEST_ALIAS_BYTES + 1)}`, "the alias is longer than 8192 bytes"],
	] as const)
		t.is(parseLoadLine(Buffer.from(wrong)), sentence, wrong.slice(0, 20));
});

test("the helper's exit status is modprobe -q's, or one that has it run modprobe", (t) => {
	const statuses = (["done", "taken", "nothing", "failed", "refused"] as const).map((result) =>
		statusOfLoad({ result, explanation: "" }),
	);
	t.deepEqual(statuses, [0, 0, 1, 1, 2]);
});

test("whatever a client sends is a request or a sentence", (t) => {
	const random = seededRandom(t);
	const lines = good.map(([line]) => line);
	let requests = 0;
	for (let round = 0; round < 5000; round++) {
		const bytes = Buffer.from(random.pick(lines));
		for (let change = random.below(4); change > 0; change--) bytes[random.below(bytes.length)] = random.below(256);
		const damaged = random.below(4) === 0 ? random.bytes(random.below(200)) : bytes;
		const cut = random.below(4) === 0 ? damaged.subarray(0, random.below(damaged.length + 1)) : damaged;
		for (const parsed of [parseControlRequest(cut), parseLoadLine(Buffer.concat([Buffer.from("w "), cut]))]) {
			if (typeof parsed === "string") {
				t.regex(parsed, /^[^\n]{10,200}$/);
				continue;
			}
			requests++;
			t.deepEqual(parseControlRequest(formatControlRequest(parsed)), parsed);
		}
	}
	t.true(requests > 500, `${requests}`);
});
