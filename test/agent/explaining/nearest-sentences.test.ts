// The sentences about the nearest patterns.
import test from "ava";
import { findNearest } from "../../../src/agent/explaining/nearest-patterns.js";
import { countModules, explainNearest } from "../../../src/agent/explaining/nearest-sentences.js";

const find = (alias: string, ...patterns: readonly (readonly [pattern: string, module: string])[]) =>
	findNearest(
		alias,
		patterns.map(([pattern, module]) => ({ pattern, module })),
		9,
	);

const alias = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";
const own = "pci:v00008086d0000100Esv00008086sd*bc*sc*i*";

test("the module and the pattern come first, then the field that differs", (t) => {
	const [near] = find(alias, [own, "e1000"]);
	t.is(explainNearest(near!), `e1000 (${own}): its subsystem vendor is 00001AF4, and the pattern wants 00008086`);
	t.deepEqual(near!.agreeing, ["vendor", "device"]);
});

test("the number of the patterns that agree as far is told, and their modules where there are several", (t) => {
	const other = (device: string) => `pci:v00008086d0000${device}sv*sd*bc*sc*i*`;
	const [two] = find(alias, [other("1000"), "e1000"], [other("1001"), "e1000"]);
	t.regex(
		explainNearest(two!),
		/: its device is 0000100E, and the pattern wants 00001000; 1 other pattern agrees as far$/,
	);
	const names = ["a", "b", "c", "d", "e"].map((name, n) => [other(`200${n}`), name] as const);
	const [five] = find(alias, ...names);
	t.regex(explainNearest(five!), /; 4 other patterns agree as far: they are of a, b, c and 2 other modules$/);
	t.deepEqual([...countModules(two!)], [["e1000", 2]]);
});

test("a list lacks what the pattern wants, and a name says what begins alike", (t) => {
	const [list] = find("cpu:type:x86,ven0000fam0006mod009E:feature:,0000", [
		"cpu:type:x86,ven*fam*mod*:feature:*0089*",
		"sha1",
	]);
	t.regex(explainNearest(list!), /: its features lack 0089, which the pattern wants$/);
	const [name] = find("platform:iTCO_wdx", ["platform:iTCO_wdt", "iTCO_wdt"]);
	t.regex(explainNearest(name!), /: its name is iTCO_wdx, and the pattern wants iTCO_wdt \(both begin with iTCO_\)$/);
	const [none] = find("virtio:d00000063v00001AF4", ["virtio:d00000001v*", "virtio_net"]);
	t.deepEqual(none!.agreeing, []);
});

test("names from outside neither steer a terminal nor fill it", (t) => {
	const [near] = find(`platform:\x1b[31m\n${"x".repeat(3000)}`, ["platform:\x1b]0;a\x07", "\x1b[2J"]);
	const sentence = explainNearest(near!);
	t.regex(sentence, /^[\x20-\x7e]+$/);
	t.true(sentence.length < 600);
});
