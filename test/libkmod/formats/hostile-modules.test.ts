import test from "ava";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { MalformedModule, parseElf } from "../../../src/libkmod/formats/elf.js";
import { forceModule } from "../../../src/libkmod/formats/forced-module.js";
import { dependencySymbols, exportedSymbols, symbolVersions } from "../../../src/libkmod/formats/module-symbols.js";
import { moduleInfo } from "../../../src/libkmod/knowledge/module-info.js";
import { elfImage, exported, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { pkcs7, signedModule } from "../../support/worlds/signed-module.js";

const readers: readonly ((image: Buffer) => unknown)[] = [
	moduleInfo,
	(image) => exportedSymbols(parseElf(image)),
	(image) => symbolVersions(parseElf(image)),
	(image) => dependencySymbols(parseElf(image)),
	(image) => forceModule(image, { forceModversion: true, forceVermagic: true }),
];

const digester = new ModuleDigester(new SymbolNames());

/** How many readers accepted the image. Any error but MalformedModule is passed on. */
function readAll(image: Buffer): number {
	let understood = 0;
	for (const read of readers) {
		try {
			read(image);
			understood++;
		} catch (error) {
			if (!(error instanceof MalformedModule)) throw error;
		}
	}
	// The digester does not throw: it keeps the message in the digest.
	digester.digest("x.ko", image);
	return understood;
}

const seeds = [
	...([32, 64] as const).flatMap((bits) =>
		[false, true].map((bigEndian) =>
			elfImage({
				bits,
				bigEndian,
				modinfo: ["license=GPL", "alias=pci:v*", "vermagic=6.1.0"],
				symbols: [exported("a", 1), { name: "__crc_b" }, undefinedSymbol("c"), undefinedSymbol("d", 2)],
				versions: { c: 1, d: 2 },
				sections: [
					{ name: "__kcrctab", data: Buffer.alloc(4) },
					{ name: "__version_ext_crcs", data: Buffer.alloc(4) },
					{ name: "__version_ext_names", data: Buffer.from("a\0") },
					{ name: ".note.gnu.build-id", data: Buffer.from("040000000400000003000000474e550001020304", "hex") },
				],
			}),
		),
	),
	signedModule(pkcs7({})),
];

test("modules cut short make no reader throw anything but MalformedModule", (t) => {
	let cuts = 0;
	for (const image of seeds)
		for (let length = 0; length < image.length; length++, cuts++) readAll(image.subarray(0, length));
	t.true(cuts > 3000);
});

test("modules with random bytes in them make no reader throw anything but MalformedModule", (t) => {
	const random = seededRandom(t);
	let understood = 0;
	for (let round = 0; round < 3000; round++) {
		const image = Buffer.from(random.pick(seeds));
		for (let n = random.below(6); n >= 0; n--) image[random.below(image.length)] = random.below(256);
		understood += readAll(image);
	}
	t.true(understood > 0 && understood < 3000 * readers.length);
});

test("absurd numbers in headers make no reader throw anything but MalformedModule", (t) => {
	const random = seededRandom(t);
	let understood = 0;
	for (let round = 0; round < 3000; round++) {
		const image = Buffer.from(random.pick(seeds));
		const { table, count, stride } = parseElf(image);
		const numbers = random.pick([0, 1, 7, image.length, 0x7fffffff, 0xffffffff]);
		// Overwrites a number of a section header, or any bytes of the file.
		const at = random.below(2) === 0 ? table + 4 * random.below((count * stride) / 4) : random.below(image.length - 4);
		if (random.below(2) === 0) image.writeUInt32LE(numbers, at);
		else image.writeUInt32BE(numbers, at);
		understood += readAll(image);
	}
	t.true(understood > 0 && understood < 3000 * readers.length);
});

test("random bytes are no module", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 500; round++) {
		const image = random.bytes(random.below(400));
		t.is(readAll(image), 0);
		Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1 + random.below(2), 1 + random.below(2)]).copy(image);
		readAll(image);
	}
});

test("a module with a broken part keeps the rest of its digest, and says what is broken", (t) => {
	const image = elfImage({
		modinfo: ["alias=a"],
		sections: [{ name: "__versions", data: Buffer.alloc(3) }],
		symbols: [exported("x")],
	});
	const digest = digester.digest("kernel/my-mod.ko.xz", image);
	t.is(digest.name, "my_mod");
	t.is(digest.path, "kernel/my-mod.ko.xz");
	t.deepEqual(digest.aliases, ["a"]);
	t.is(digest.exports.symbols.length, 1);
	t.regex(digest.malformed?.detail ?? "", /__versions is no multiple of 64/);
	// The next digest does not take over the symbols that the broken module had needed so far.
	t.deepEqual(
		digester.digest("y.ko", elfImage({ symbols: [undefinedSymbol("x")], versions: { x: 7 } })).needs.crcs,
		[7],
	);
});
