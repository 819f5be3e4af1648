import { readFileSync } from "node:fs";
import test from "ava";
import { formatConfig } from "../../../src/libkmod/formats/config-dump.js";
import {
	formatSource,
	mergeModprobeConfigs,
	parseModprobeConfig,
} from "../../../src/libkmod/formats/modprobe-config.js";
import { readConfiguration } from "../../../src/libkmod/knowledge/configuration.js";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";
import { files } from "../../../src/linux/files/files.js";
import {
	inKmodsWords,
	knowsWeakdep,
	makeWorld,
	showConfigs,
	withoutBlankBeforePost,
} from "../../support/fakes/modprobe-configuration.js";
import { type Random, seededRandom } from "../../support/worlds/random-numbers.js";

const here = { file: "x.conf", line: 1 };

test("every directive is read, its key normalised, with the place where it stands", (t) => {
	const { value, problems } = parseModprobeConfig(
		"x.conf",
		[
			"alias net-pf-[0-9]-* my-mod",
			"blacklist snd-pcsp",
			"options snd-hda-intel model=a-b\tpower=1 ",
			"install my-mod  /sbin/modprobe --ignore-install my-mod $CMDLINE_OPTS",
			"remove my-mod	true",
			"softdep my-mod pre: a-b c post: d",
			"weakdep my-mod a-b c",
		].join("\n"),
	);
	const source = (line: number) => ({ ...here, line });
	t.deepEqual(value, {
		aliases: [{ pattern: "net_pf_[0-9]_*", module: "my_mod", source: source(1) }],
		blacklist: [{ module: "snd_pcsp", source: source(2) }],
		options: [{ module: "snd_hda_intel", options: "model=a-b power=1 ", source: source(3) }],
		install: [
			{
				pattern: "my_mod",
				command: " /sbin/modprobe --ignore-install my-mod $CMDLINE_OPTS",
				source: source(4),
			},
		],
		remove: [{ pattern: "my_mod", command: "true", source: source(5) }],
		softdeps: [{ pattern: "my_mod", pre: ["a-b", "c"], post: ["d"], source: source(6) }],
		weakdeps: [{ pattern: "my_mod", modules: ["a-b", "c"], source: source(7) }],
	});
	t.deepEqual(problems, []);
});

test("a joined line stands where it begins; its problem is counted where it ends", (t) => {
	const { value, problems } = parseModprobeConfig("x.conf", "#\nalias \\\n a \\\n b\nrubb\\\nish\n\nblacklist c");
	t.deepEqual(value.aliases, [{ pattern: "a", module: "b", source: { file: "x.conf", line: 2 } }]);
	t.deepEqual(value.blacklist, [{ module: "c", source: { file: "x.conf", line: 8 } }]);
	t.deepEqual(problems, [{ file: "x.conf", line: 6, message: "ignoring bad line starting with 'rubbish'" }]);
});

test("include and config are named, with their line", (t) => {
	t.deepEqual(parseModprobeConfig("x.conf", "\ninclude /etc/other\nconfig").problems, [
		{ file: "x.conf", line: 2, message: "command include is deprecated and not parsed anymore", kind: "deprecated" },
		{ file: "x.conf", line: 3, message: "command config is deprecated and not parsed anymore", kind: "deprecated" },
	]);
});

// With exactly two blanks kmod 30 loses the first word, which is hardly intended.
test("blanks before the words of a softdep do not matter", (t) => {
	for (const blanks of [" ", "  ", " \t", "   "]) {
		const { value } = parseModprobeConfig("x.conf", `softdep a${blanks}pre: b`);
		t.deepEqual(value.softdeps, [{ pattern: "a", pre: ["b"], post: [], source: here }]);
	}
});

test("a softdep may change between pre: and post: often", (t) => {
	const { value } = parseModprobeConfig("x.conf", "softdep a none pre: b post: c pre: d post: pre: e");
	t.deepEqual(value.softdeps, [{ pattern: "a", pre: ["b", "d", "e"], post: ["c"], source: here }]);
});

test("a backslash that ends the file is nothing", (t) => {
	t.deepEqual(parseModprobeConfig("x.conf", "blacklist a\\").value.blacklist, [{ module: "a", source: here }]);
	t.deepEqual(parseModprobeConfig("x.conf", "\\"), parseModprobeConfig("x.conf", ""));
});

