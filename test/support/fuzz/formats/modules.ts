// Module files: ELF, its modinfo, symbols, versions and digests; signatures and their DER; what compression says of its content.

import { crc32 } from "../../../../src/libkmod/crc32.js";
import { Damage } from "../../../../src/libkmod/damage.js";
import { ModuleDigester } from "../../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../../src/libkmod/depmod/symbol-names.js";
import { childrenOf, type DerElement, elementAt, objectIdOf, tags } from "../../../../src/libkmod/formats/der.js";
import { MalformedModule, parseElf, sectionAt } from "../../../../src/libkmod/formats/elf.js";
import { forceModule } from "../../../../src/libkmod/formats/forced-module.js";
import { parseGzipHeader } from "../../../../src/libkmod/formats/gzip-member.js";
import { modinfoStrings } from "../../../../src/libkmod/formats/modinfo.js";
import {
	dependencySymbols,
	exportedSymbols,
	type ModuleSymbol,
	symbolVersions,
} from "../../../../src/libkmod/formats/module-symbols.js";
import { parseSignature } from "../../../../src/libkmod/formats/signature.js";
import { parseXz, withDictionariesThatFit, xzContentSize } from "../../../../src/libkmod/formats/xz-file.js";
import { parseZstd, withWindowsThatFit } from "../../../../src/libkmod/formats/zstd-frames.js";
import { moduleInfo } from "../../../../src/libkmod/module-info.js";
import { elfImage, exported, undefinedSymbol } from "../../elf-image.js";
import type { Random } from "../../random-numbers.js";
import { objectIds, pkcs7, signedModule } from "../../signed-module.js";
import { expect, expectSame, type Field, type FuzzFormat, latin1, type Verdict, verdict } from "../format.js";

const refusing = (read: () => void): Verdict => {
	try {
		read();
		return "accepted";
	} catch (error) {
		if (error instanceof MalformedModule || error instanceof Damage) return "refused";
		throw error;
	}
};

const names = ["a", "b", "printk", ".dot", "", "module_layout", "x".repeat(60)];

function sampleModule(random: Random): Buffer {
	const some = () => names.filter(() => random.below(2) === 0);
	const extended = some();
	return elfImage({
		bits: random.pick([32, 64]),
		bigEndian: random.below(2) === 0,
		machine: random.pick([62, 183, 43]),
		modinfo: ["license=GPL", "alias=pci:v*", "depends=a,b", "vermagic=6.1.0 SMP", "parm=x:an x", "odd"].filter(
			() => random.below(3) > 0,
		),
		symbols: [
			...some().map((name) => exported(name, 7)),
			...some().map((name) => undefinedSymbol(name, 1 + random.below(2))),
		],
		versions: Object.fromEntries(some().map((name) => [name, random.below(99)])),
		sections: [
			{
				name: "__ksymtab_strings",
				data: latin1(
					some()
						.map((name) => `${name}\0`)
						.join(""),
				),
			},
			{ name: "__version_ext_crcs", data: Buffer.alloc(4 * extended.length) },
			{ name: "__version_ext_names", data: latin1(extended.map((name) => `${name}\0`).join("")) },
			{ name: ".note.gnu.build-id", data: Buffer.from("040000000400000003000000474e550001020304", "hex") },
		],
	});
}

/** The header's and the section table's numbers. */
function elfFields(input: Buffer): readonly Field[] {
	if (input.length < 64) return [];
	const wide = input[4] === 2;
	const bigEndian = input[5] === 2;
	const word = wide ? 8 : 4;
	const at = wide ? 40 : 32;
	const header: Field[] = [
		{ at, size: word, bigEndian },
		...(wide ? [58, 60, 62] : [46, 48, 50]).map((place): Field => ({ at: place, size: 2, bigEndian })),
	];
	const table = bigEndian ? input.readUInt32BE(wide ? at + 4 : at) : input.readUInt32LE(at);
	const stride = wide ? 64 : 40;
	for (let section = table; section + stride <= input.length && header.length < 80; section += stride)
		header.push(
			{ at: section, size: 4, bigEndian },
			{ at: section + 4, size: 4, bigEndian },
			{ at: section + (wide ? 24 : 16), size: word, bigEndian },
			{ at: section + (wide ? 32 : 20), size: word, bigEndian },
		);
	return header;
}

