import test from "ava";
import { parseDependencyLine } from "../../../src/libkmod/formats/dependency-line.js";

test("a line is a path and what it depends on, between any blanks", (t) => {
	t.deepEqual(parseDependencyLine("kernel/a.ko: kernel/b.ko  /abs/c.ko\t"), {
		path: "kernel/a.ko",
		dependencies: ["kernel/b.ko", "/abs/c.ko"],
	});
	t.deepEqual(parseDependencyLine("a.ko:"), { path: "a.ko", dependencies: [] });
	t.is(parseDependencyLine("a.ko"), undefined);
	t.is(parseDependencyLine(": b.ko"), undefined);
});

test("a byte that JavaScript takes for a blank is part of a path", (t) => {
	t.deepEqual(parseDependencyLine("l\xc3\xa0/a.ko: \xa0/b.ko l\xc3\xa0"), {
		path: "l\xc3\xa0/a.ko",
		dependencies: ["\xa0/b.ko", "l\xc3\xa0"],
	});
});