test("merging keeps the order of files and of lines", (t) => {
	const [one, other] = ["alias a b\nalias a c\nblacklist x", "alias a b\noptions o p"].map(
		(text, n) => parseModprobeConfig(`${n}.conf`, text).value,
	);
	const merged = mergeModprobeConfigs([one!, other!]);
	t.is(formatConfig(merged), "blacklist x\nalias a b\nalias a c\nalias a b\noptions o p\n");
	t.deepEqual(
		merged.aliases.map(({ source }) => source.file),
		["0.conf", "0.conf", "1.conf"],
	);
});

const asModprobe = test.macro({
	exec(t, text: string) {
		const world = makeWorld(t, { "x.conf": text });
		compareWithModprobe(t, world, ["x.conf"]);
	},
	title: (title) => `modprobe reads the same: ${title}`,
});

test("comments", asModprobe, "# alias a b\n #alias c d\nalias e f # g\n#\n\n#joined \\\nalias h i\n");
test(
	"joined lines",
	asModprobe,
	"alias \\\na\\\n \\\nb\nalias c\\\nd e\\\n\n\\\n\\\nblacklist f\\\n\nbad\\\nline\\\n\n",
);
test("backslashes", asModprobe, 'alias a\\b c\\\\d\ninstall e "f\\n\\\\n\\"\\t" \\\\\nalias g\\ h i\n\\#x\n\\\\\n');
test(
	"blanks",
	asModprobe,
	"\talias\t \ta   b\t\n  \n\t\noptions a  b\tc  \ninstall a \t b\t c \nsoftdep a \t pre:  b\tc ",
);
test(
	"missing words",
	asModprobe,
	[...kinds(), ...kinds(" "), ...kinds(" a"), ...kinds(" a "), ...kinds("\ta\t ")].join("\n"),
);
test("too many words", asModprobe, "alias a b c\nblacklist a b\nalias d e #f\n");
test("quotes", asModprobe, 'options a b="c d" e=\'f g\nalias "a b" c\ninstall a echo "$CMDLINE_OPTS" \'\n');
test(
	"dashes",
	asModprobe,
	"alias a-b c-d\nblacklist -a-\noptions a-b c-d\ninstall a-b c-d\nremove a-b c-d\nsoftdep a-b pre: c-d\n",
);
test(
	"brackets",
	asModprobe,
	"alias a-[b-c]-d [e-f]-\nalias a[ b\nalias a] b\nalias [b a]\nalias b [\noptions [a-]b- c-d[\nblacklist [!]-a\n",
);
test("capitals and prefixes", asModprobe, "Alias a b\naliases a b\nBLACKLIST a\nblack list\nalias-a b\n");
test("deprecated commands", asModprobe, "include\nconfig a\n include /etc\nincluded\n");
test(
	"odd white space",
	asModprobe,
	"alias a\rb c\r\nblacklist\va\nalias a\fb c\nsoftdep a pre:\rb\vc\fd e\r\n\r\n\f\n",
);
test(
	"bytes beyond ASCII",
	asModprobe,
	`${bytesOf("alias é-ü ß\nblacklist 木-木\n\u00a0alias a b\nalias a\u00a0b c\n\ufeffalias d e\n")}\xa0alias f g\nalias f\x85 l\xc3\xa0\n`,
);
test("a NUL byte ends a line", asModprobe, "alias a b\0c\nalias d\0 e\n\0alias f g\nblacklist h\\\n\0i\nalias j k\n");
test("Windows line ends", asModprobe, "alias a b\r\noptions c d=e\r\nblacklist f\\\r\ng\r\n\r\n");
test("long words", asModprobe, `alias ${"a-".repeat(3000)} b\nalias b ${"[c-d]-".repeat(1500)}\n${"e".repeat(5000)}\n`);

function kinds(rest = ""): string[] {
	return ["alias", "blacklist", "options", "install", "remove", "softdep"].map((kind) => kind + rest);
}

test("modprobe reads the same of random configurations", (t) => {
	const random = seededRandom(t);
	const names = Array.from({ length: 250 }, (_, n) => `${n}.conf`);
	const world = makeWorld(t, Object.fromEntries(names.map((name) => [name, randomConfig(random)])));
	compareWithModprobe(t, world, names);
});

test("rubbish and cut files are read to their end, and every line is read or a problem", (t) => {
	const random = seededRandom(t);
	const good = readable(random);
	for (let n = 0; n < 2000; n++) {
		const bytes = n % 2 ? random.bytes(random.below(200)) : Buffer.from(good.slice(0, random.below(good.length)));
		const { value, problems } = parseModprobeConfig("x.conf", bytes.toString(n % 3 ? "utf8" : "latin1"));
		const lines = bytes.toString("latin1").split("\n").length;
		const known = Object.values(value).flat().length + problems.length;
		t.true(known <= lines, `${known} of ${lines} lines`);
	}
});

