import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import koffi from "koffi";
import { matchesWildcard } from "../../../src/libkmod/text/wildcard.js";
import { kernelPackage } from "../../support/vm/images/kernel-package.js";
import { vmTest } from "../../support/vm/vm-test.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const fnmatch: (pattern: string, text: string, flags: number) => number = koffi
	.load(null)
	.func("int fnmatch(const char *pattern, const char *text, int flags)");
const glibcMatches = (pattern: string, text: string): boolean => fnmatch(pattern, text, 0) === 0;

const matches = test.macro({
	exec(t, pattern: string, text: string, expected: boolean) {
		t.is(matchesWildcard(pattern, text), expected);
		t.is(glibcMatches(pattern, text), expected);
	},
	title: (_, pattern, text, expected) => `${pattern} ${expected ? "matches" : "does not match"} ${text}`,
});

test(matches, "pci:v00008086d*sv*sd*bc03sc*i*", "pci:v00008086d00001916sv000017AAsd00002247bc03sc00i00", true);
test(matches, "pci:v00008086d*sv*sd*bc03sc*i*", "pci:v00008086d00001916sv000017AAsd00002247bc02sc00i00", false);
test(matches, "of:N*T*Cvendor,chip", "of:Nnode/withT<NULL>Cvendor,chip", true);
test(matches, "*", "", true);
test(matches, "*", ".hidden/file", true);
test(matches, "?", "", false);
test(matches, "a?c", "a/c", true);
test(matches, "usb:v[0-9A-F]d[!a-f]", "usb:vBd9", true);
test(matches, "usb:v[0-9A-F]d[^a-f]", "usb:vBdb", false);
test(matches, "x[]-]y", "x]y", true);
test(matches, "x[[:digit:][:upper:]_]", "x_", true);
test(matches, "x[[:digit:][:upper:]_]", "xa", false);
test(matches, "a\\*b", "a*b", true);
test(matches, "a\\*b", "aab", false);
test(matches, "a\\", "a", false);
test(matches, "never[closed", "never[closed", true);
test(matches, "[[:constructor:]]", "a", false);

test("it answers as glibc's fnmatch does for random patterns and texts", (t) => {
	const random = seededRandom(t);
	const classNames = "alnum alpha blank cntrl digit graph lower print punct space upper xdigit".split(" ");
	const pieces = [
		...'ab-[]!^*?\\/.:=*?[]z \t~9"',
		...classNames.map((name) => `[[:${name}:]]`),
		...["[:digit:]", "[[:digit:]-", "[:foo:]", "[a-z]", "[!b", "[^]", "[.a.]", "[.-.]-", "[=b=]", "[-[", "a-z", "[a"],
		...["[:", "[.", "[=", ".]", "=]", ":]"],
	];
	let matched = 0;
	for (let n = 0; n < 60_000; n++) {
		const alphabet = n % 2 ? pieces : "ab[]-*";
		const pattern = random.text(alphabet, 0, 9);
		const text = n % 3 ? random.text(alphabet === pieces ? 'ab-[]*?\\/.:=z9 A"~\t' : alphabet, 0, 6) : fill(pattern);
		const expected = glibcMatches(pattern, text);
		if (expected) matched++;
		if (matchesWildcard(pattern, text) !== expected) t.fail(`${pattern} and ${text}: glibc says ${expected}`);
	}
	t.true(matched > 1000, `${matched} of them matched`);

	function fill(pattern: string): string {
		const inside = pattern.replace(/\[[^\]]*\]/g, () => random.pick("ab9 "));
		return inside.replace(/[*]/g, () => random.text("ab/", 0, 2)).replace(/[?]/g, () => random.pick("ab/"));
	}
});

test("hostile patterns of stars and unclosed brackets end", (t) => {
	t.false(matchesWildcard(`${"*a".repeat(2000)}b`, "a".repeat(4000)));
	t.true(matchesWildcard(`${"*a".repeat(2000)}b`, `${"a".repeat(4000)}b`));
	t.false(matchesWildcard(`*${"[a-z]".repeat(800)}b`, "a".repeat(4000)));
	t.false(matchesWildcard(`*${"[a".repeat(700)}`, `${"[a".repeat(1000)}b`));
	t.true(matchesWildcard(`*${"[a".repeat(700)}`, "[a".repeat(1000)));
	t.false(matchesWildcard(`*[${"[a".repeat(9000)}]b`, `${"[a".repeat(4000)}c`));
});

test("a byte beyond ASCII is one like any other, and part of a letter alone", (t) => {
	t.true(matchesWildcard("caf?", "caf\xe9"));
	t.false(matchesWildcard("caf?", "caf\xc3\xa9"));
	t.true(matchesWildcard("caf?[\xa0-\xaf]", "caf\xc3\xa9"));
	t.true(matchesWildcard("[!a-z]", "\xe9"));
	t.false(matchesWildcard("[[:alpha:][:cntrl:]]", "\xe9"));
});

vmTest("every alias pattern of the kernel package matches what glibc says it does", async (t) => {
	const { root, release } = await kernelPackage();
	const text = readFileSync(join(root, "lib/modules", release, "modules.alias"), "latin1");
	const patterns = [...text.matchAll(/^alias (\S+) /gm)].map((line) => line[1]!);
	t.true(patterns.length > 1000, `${patterns.length} patterns`);
	const random = seededRandom(t);
	let matched = 0;
	for (const pattern of patterns) {
		const concrete = pattern.replace(/\[([^\]])[^\]]*\]/g, "$1").replace(/[*?]/g, () => random.pick("07aF"));
		const other = random.pick(patterns);
		const texts = [concrete, concrete.toLowerCase(), `${concrete}x`, concrete.slice(0, -1), other.replaceAll("*", "0")];
		for (const candidate of texts) {
			const expected = glibcMatches(pattern, candidate);
			if (expected) matched++;
			if (matchesWildcard(pattern, candidate) !== expected)
				t.fail(`${pattern} and ${candidate}: glibc says ${expected}`);
		}
	}
	t.true(matched >= patterns.length, `${matched} matches of ${patterns.length} patterns`);
	t.log(`${patterns.length} patterns, ${matched} matches`);
});
