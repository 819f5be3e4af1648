import test from "ava";
import { parseAnswers } from "../../../src/agent/explaining/last-answers.js";

test("the last outcome of a module counts, with its line", (t) => {
	const text = [
		'{"kind":"outcome","batch":1,"module":"a","result":"failed","errno":"EPERM","explanation":"not permitted"}',
		'{"kind":"step","module":"a"}',
		'{"kind":"outcome","batch":2,"module":"a","result":"inserted","explanation":"inserted"}',
	].join("\n");
	const { answers, foreign } = parseAnswers("/log", text);
	t.deepEqual(
		[...answers.values()],
		[
			{
				module: "a",
				result: "inserted",
				explanation: "inserted",
				from: { kind: "log", source: { file: "/log", line: 3 } },
			},
		],
	);
	t.is(foreign, 0);
});

test("the agent's log has the sentence behind the module's name", (t) => {
	const { answers } = parseAnswers(
		"/log",
		'{"level":50,"module":"a","result":"failed","errno":"EBUSY","msg":"a: busy"}\n',
	);
	t.like(answers.get("a"), { result: "failed", errno: "EBUSY", explanation: "busy" });
});

test("lines that are cut, hostile or of others are counted, and nothing is taken from them", (t) => {
	const lines = [
		'{"module":"a","result":"fai',
		"[]",
		"null",
		`${"[".repeat(100_000)}`,
		"",
		'{"module":5,"result":"failed"}',
		'{"module":"a","result":"odd"}',
	];
	const { answers, foreign } = parseAnswers("/log", lines.join("\n"));
	t.is(answers.size, 0);
	t.is(foreign, 4);
});

test("names are bytes", (t) => {
	const { answers } = parseAnswers("/log", Buffer.from('{"module":"\\udce9","result":"failed"}').toString("latin1"));
	t.deepEqual([...answers.keys()], ["\xe9"]);
});
