import test from "ava";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";
import { guard } from "../../../src/tools/command-line/guarded-machine.js";
import { hasColour, LEAST_COLUMNS, openTerminal, widthOf } from "../../../src/tools/command-line/terminal.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";

type Environment = Readonly<Record<string, string>>;

/** A machine whose standard output is a terminal of this width, or none when `columns` is undefined. */
function machineWith(environment: Environment, columns?: number | "unknown") {
	const machine = makeFakeMachine({ world: { modules: {} } });
	const isTerminal = (descriptor: 1 | 2): boolean => descriptor === 1 && columns !== undefined;
	return { ...machine, environment, isTerminal, columns: () => (columns === "unknown" ? undefined : columns) };
}

const coloured = test.macro({
	exec(t, environment: Environment, onTerminal: boolean, elsewhere: boolean) {
		t.is(hasColour(machineWith(environment, 80), 1), onTerminal);
		t.is(hasColour(machineWith(environment), 1), elsewhere);
	},
	title: (title) => `colours: ${title}`,
});

test("on a terminal only", coloured, {}, true, false);
test("nowhere with NO_COLOR", coloured, { NO_COLOR: "1" }, false, false);
test("as without NO_COLOR when it is empty", coloured, { NO_COLOR: "" }, true, false);
test(
	"everywhere with FORCE_COLOR, which comes before NO_COLOR",
	coloured,
	{ FORCE_COLOR: "1", NO_COLOR: "1" },
	true,
	true,
);
test("everywhere with an empty FORCE_COLOR", coloured, { FORCE_COLOR: "" }, true, true);
test("everywhere with FORCE_COLOR=3", coloured, { FORCE_COLOR: "3" }, true, true);
test("nowhere with a FORCE_COLOR that node does not know", coloured, { FORCE_COLOR: "no" }, false, false);
test("nowhere with FORCE_COLOR=0", coloured, { FORCE_COLOR: "0" }, false, false);
test("nowhere on a terminal that is dumb", coloured, { TERM: "dumb" }, false, false);

const wide = test.macro({
	exec(t, environment: Environment, columns: number | "unknown" | undefined, expected: number) {
		t.is(widthOf(machineWith(environment, columns), 1), expected);
	},
	title: (title) => `width: ${title}`,
});

test("the terminal's", wide, {}, 132, 132);
test("80 on a terminal that does not know", wide, {}, "unknown", 80);
test("without a limit where there is no terminal", wide, {}, undefined, Number.POSITIVE_INFINITY);
test("that of COLUMNS on a terminal", wide, { COLUMNS: "100" }, 132, 100);
test("that of COLUMNS elsewhere", wide, { COLUMNS: "100" }, undefined, 100);
test("a COLUMNS that is no number does not count", wide, { COLUMNS: "1e9" }, 132, 132);
test("a COLUMNS of zero does not count", wide, { COLUMNS: "0" }, undefined, Number.POSITIVE_INFINITY);
test("a narrow window has a least one", wide, {}, 3, LEAST_COLUMNS);

test("text is painted where there is colour, and printed with its sequences alone", async (t) => {
	const machine = machineWith({}, 80);
	const { paint, print } = await openTerminal(guard(machine, false));
	print([paint("red", "bad"), "\x1b]0;t\x07"]);
	t.is(machine.printed(), "\x1b[31mbad\x1b[39m\n\\x1b]0;t\\x07\n");
	t.is(paint("red", ""), "");
});

test("text is as it is where there is no colour", async (t) => {
	const machine = machineWith({});
	const { paint, print } = await openTerminal(guard(machine, false));
	print([paint("red", "bad")]);
	t.is(machine.printed(), "bad\n");
});

test("wide characters take two columns, combining ones none", async (t) => {
	const shown = ["日本", "e\u0301", "é", "abc"].map(bytesOf);
	const { measure } = await openTerminal(machineWith({}), shown);
	t.deepEqual(shown.map(measure), [4, 1, 1, 3]);
});

test("where only ASCII is to be shown, other text is measured by its characters", async (t) => {
	const { measure } = await openTerminal(machineWith({}), ["abc"]);
	t.deepEqual(["abc", bytesOf("é"), "\xe9"].map(measure), [3, 1, 1]);
});
