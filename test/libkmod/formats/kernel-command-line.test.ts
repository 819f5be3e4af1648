import test, { type ExecutionContext } from "ava";
import { formatConfig } from "../../../src/libkmod/formats/config-dump.js";
import { parseKernelCommandLine, readKernelWord } from "../../../src/libkmod/formats/kernel-command-line.js";
import { readConfiguration } from "../../../src/libkmod/knowledge/configuration.js";
import { files } from "../../../src/linux/files/files.js";
import { inKmodsWords, makeWorld, showConfigsOfCommandLines } from "../../support/fakes/modprobe-configuration.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

test("options and blacklists are found among the kernel's own words", (t) => {
	const text =
		'root=/dev/sda1 quiet snd-hda-intel.model=dell-m4 i915.modeset modprobe.blacklist=nouveau,snd-pcsp -- x.y="a b"';
	t.deepEqual(parseKernelCommandLine(`${text}\n`), {
		options: [
			{ module: "snd_hda_intel", options: "model=dell-m4" },
			{ module: "i915", options: "modeset" },
			{ module: "x", options: 'y="a b"' },
		],
		blacklist: ["nouveau", "snd_pcsp"],
		kernelBlacklist: [],
		bad: [],
	});
});

test("it is read beyond the 4095 bytes at which kmod stops", (t) => {
	const { options } = parseKernelCommandLine(`${"quiet ".repeat(1000)}a.b=c`);
	t.deepEqual(options, [{ module: "a", options: "b=c" }]);
});

test("quotes around blacklisted names are none of theirs, wherever they stand", (t) => {
	const text = 'modprobe.blacklist="a,b-c" "modprobe.blacklist=d,e" modprobe.blacklist="f",g,"h" a.b="c d"';
	const { blacklist, options } = parseKernelCommandLine(text);
	t.deepEqual(blacklist, ["a", "b_c", "d", "e", "f", "g", "h"]);
	t.deepEqual(options, [{ module: "a", options: 'b="c d"' }]);
});

const kernelBlacklist = test.macro({
	exec: (t, text: string, names: string[]) => t.deepEqual(parseKernelCommandLine(text).kernelBlacklist, names),
	title: (_, text, names: string[] = []) => `of ${text} the kernel itself refuses ${names.join(" and ") || "nothing"}`,
});

test(kernelBlacklist, "module_blacklist=nouveau,snd_pcsp quiet", ["nouveau", "snd_pcsp"]);
test(kernelBlacklist, "module-blacklist=nouveau", ["nouveau"]);
test(kernelBlacklist, "module_blacklist=snd-pcsp", ["snd-pcsp"]);
test(kernelBlacklist, 'module_blacklist="a,b" "x y"', ["a", "b"]);
test(kernelBlacklist, '"module_blacklist=a,b"', ["a", "b"]);
test(kernelBlacklist, "module_blacklist=a module_blacklist=b,", ["b"]);
test(kernelBlacklist, "quiet -- module_blacklist=a", []);
test(kernelBlacklist, "modprobe.blacklist=a module_blacklist xmodule_blacklist=b", []);

const ownWord = test.macro({
	exec: (t, text: string, value: string | undefined) => t.is(readKernelWord(text, "hotplugd"), value),
	title: (_, text, value) => `of ${text} the word hotplugd= is ${value ?? "absent"}`,
});

test(ownWord, "quiet hotplugd=off root=/dev/sda1\n", "off");
test(ownWord, 'hotplugd="off"', "off");
test(ownWord, '"hotplugd=off"', "off");
test(ownWord, "hotplugd=off hotplugd=on", "on");
test(ownWord, "hotplugd=on quiet hotplugd=off", "off");
test(ownWord, "hotplugd=", "");
test(ownWord, "quiet -- hotplugd=off", "off");
test(ownWord, 'x="quiet hotplugd=off"', undefined);
test(ownWord, 'x=" hotplugd=off y"', undefined);
test(ownWord, '"x= hotplugd=off "', undefined);
test(ownWord, 'hotplugd="off and on"', "off and on");
test(ownWord, "xhotplugd=off hotplugd.off hotplugd hotplugd-x=off no.hotplugd=off", undefined);

const asModprobe = test.macro({
	exec: (t, texts: string[]) => compareWithModprobe(t, texts),
	title: (title) => `modprobe reads the same: ${title}`,
});

