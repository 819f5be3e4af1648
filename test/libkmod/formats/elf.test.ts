import test from "ava";
import {
	findSection,
	MalformedModule,
	parseElf,
	sectionAt,
	stringAt,
	u16,
	u32,
	wordAt,
} from "../../../src/libkmod/formats/elf.js";
import { elfImage, undefinedSymbol } from "../../support/worlds/elf-image.js";

const shapes = ([32, 64] as const).flatMap((bits) => [false, true].map((bigEndian) => ({ bits, bigEndian })));

for (const { bits, bigEndian } of shapes) {
	const shape = `${bits} bit, ${bigEndian ? "big" : "little"} endian`;

	test(`sections are found by name: ${shape}`, (t) => {
		const image = elfImage({
			bits,
			bigEndian,
			machine: 43,
			sections: [
				{ name: ".first", data: Buffer.from("one") },
				{ name: ".fir", data: Buffer.from("two") },
				{ name: ".first", data: Buffer.from("three") },
			],
		});
		const elf = parseElf(image);
		const content = (name: string) => {
			const section = findSection(elf, name);
			return section && image.toString("latin1", section.start, section.end);
		};
		t.is(content(".first"), "one");
		t.is(content(".fir"), "two");
		for (const absent of [".firs", "first", ".firstx", "", ".x"]) t.is(content(absent), undefined, absent);
		t.is(elf.machine, 43);
		t.is(elf.count, 5);
	});

	test(`numbers are read in the file's byte order: ${shape}`, (t) => {
		const elf = parseElf(
			elfImage({ bits, bigEndian, sections: [{ name: ".n", data: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) }] }),
		);
		const { start } = findSection(elf, ".n")!;
		t.is(u16(elf, start), bigEndian ? 0x0102 : 0x0201);
		t.is(u32(elf, start + 4), bigEndian ? 0x05060708 : 0x08070605);
		const wide = bigEndian ? 0x0102030405060708n : 0x0807060504030201n;
		const narrow = bigEndian ? 0x01020304n : 0x04030201n;
		t.is(wordAt(elf, start), Number(bits === 64 ? wide : narrow));
	});

	test(`what is cut short is malformed wherever it is cut: ${shape}`, (t) => {
		const image = elfImage({ bits, bigEndian, modinfo: ["license=GPL"], symbols: [undefinedSymbol("x")] });
		for (let length = 0; length < image.length; length++)
			t.throws(() => parseElf(image.subarray(0, length)), { instanceOf: MalformedModule }, `${length} bytes`);
		t.notThrows(() => parseElf(image));
	});
}

test("a section without bytes in the file is empty, whatever size it has in memory", (t) => {
	const elf = parseElf(elfImage({ sections: [{ name: ".bss", data: Buffer.alloc(8), type: 8 }] }));
	t.deepEqual(findSection(elf, ".bss"), { index: 1, start: 0, end: 0 });
});

const good = elfImage({ modinfo: ["license=GPL"] });
const changed = (at: number, ...bytes: number[]): Buffer => {
	const image = Buffer.from(good);
	image.set(bytes, at);
	return image;
};
const malformed: Readonly<Record<string, { image: Buffer; message: RegExp; reason?: MalformedModule["reason"] }>> = {
	"another magic number": { image: changed(0, 0), message: /not an ELF file/, reason: "Exec format error" },
	"an unknown class": { image: changed(4, 3), message: /neither 32 nor 64 bit/ },
	"an unknown byte order": { image: changed(5, 0), message: /neither little nor big/ },
	"section headers of an odd size": { image: changed(58, 65), message: /65 bytes each instead of 64/ },
	"more section headers than the file has room for": { image: changed(60, 0xff, 0xff), message: /65535 headers/ },
	"a section table beyond the file": { image: changed(40, 0, 0, 0, 0, 0, 0, 0, 0x80), message: /outside the file/ },
	"a section table at a distance that no number holds": {
		image: changed(40, 255, 255, 255, 255, 255, 255, 255, 255),
		message: /outside the file/,
	},
	"section names in a section that is not there": {
		image: changed(62, 77),
		message: /section 77, but it has only 3 sections/,
	},
	"no sections at all": { image: changed(60, 0, 0), message: /it has only 0 sections/ },
};
for (const [what, { image, message, reason = "Invalid argument" }] of Object.entries(malformed))
	test(`${what} makes a file malformed`, (t) => {
		const error = t.throws(() => parseElf(image), { instanceOf: MalformedModule, message });
		t.is(error.reason, reason);
	});

test("section names without a NUL at their end make a file malformed", (t) => {
	const { start, end } = sectionAt(parseElf(good), 2);
	t.true(end > start);
	t.throws(() => parseElf(changed(end - 1, 0x41)), { instanceOf: MalformedModule, message: /do not end with a NUL/ });
});

test("a section that reaches outside the file is malformed when it is asked for", (t) => {
	const { table } = parseElf(good);
	const elf = parseElf(changed(table + 64 + 32, 255, 255, 255, 255));
	t.throws(() => findSection(elf, ".modinfo"), {
		instanceOf: MalformedModule,
		message: /section 1 .* reaches outside/,
	});
	t.is(findSection(elf, ".other"), undefined);
});

test("a string ends at its NUL or at the limit, and every byte is one character", (t) => {
	t.is(stringAt(Buffer.from("ab\0cd"), 0, 5), "ab");
	t.is(stringAt(Buffer.from("ab\0cd"), 3, 5), "cd");
	t.is(stringAt(Buffer.from([0xc3, 0xa9]), 0, 2), "\xc3\xa9");
});