const elf = {
	refused: "MalformedModule",
	kind: "bytes",
	fields: elfFields,
	sample: sampleModule,
} as const;

/** As large as the section names of an image need them: at n bytes they end where the file does. */
const wholeModule = elfImage({ modinfo: ["license=GPL"] });
const cutModule = {
	bound: "the file's bytes",
	n: wholeModule.length - 1,
	make: (n: number) => wholeModule.subarray(0, n),
	within: "refused",
	beyond: "accepted",
} as const;

const modinfo: FuzzFormat = {
	...elf,
	name: "module, modinfo",
	sources: ["src/libkmod/formats/elf.ts", "src/libkmod/formats/modinfo.ts"],
	readers: ["parseElf", "parseModinfoString"],
	accepted: "a list of strings no longer than the file",
	sound: 1,
	read(input) {
		return refusing(() => {
			const size = (moduleInfo(input) ?? []).reduce((sum, { key, value }) => sum + key.length + value.length, 0);
			// Ids and signatures are told in hexadecimal.
			expect(size <= 8 * input.length + 100, "more was read than is there");
		});
	},
	limits: [
		{ ...cutModule, n: wholeModule.length - 1 },
		{
			bound: "bytes of anything",
			n: 15,
			make: (n) => Buffer.from("\x7fELF\x02\x01".padEnd(n, "\0"), "latin1"),
			within: "refused",
			beyond: "refused",
		},
	],
};

const namesOf = (symbols: readonly ModuleSymbol[] | undefined): string[] => (symbols ?? []).map(({ name }) => name);

const symbols: FuzzFormat = {
	...elf,
	name: "module, symbols and versions",
	sources: ["src/libkmod/formats/module-symbols.ts", "src/libkmod/formats/symbol-walk.ts"],
	readers: ["parseElf"],
	accepted: "exports, needs and versions, fewer than bytes",
	sound: 1,
	read(input) {
		return refusing(() => {
			const parsed = parseElf(input);
			for (let index = 1; index < parsed.count; index++)
				refusing(() => {
					const { start, end } = sectionAt(parsed, index);
					expect(start <= end && end <= input.length, "a section is not within the file");
				});
			for (const list of [exportedSymbols(parsed), symbolVersions(parsed), dependencySymbols(parsed)])
				expect((list ?? []).length <= input.length, "more symbols than bytes");
		});
	},
	limits: [cutModule],
};

let digester = new ModuleDigester(new SymbolNames());

const digest: FuzzFormat = {
	...elf,
	name: "module, depmod's digest",
	sources: ["src/libkmod/depmod/module-digest.ts", "src/libkmod/depmod/symbol-names.ts"],
	readers: [],
	accepted: "the symbols that the lists of symbols have",
	refused: "a digest that says why the file is malformed",
	sound: 1,
	read(input) {
		if (digester.names.count > 50_000) digester = new ModuleDigester(new SymbolNames());
		const { exports, needs, malformed } = digester.digest("kernel/a.ko", input);
		if (malformed !== undefined) return "refused";
		const nameOf = (symbol: number): string => digester.names.nameOf(symbol);
		const parsed = parseElf(input);
		// The lists ask for versions where there is no symbol table, too.
		if (refusing(() => dependencySymbols(parsed)) === "refused") return "refused";
		expectSame(exports.symbols.map(nameOf), namesOf(exportedSymbols(parsed)), "exports differ");
		// A name that is needed twice counts once with versions.
		expectSame(
			[...new Set(needs.symbols.map(nameOf))].sort(),
			[...new Set(namesOf(dependencySymbols(parsed)))].sort(),
			"needs differ",
		);
		return "accepted";
	},
	limits: [cutModule],
};

