import test from "ava";
import { listCheckRecords } from "../../../src/agent/telling/check-record.js";

const problem = { file: "/etc/modprobe.d/a.conf", line: 3, message: "include is deprecated" };

test("files, problems and counts are records, in that order", (t) => {
	const checked = [{ file: problem.file, as: "configuration" }] as const;
	t.deepEqual(listCheckRecords({ checked, problems: [problem] }), [
		{ kind: "checked", file: problem.file, as: "configuration" },
		{ kind: "problem", ...problem },
		{ kind: "summary", checked: 1, problems: 1 },
	]);
});

test("a problem with a kind of its own is a problem, and its kind stands in another field", (t) => {
	const [record] = listCheckRecords({ checked: [], problems: [{ ...problem, kind: "deprecated" }] });
	t.deepEqual(record, { kind: "problem", ...problem, problem: "deprecated" });
});
