import test from "ava";
import { listLiveNames, parseProcModules } from "../../../src/libkmod/formats/proc-modules.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const shown = `uas 32768 0 - Live 0xffffffffc0400000
usb_storage 86016 1 uas, Live 0xffffffffc03f4000 (OE)
e1000e 344064 0 - Loading 0x0000000000000000
crc_t10dif 20480 2 t10_pi,sd_mod,[permanent], Live 0xffffffffc0300000
loop 40960 - - Unloading 0xffffffffc0200000
dm_mod 184320 0 [permanent], Live 0xffffffffc0100000
`;

test("every module has its size, use, holders, state and address", (t) => {
	const live = (address: string) => ({ state: "live" as const, address: `0xffffffffc0${address}` });
	t.deepEqual(parseProcModules(shown), [
		{ module: "uas", size: 32768, references: 0, holders: [], ...live("400000") },
		{ module: "usb_storage", size: 86016, references: 1, holders: ["uas"], ...live("3f4000") },
		{
			module: "e1000e",
			size: 344064,
			references: 0,
			holders: [],
			state: "coming",
			address: "0x0000000000000000",
		},
		{ module: "crc_t10dif", size: 20480, references: 2, holders: ["t10_pi", "sd_mod"], ...live("300000") },
		{ module: "loop", size: 40960, references: 0, holders: [], state: "going", address: "0xffffffffc0200000" },
		{ module: "dm_mod", size: 184320, references: 0, holders: [], ...live("100000") },
	]);
});

test("a line without an address is a module's all the same", (t) => {
	t.deepEqual(parseProcModules("loop 40960 0 - Live"), [
		{ module: "loop", size: 40960, references: 0, holders: [], state: "live" },
	]);
});

test("rubbish is passed over", (t) => {
	const rubbish = [
		"",
		" ",
		"loop",
		"loop x 0 - Live 0x0",
		"loop 1 x - Live 0x0",
		"loop 1 0 - Alive 0x0",
		" 1 0 - Live 0x0",
	];
	t.deepEqual(parseProcModules(rubbish.join("\n")), []);
	t.deepEqual(parseProcModules(""), []);
	t.is(parseProcModules(`${rubbish.join("\n")}\n${shown}`).length, 6);
	t.deepEqual(parseProcModules("loop 99999999999999999999 0 - constructor 0x0"), []);
});

const liveOf = (text: string) =>
	parseProcModules(text).flatMap(({ module, state }) => (state === "live" ? [module] : []));

test("the names of the live ones alone are those that the whole list has", (t) => {
	t.deepEqual([...listLiveNames(shown)], ["uas", "usb_storage", "crc_t10dif", "dm_mod"]);
	t.deepEqual([...listLiveNames("loop 40960 0 - Live")], ["loop"]);
	for (const text of ["loop 1 0 - Live\r", "x y\rloop 1 0 - Live", "\rloop 1 0 - Live"])
		t.deepEqual([...listLiveNames(text)], liveOf(text), JSON.stringify(text));
	const random = seededRandom(t);
	const words = [
		"loop",
		"",
		"1",
		"-",
		"x",
		"uas,",
		"Live",
		"Loading",
		"99999999999999999999",
		"0x0",
		"(OE)",
		"\n",
		"\r",
	];
	for (let n = 0; n < 5000; n++) {
		const text = Array.from({ length: 12 }, () => words[random.below(words.length)]).join(random.below(4) ? " " : "\n");
		t.deepEqual([...listLiveNames(text)], [...new Set(liveOf(text))], JSON.stringify(text));
	}
});

test("cut and random texts give modules of the text or nothing", (t) => {
	const random = seededRandom(t);
	for (let n = 0; n < 3000; n++) {
		const text =
			n % 2 ? shown.slice(0, random.below(shown.length)) : random.bytes(random.below(200)).toString("latin1");
		const modules = parseProcModules(text);
		t.true(modules.length <= text.split("\n").length);
		for (const { module, size, references } of modules) {
			t.true(text.includes(module));
			t.true(Number.isSafeInteger(size) && Number.isSafeInteger(references));
		}
	}
});
