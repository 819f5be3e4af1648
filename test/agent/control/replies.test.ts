import test from "ava";
import { formatControlReply } from "../../../src/agent/control/protocol.js";
import { parseControlReply } from "../../../src/agent/control/replies.js";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";
import { sampleStatus } from "../../support/running/agent-status.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const NOT_UNDERSTOOD = "the agent's answer is not understood: the agent may be of another version";

test("a reply is a line of ASCII, whatever is in it, and read as it was", (t) => {
	const text = `${bytesOf("no \n \u2028 line: caf\xe9 \u{1f600} \x7f")} \xe9\xff`;
	const line = formatControlReply({ ok: true, text });
	t.true(line.includes(String.raw`caf\u00e9 \ud83d\ude00 \u007f \udce9\udcff`));
	t.regex(line, /^[ -~]+\n$/);
	t.deepEqual(parseControlReply("metrics", line), { ok: true, text });
	t.deepEqual(parseControlReply("status", formatControlReply({ ok: true, status: sampleStatus })), {
		ok: true,
		status: sampleStatus,
	});
	t.deepEqual(parseControlReply("timeline", formatControlReply({ ok: true, timeline: sampleTimeline })), {
		ok: true,
		timeline: sampleTimeline,
	});
});

test("what the agent could not do is its sentence", (t) => {
	t.is(parseControlReply("reload", '{"ok":false,"error":"no indexes"}'), "no indexes");
});

test("what has not the right types in the right places is not understood, and more of it is no harm", (t) => {
	for (const line of [
		"",
		"1",
		"[]",
		"{}",
		'{"ok":1,"problems":1}',
		'{"ok":false}',
		'{"ok":false,"error":7}',
		'{"ok":true,"problems":"1"}',
		'{"ok":true,"problems":null}',
	])
		t.is(parseControlReply("reload", line), NOT_UNDERSTOOD, line);
	t.is(parseControlReply("timeline", '{"ok":true,"timeline":{"modules":[]}}'), NOT_UNDERSTOOD);
	t.is(parseControlReply("settle", '{"ok":true,"settled":true,"waiting_for":[1]}'), NOT_UNDERSTOOD);
	t.is(parseControlReply("settle", '{"ok":true,"settled":true,"waiting_for":{}}'), NOT_UNDERSTOOD);
	t.deepEqual(parseControlReply("stop", '{"ok":true,"more":[]}'), { ok: true, more: [] });
});

test("a damaged reply is an answer, an error or not understood", (t) => {
	const random = seededRandom(t);
	const line = Buffer.from(formatControlReply({ ok: true, status: sampleStatus }));
	let understood = 0;
	for (let round = 0; round < 1000; round++) {
		const damaged = Buffer.from(line);
		for (let change = 1 + random.below(3); change > 0; change--) damaged[random.below(line.length)] = random.below(256);
		const cut = damaged.subarray(0, random.below(4) === 0 ? random.below(line.length) : line.length);
		const reply = parseControlReply("status", cut);
		if (typeof reply !== "string") understood++;
		else t.is(reply, NOT_UNDERSTOOD);
	}
	t.true(understood > 0 && understood < 1000, `${understood}`);
});