test("words", asModprobe, ["a.b=c d.e quiet f=g h.i= j. .k l.=m =n.o p=q.r\n", "a.b c.d", "", "\n", " a.b  c.d "]);
test("dots", asModprobe, ["a.b.c a.b.c=d a.b=c.d a..b=c ..a a.b=c=d.e=f a=b.c"]);
test("white space", asModprobe, [
	"a.b\tc.d\ne.f=g\rh.i\vj.k\fl.m\n\nn.o",
	'a.b="c\td\ne" f.g="\v\r"',
	"a.b\u00a0c.d=e",
]);
test("quotes in the value", asModprobe, ['a.b="c d" e.f=g" h "i j.k=""', 'a.b="c"d"e f" g.h=\'i j\'', 'a.b="c=d.e f"']);
test("quotes around the whole", asModprobe, [
	'"a.b=c d" e.f',
	'"a.b=c d"e f.g',
	'"a.b=" "c.d" "e.f g=h" "i.j k"',
	'"-a-.b-=c"',
]);
test("quotes elsewhere", asModprobe, [
	'a"b.c=d e"f.g=h i.j',
	'"a.b"=c d.e',
	'a."b=c" d.e',
	'a.b"c d" e.f',
	'""a.b=1 c.d',
	'"a b" c.d',
]);
test("quotes never closed", asModprobe, ['a.b c.d="e f.g=h', '"a.b=c d.e', 'a.b=c"', 'a.b "', 'a.b=c d.e"f g.h']);
test("names", asModprobe, ["a-b.c-d=e-f a[-]-.b=c \xe9.\xc3\xbc=\xdf a/b,c.d A.B=C", "a.b=l\xc3\xa0 c.d=\xa0e\x85"]);
test("unmatched brackets", asModprobe, ["a[.b=c d].e=f g[h]i.j k.l[=m]"]);
test("blacklists", asModprobe, [
	"modprobe.blacklist=a,b,,c, modprobe.blacklist= modprobe.blacklist modprobe.black=a modprobe.x=1",
]);
test("odd blacklists", asModprobe, [
	'"modprobe.blacklist=a b,c" modprobe.blacklist="d,e f",g MODPROBE.blacklist=h modprobe.blacklist=i.j=k',
]);
test("dashes in blacklists, which modprobe leaves", asModprobe, ["modprobe.blacklist=a-b,-c-,d[-]"]);
test("a NUL byte", asModprobe, ["a.b=c\0d.e=f g.h"]);

test("modprobe reads the same of random command lines", (t) => {
	const random = seededRandom(t);
	const pieces = [
		...'ab.==" -,[]\t',
		" ",
		" ",
		"a.b=c",
		' "',
		'" ',
		"modprobe.",
		"modprobe.blacklist=",
		".x=",
		"a.b",
		"\v",
	];
	const texts = Array.from({ length: 200 }, () => random.text(pieces, 1, 40));
	compareWithModprobe(t, texts);
});

test("rubbish gives words of the rubbish", (t) => {
	const random = seededRandom(t);
	for (let n = 0; n < 2000; n++) {
		const text = random.bytes(random.below(120)).toString("latin1");
		const { options, blacklist, bad } = parseKernelCommandLine(text);
		for (const { module, options: words } of options) t.true(dashless(text).includes(dashless(module)), words);
		t.true(options.length + blacklist.length + bad.length <= text.length);
	}
});

test("long words and many of them are read", (t) => {
	t.is(parseKernelCommandLine(`${"a".repeat(5_000_000)}.b=c`).options.length, 1);
	t.is(parseKernelCommandLine(`modprobe.blacklist=${"a,".repeat(500_000)}`).blacklist.length, 500_001);
	t.deepEqual(parseKernelCommandLine('a.b="'.repeat(100_001)).options, []);
});

/**
 * Compares our reader with the real modprobe, apart from dashes and quotes. modprobe leaves both in blacklisted names, which then
 * match no module, and replaces dashes before it complains.
 */
function compareWithModprobe(t: ExecutionContext, texts: readonly string[]): void {
	const world = makeWorld(t, {});
	const dumps = showConfigsOfCommandLines(world, texts);
	texts.forEach((kernelCommandLine, n) => {
		const { config, complaints } = dumps[n]!;
		const found = readConfiguration(files, { moduleDirectory: `${world}/none`, configPaths: [], kernelCommandLine });
		const expected = config.replace(/^blacklist .*/gm, (line) => dashless(line).replaceAll('"', ""));
		t.is(formatConfig(found.value), expected, kernelCommandLine);
		const problems = found.problems.map(inKmodsWords);
		t.deepEqual(problems.map(dashless), complaints.map(dashless), kernelCommandLine);
	});
}

function dashless(text: string): string {
	return text.replaceAll("-", "_");
}