test("a file of a million lines is read whole", (t) => {
	const { value, problems } = parseModprobeConfig("x.conf", "alias a-* b\nrubbish\n".repeat(500_000));
	t.is(value.aliases.length, 500_000);
	t.deepEqual(value.aliases.at(-1), { pattern: "a_*", module: "b", source: { file: "x.conf", line: 999_999 } });
	t.is(problems.length, 500_000);
});

function compareWithModprobe(t: Parameters<typeof makeWorld>[0], world: string, names: readonly string[]): void {
	const kernelCommandLine = readFileSync("/proc/cmdline", "utf8");
	const paths = names.map((name) => `${world}/${name}`);
	const dumps = showConfigs(
		world,
		paths.map((path) => ["-C", path]),
	);
	paths.forEach((path, n) => {
		const expected = dumps[n]!;
		const found = readConfiguration(files, {
			moduleDirectory: `${world}/none`,
			configPaths: [path],
			kernelCommandLine,
		});
		const text = readFileSync(path, "utf8");
		t.is(withoutBlankBeforePost(formatConfig(found.value)), withoutBlankBeforePost(expected.config), text);
		t.deepEqual(found.problems.map(inKmodsWords), expected.complaints, text);
	});
}

function readable(random: Random): string {
	return Array.from({ length: 20 }, () => randomLine(random)).join("\n");
}

/** Random lines of modprobe.d's grammar: some continued, some with backslashes without a meaning, some rubbish. */
function randomConfig(random: Random): string {
	const lines = Array.from({ length: random.below(30) }, () => randomLine(random));
	const text = lines.map((line) => breakUp(random, line)).join("\n");
	// Our reader and kmod differ only about a backslash at the very end of the text.
	return random.below(2) ? `${text}\n` : text.replace(/\\+$/, "");
}

function breakUp(random: Random, line: string): string {
	if (random.below(3) > 0) return line;
	const at = random.below(line.length + 1);
	return line.slice(0, at) + random.pick(["\\\n", "\\\n", "\\", "\\\\", "\0"]) + line.slice(at);
}

function randomLine(random: Random): string {
	const blank = () => random.pick([" ", " ", " ", "\t", "  ", " \t "]);
	const name = () => random.text(["a", "b", "-", "_", ".", "snd", "usb:", "[a-b]", "*", random.pick("[]?é/#")], 1, 5);
	const wordsOf = (most: number) => Array.from({ length: random.below(most + 1) }, name).join(" ");
	const lead = random.below(8) ? "" : blank();
	switch (random.below(10)) {
		case 0:
			return random.text(" \t#abc\\\"'-[]=.\r\v\fé", 0, 12);
		case 1:
			return `#${blank()}${random.pick(["alias a b", "", "\\"])}`;
		case 2:
			return `${lead}${random.pick(["include", "config", "Alias", "aliasx", "weak", "black list"])}${blank()}${wordsOf(2)}`;
		case 3:
			return `${lead}softdep${blank()}${name()}${random.pick([" ", "\t", "   "])}${softdepWords()}`;
		case 4:
			return `${lead}${random.pick(["install", "remove"])}${blank()}${name()}${blank()}${random.pick(["/bin/true", 'a "$CMDLINE_OPTS" \'b', " x\ty ", ""])}`;
		case 5:
			return `${lead}options${blank()}${name()}${blank()}${random.pick(["a=1", 'a=1\tb="c  d" e', "", " "])}${blank()}`;
		case 6:
			return knowsWeakdep ? `${lead}weakdep ${name()} ${wordsOf(3)}` : "";
		case 7:
			return `${lead}blacklist${blank()}${wordsOf(2)}`;
		default:
			return `${lead}alias${blank()}${wordsOf(3)}${lead}`;
	}

	/**
	 * Words of a softdep line with at most one list of each kind: kmod keeps the printed text of both lists in one buffer, and
	 * prints too much of lists that alternate.
	 */
	function softdepWords(): string {
		const lists = [`pre:${blank()}${wordsOf(3)}`, `post:${blank()}${wordsOf(3)}`];
		const some = random.pick([lists, [...lists].reverse(), [lists[0]!], [lists[1]!], []]);
		return [wordsOf(1), ...some].filter((part) => part !== "").join(blank());
	}
}

test("a line is named by its file and its number, and one of the kernel command line is not", (t) => {
	t.is(formatSource({ file: "/etc/modprobe.d/a.conf", line: 3 }), "/etc/modprobe.d/a.conf line 3");
	t.is(formatSource({ file: "/proc/cmdline", line: 0 }), "the kernel command line");
});