/** What the kernel takes for vermagic; undefined where the module cannot be read. */
function listMagic(image: Buffer): string[] | undefined {
	let magic: string[] | undefined;
	refusing(() => {
		magic = modinfoStrings(parseElf(image))?.filter((string) => string.startsWith("vermagic="));
	});
	return magic;
}

const forced: FuzzFormat = {
	...elf,
	name: "module, forced",
	sources: ["src/libkmod/formats/forced-module.ts"],
	readers: [],
	accepted: "a copy of the same size without vermagic",
	sound: 1,
	read(input) {
		return refusing(() => {
			const copy = forceModule(input, { forceModversion: true, forceVermagic: true });
			expect(copy.length === input.length, "the copy has another size");
			const magic = listMagic(input);
			if (magic?.length === 1) expectSame(listMagic(copy) ?? [], [], "vermagic is still there");
		});
	},
	limits: [cutModule],
};

function sampleMessage(random: Random): Buffer {
	const ids = Object.keys(objectIds) as (keyof typeof objectIds)[];
	return pkcs7({
		issuer: [
			["organisation", "O"],
			["commonName", random.text("abc", 0, 9)],
		],
		serial: random.pick(["01", "00ff", "80", "ff00", "00".repeat(3)]),
		...(random.below(4) === 0 && { keyId: "0102" }),
		hash: random.below(4) === 0 ? random.pick(ids) : "sha256",
		signers: random.below(3) === 0 ? 0 : 1,
		withAttributes: random.below(2) === 0,
		withCertificates: random.below(2) === 0,
	});
}

