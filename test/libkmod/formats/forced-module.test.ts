import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { findSection, MalformedModule, parseElf } from "../../../src/libkmod/formats/elf.js";
import { forceModule } from "../../../src/libkmod/formats/forced-module.js";
import { modinfoStrings } from "../../../src/libkmod/formats/modinfo.js";
import { symbolVersions } from "../../../src/libkmod/formats/module-symbols.js";
import { elfImage } from "../../support/worlds/elf-image.js";

const modinfo = ["license=GPL", "notvermagic=x", "vermagic=6.1.0 SMP mod_unload ", "name=x"];

/** Flags of a section as readelf prints them, such as A for SHF_ALLOC. */
function flagsOf(t: ExecutionContext, image: Buffer, section: string): string {
	const folder = mkdtempSync(join(tmpdir(), "forced-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, "x.ko"), image);
	const table = execFileSync("readelf", ["-SW", join(folder, "x.ko")], { encoding: "utf8" });
	const [, rest = ""] = table.split(new RegExp(`\\] ${section} +`));
	return rest.split("\n")[0]!.trim().split(/ +/)[5]!;
}

for (const bits of [32, 64] as const)
	for (const bigEndian of [false, true]) {
		const shape = `${bits} bit, ${bigEndian ? "big" : "little"} endian`;
		const image = elfImage({ bits, bigEndian, modinfo, versions: { a: 1 } });

		test(`without versions: ${shape}`, (t) => {
			const forced = forceModule(image, { forceModversion: true });
			t.is(flagsOf(t, image, "__versions"), "A");
			t.not(flagsOf(t, forced, "__versions"), "A");
			t.is(flagsOf(t, forced, ".modinfo"), "A");
			const changed = [...image.keys()].filter((at) => image[at] !== forced[at]);
			t.is(changed.length, 1);
			t.deepEqual(modinfoStrings(parseElf(forced)), modinfo);
		});

		test(`without vermagic: ${shape}`, (t) => {
			const forced = forceModule(image, { forceVermagic: true });
			t.deepEqual(
				modinfoStrings(parseElf(forced)),
				modinfo.filter((string) => !string.startsWith("vermagic=")),
			);
			t.is(flagsOf(t, forced, "__versions"), "A");
			t.is(forced.length, image.length);
		});
	}

test("forced not at all is a copy", (t) => {
	const image = elfImage({ modinfo, versions: { a: 1 } });
	const forced = forceModule(image, {});
	t.true(forced.equals(image));
	forced.fill(0);
	t.false(forced.equals(image));
});

test("both at once, where there is neither, changes nothing", (t) => {
	const image = elfImage({ modinfo: ["license=GPL"] });
	t.true(forceModule(image, { forceVermagic: true, forceModversion: true }).equals(image));
});

test("vermagic is blanked wherever it stands", (t) => {
	for (const strings of [["vermagic=x"], ["a=b", "vermagic=x"], ["vermagic=x", "a=b"]]) {
		const forced = parseElf(forceModule(elfImage({ modinfo: strings }), { forceVermagic: true }));
		t.deepEqual(
			modinfoStrings(forced),
			strings.filter((string) => string === "a=b"),
		);
	}
});

test("extended versions go with the others", (t) => {
	const sections = [
		{ name: "__version_ext_crcs", data: Buffer.alloc(4), flags: 2 },
		{ name: "__version_ext_names", data: Buffer.from("a\0"), flags: 2 },
	];
	const forced = forceModule(elfImage({ sections }), { forceModversion: true });
	for (const { name } of sections) t.not(flagsOf(t, forced, name), "A");
	t.is(symbolVersions(parseElf(forced))?.length, 1);
	t.truthy(findSection(parseElf(forced), "__version_ext_crcs"));
});

test("what is no module cannot be forced", (t) => {
	t.throws(() => forceModule(Buffer.from("rubbish"), { forceVermagic: true }), { instanceOf: MalformedModule });
});
