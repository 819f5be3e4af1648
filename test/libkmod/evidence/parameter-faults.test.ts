import test from "ava";
import { findParameterFaults } from "../../../src/libkmod/evidence/parameter-faults.js";
import { parseModinfoString } from "../../../src/libkmod/formats/modinfo.js";

const types = [
	...["parm=max_loop:Maximum number", "parmtype=max_loop:int", "parmtype=on:bool", "parmtype=name:charp"],
	...["parmtype=small:byte", "parmtype=big:ulong", "parmtype=irq:array of int", "parm=odd:a type of its own"],
	...["parmtype=own:a type of its own", "license=GPL"],
];
const info = types.map(parseModinfoString);

const right = [
	"",
	"max_loop=8",
	"max-loop=0x1F max_loop=-1 max_loop=017",
	"max_loop=2147483647 max_loop=-2147483648",
	"on on=y on=N on=1 on=off on=True",
	"name= name=x",
	'name="with blanks" "name=with blanks"',
	"small=255 big=18446744073709551615",
	"irq=1,2,-3",
	"odd=1 own=whatever odd",
	"dyndbg=+p async_probe",
];
for (const parameters of right)
	test(`nothing is wrong with ${parameters || "no parameters"}`, (t) => {
		t.is(findParameterFaults(parameters, info), undefined);
	});

const wrong: readonly (readonly [string, string, string | undefined, string])[] = [
	["max_loop=eight", "max_loop", "eight", "int"],
	["max-loop=eight", "max_loop", "eight", "int"],
	["max_loop=", "max_loop", "", "int"],
	["max_loop", "max_loop", undefined, "int"],
	["max_loop=08", "max_loop", "08", "int"],
	["max_loop=0x", "max_loop", "0x", "int"],
	["max_loop=2147483648", "max_loop", "2147483648", "int"],
	['max_loop="8 9"', "max_loop", "8 9", "int"],
	["on=perhaps", "on", "perhaps", "bool"],
	["on=", "on", "", "bool"],
	["name", "name", undefined, "charp"],
	["small=256", "small", "256", "byte"],
	["big=-1", "big", "-1", "ulong"],
	["irq=1,x", "irq", "1,x", "array of int"],
	[`big=${"9".repeat(100_000)}`, "big", "9".repeat(100_000), "ulong"],
];
for (const [parameters, name, value, type] of wrong)
	test(`${parameters.slice(0, 40)} is no value of ${type}`, (t) => {
		t.deepEqual(findParameterFaults(parameters, info), { invalid: [{ name, type, value }], unknown: [] });
	});

test("names that the module does not have are found beside values that it cannot take", (t) => {
	t.deepEqual(findParameterFaults('x max_loop=8 y="a b" on=perhaps', info), {
		invalid: [{ name: "on", type: "bool", value: "perhaps" }],
		unknown: ["x", "y"],
	});
	t.deepEqual(findParameterFaults("max_loop=8", []), { invalid: [], unknown: ["max_loop"] });
});

test("text that never ends a quote is one word, and takes no longer than its length", (t) => {
	const begun = performance.now();
	t.deepEqual(findParameterFaults(`x="${'"="'.repeat(50_000)}`, info)?.unknown, ["x"]);
	t.true(performance.now() - begun < 2000);
});

test("a type that nests arrays without end is no type of the kernel's, and takes every value", (t) => {
	const nested = [{ key: "parmtype", value: `a:${"array of ".repeat(100_000)}int` }];
	t.is(findParameterFaults("a=1,x", nested), undefined);
});