const signature: FuzzFormat = {
	name: "module, signature",
	sources: ["src/libkmod/formats/signature.ts"],
	readers: ["parseSignature"],
	accepted: "who signed it and how",
	refused: "undefined, or a signature of which something is not understood",
	kind: "bytes",
	/** The trailer's lengths, and what looks like a length in front of it. */
	fields: (input) => [
		{ at: input.length - 32, size: 4, bigEndian: true },
		...[40, 39, 38, 37, 36].map((back): Field => ({ at: input.length - back, size: 1, bigEndian: true })),
	],
	sound: 2,
	sample: (random) =>
		random.below(3) > 0
			? signedModule(sampleMessage(random)).subarray(-1000)
			: signedModule(random.bytes(30), {
					algorithm: random.below(2),
					hash: random.below(9),
					idType: random.below(2),
					signerLength: 3,
					keyLength: 4,
				}).subarray(-200),
	read(input) {
		const found = parseSignature(input);
		if (found === undefined) return "refused";
		const size = found.signer.length + found.key.length + found.signature.length;
		expect(size <= input.length, "more was read than is there");
		return verdict(found.hashAlgorithm !== "unknown" && found.signature.length > 0 && found.key.length > 0);
	},
	limits: [
		{
			bound: "bytes of a serial number",
			n: 1024,
			make: (n) => signedModule(pkcs7({ serial: "11".repeat(n) })),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of a signature, of 30 before the trailer",
			n: 30,
			make: (n) => signedModule(Buffer.alloc(33), { idType: 1, keyLength: 3, length: n }).subarray(-73),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const der: FuzzFormat = {
	name: "DER",
	sources: ["src/libkmod/formats/der.ts"],
	readers: [],
	accepted: "an element whose parts lie within it",
	refused: "undefined",
	kind: "bytes",
	fields: (input) => Array.from({ length: Math.min(40, input.length) }, (_, at) => ({ at, size: 1, bigEndian: true })),
	sound: 1,
	sample: sampleMessage,
	read(input) {
		const root = elementAt(input, 0, input.length);
		if (root === undefined) return "refused";
		let left = input.length;
		const open: DerElement[] = [root];
		for (let element = open.pop(); element !== undefined && left > 0; element = open.pop(), left--) {
			expect(element.start <= element.end && element.end <= input.length, "an element is not within the file");
			if (element.tag === tags.objectId)
				expect(!objectIdOf(input, element).includes("NaN"), "an object identifier is none");
			if ((element.tag & 0x20) === 0) continue;
			for (const child of childrenOf(input, element)) {
				expect(child.start >= element.start && child.end <= element.end, "an element is not within its parent");
				open.push(child);
			}
		}
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of a length",
			n: 4,
			make: (n) => Buffer.concat([Buffer.from([0x30, 0x80 + n]), Buffer.alloc(n)]),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "the content's bytes, of 127",
			n: 127,
			make: (n) => Buffer.concat([Buffer.from([0x30, n]), Buffer.alloc(127)]),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const varint = (value: number): number[] =>
	value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];

const withCrc = (bytes: Buffer): Buffer => {
	const crc = Buffer.alloc(4);
	crc.writeUInt32LE(crc32(bytes));
	return Buffer.concat([bytes, crc]);
};
const padded = (bytes: readonly number[]): Buffer =>
	Buffer.from([...bytes, ...Array<number>((4 - (bytes.length % 4)) % 4).fill(0)]);

/** A block of chunks that are not compressed, in front of which its header may say how large it is. */
function xzBlock(chunks: readonly Buffer[], dictionary: number, numbers: readonly number[] = []): Buffer {
	const fields = padded([0, numbers.length === 0 ? 0 : 0x40, ...numbers, 0x21, 1, dictionary]);
	fields[0] = fields.length / 4;
	const data = chunks.flatMap((chunk) => [1, (chunk.length - 1) >> 8, (chunk.length - 1) & 255, ...chunk]);
	return Buffer.concat([withCrc(fields), padded([...data, 0])]);
}

/** Its index is not compared to its blocks here: that is the decoder's work. */
function xzStream(blocks: readonly Buffer[]): Buffer {
	const flags = Buffer.from([0, 0]);
	const index = withCrc(
		padded([0, ...varint(blocks.length), ...blocks.flatMap(({ length }) => [...varint(length), 1])]),
	);
	const backward = Buffer.alloc(4);
	backward.writeUInt32LE(index.length / 4 - 1);
	const footer = withCrc(Buffer.concat([backward, flags]));
	return Buffer.concat([
		...[Buffer.from("fd377a585a00", "hex"), withCrc(flags), ...blocks, index],
		...[footer.subarray(-4), footer.subarray(0, 6), Buffer.from("YZ")],
	]);
}

const xz: FuzzFormat = {
	name: "xz files",
	sources: ["src/libkmod/formats/xz-file.ts"],
	readers: ["parseXz"],
	accepted: "streams whose content fits into memory by a dictionary no larger than that",
	refused: "Damage, which says why",
	kind: "bytes",
	fields: (input) => [
		...Array.from({ length: 24 }, (_, back): Field => ({ at: input.length - 12 - back, size: 1, bigEndian: false })),
		...Array.from({ length: 24 }, (_, at): Field => ({ at: 12 + at, size: 1, bigEndian: false })),
	],
	sound: 3,
	sample: (random) =>
		Buffer.concat(
			Array.from({ length: 1 + random.below(2) }, () =>
				Buffer.concat([
					xzStream(
						Array.from({ length: random.below(4) }, () =>
							xzBlock(
								Array.from({ length: random.below(3) }, () => random.bytes(1 + random.below(600))),
								random.below(41),
							),
						),
					),
					Buffer.alloc(4 * random.below(3)),
				]),
			),
		),
	read(input) {
		return refusing(() => {
			const streams = parseXz(input);
			const size = xzContentSize(streams);
			expect(Number.isSafeInteger(size) && size <= input.length * 2 ** 21, `a size of ${size}`);
			const fitted = parseXz(withDictionariesThatFit(input, streams, 0));
			expectSame(xzContentSize(fitted), size, "another size");
			for (const { dictionary, size: of } of fitted.flatMap(({ blocks }) => blocks))
				expect(dictionary <= Math.max(4096, 2 * of), `a dictionary of ${dictionary} for ${of}`);
		});
	},
	limits: [
		{
			bound: "bytes of a number",
			n: 9,
			make: (n) => xzStream([xzBlock([], 0, [...Array<number>(n - 1).fill(0x80), 0])]),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of a stream",
			n: 31,
			make: (n) => xzStream([]).subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
		{ bound: "a dictionary", n: 40, make: (n) => xzStream([xzBlock([], n)]), within: "accepted", beyond: "refused" },
	],
};

const gzip: FuzzFormat = {
	name: "gzip headers",
	sources: ["src/libkmod/formats/gzip-member.ts"],
	readers: ["parseGzipHeader"],
	accepted: "where the data begin",
	refused: "Damage, which says why",
	kind: "bytes",
	fields: () => [
		{ at: 3, size: 1, bigEndian: false },
		{ at: 10, size: 2, bigEndian: false },
	],
	sound: 2,
	sample: (random) =>
		Buffer.concat([Buffer.from([0x1f, 0x8b, 8, random.below(32), 0, 0, 0, 0, 0, 3]), random.bytes(random.below(40))]),
	read(input) {
		return refusing(() => {
			const { size } = parseGzipHeader(input);
			expect(size >= 10 && size <= input.length, `a header of ${size} bytes`);
		});
	},
	limits: [
		{
			bound: "bytes of a header",
			n: 9,
			make: (n) => Buffer.from("1f8b0800000000000003".padEnd(24, "0"), "hex").subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
	],
};

function zstdFrame(random: Random): Buffer {
	const blocks = Array.from({ length: random.below(3) }, () => {
		const data = random.bytes(random.below(9));
		return Buffer.concat([Buffer.from([data.length << 3, 0, 0]), data]);
	});
	const single = random.below(2) === 0;
	const descriptor = (single ? 0x20 : 0) | (random.below(2) << 2) | (random.below(8) === 0 ? random.below(16) : 0);
	const size = blocks.reduce((sum, block) => sum + block.length - 3, 0);
	return Buffer.concat([
		Buffer.from([0x28, 0xb5, 0x2f, 0xfd, descriptor, single ? size : random.below(256)]),
		random.bytes([0, 1, 2, 4][descriptor & 3]!),
		...blocks,
		Buffer.from([1, 0, 0]),
		Buffer.alloc((descriptor & 4) !== 0 ? 4 : 0),
	]);
}

const zstd: FuzzFormat = {
	name: "zstd frames",
	sources: ["src/libkmod/formats/zstd-frames.ts"],
	readers: ["parseZstd"],
	accepted: "frames one behind the other, with windows that fit into memory",
	refused: "Damage, which says why",
	kind: "bytes",
	fields: () => [
		{ at: 4, size: 1, bigEndian: false },
		{ at: 5, size: 4, bigEndian: false },
		{ at: 8, size: 4, bigEndian: false },
	],
	sound: 2,
	sample(random) {
		const skipped = Buffer.from([0x50 + random.below(16), 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
		return Buffer.concat([zstdFrame(random), ...(random.below(3) === 0 ? [skipped, zstdFrame(random)] : [])]);
	},
	read(input) {
		return refusing(() => {
			const frames = parseZstd(input);
			let last = 0;
			for (const { start, end, window, most } of frames) {
				expect(start >= last && end > start && end <= input.length, "a frame is not within the file");
				expect(Number.isFinite(window) && most <= input.length * 2 ** 21, `a window of ${window} for ${most}`);
				last = end;
			}
			const fitted = parseZstd(withWindowsThatFit(input, frames, 0));
			expectSame(
				fitted.map(({ end }) => end),
				frames.map(({ end }) => end),
				"other frames",
			);
			for (const { window, windowAt, most } of fitted)
				expect(windowAt === undefined || window <= Math.max(2 ** 18, 2 * most), `a window of ${window} for ${most}`);
		});
	},
	limits: [
		{
			bound: "bytes of a frame",
			n: 8,
			make: (n) => Buffer.from("28b52ffd0000010000", "hex").subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
	],
};

export const moduleFormats: readonly FuzzFormat[] = [modinfo, symbols, digest, forced, signature, der, xz, gzip, zstd];
