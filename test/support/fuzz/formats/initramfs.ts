// What compare --initramfs reads: archives of cpio, lists of modules that an image loads by name, /proc/crypto.

import { isCpio, parseCpio } from "../../../../src/agent/initramfs/cpio-archive.js";
import { parseProcCrypto, partsOfAlgorithm } from "../../../../src/agent/initramfs/crypto-algorithms.js";
import { parseCrypttab } from "../../../../src/agent/initramfs/crypttab.js";
import { DamagedImage } from "../../../../src/agent/initramfs/damaged-image.js";
import { filesOfImage } from "../../../../src/agent/initramfs/image-files.js";
import { parseNamedModules } from "../../../../src/agent/initramfs/named-modules.js";
import { Unpacking } from "../../../../src/agent/initramfs/unpacking.js";
import type { Random } from "../../worlds/random-numbers.js";
import { expect, expectSame, type Field, type FuzzFormat, latin1, verdict } from "../format.js";

const sourceOf = (name: string): string => `src/agent/initramfs/${name}.ts`;

type Sketch = { readonly name: string; readonly mode: number; readonly data?: Buffer; readonly inode?: number };

/** An entry whose name and data have the sizes that its header says. */
function cpioEntry({ name, mode, data = Buffer.alloc(0), inode }: Sketch, magic = "070701"): Buffer {
	const links = inode === undefined ? 1 : 2;
	const numbers = [inode ?? 0, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length + 1, sumOf(data)];
	const header = `${magic}${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}${name}\0`;
	const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
	return Buffer.concat([padded(latin1(header)), padded(data)]);
}

const sumOf = (data: Buffer): number => data.reduce((sum, byte) => sum + byte, 0);

const names = ["a", "lib", "usr/lib", "lib/modules/6.1.0/modules.dep", "./etc", "etc/modprobe.d/x.conf", "a/b/c", ".."];
const targets = ["usr/lib", "/", "..", "../../a", "lib", "a", "/etc/modprobe.d", ""];

function randomEntry(random: Random): Sketch {
	const name = random.pick(names);
	const kind = random.below(5);
	if (kind === 0) return { name, mode: 0o040755 };
	if (kind === 1) return { name, mode: 0o120777, data: latin1(random.pick(targets)) };
	if (kind === 2) return { name, mode: 0o020600 };
	const inode = random.below(3) === 0 ? random.below(2) : undefined;
	return { name, mode: 0o100644, data: random.bytes(random.below(20)), ...(inode !== undefined && { inode }) };
}

const archiveOf = (entries: readonly Sketch[], magic?: string): Buffer =>
	Buffer.concat([...entries, { name: "TRAILER!!!", mode: 0 }].map((entry) => cpioEntry(entry, magic)));

const cpio: FuzzFormat = {
	name: "archives of an initramfs",
	sources: ["cpio-archive", "unpacking", "image-tree", "image-files"].map(sourceOf),
	readers: ["parseCpio"],
	accepted: "a tree of files, none of which leads out of it",
	refused: "DamagedImage, which says why",
	kind: "bytes",
	fields: (input) =>
		Array.from({ length: 13 }, (_, place): Field => ({ at: 6 + 8 * place, size: 8, bigEndian: true })).filter(
			({ at }) => at + 8 <= input.length,
		),
	sound: 4,
	sample: (random) =>
		archiveOf(
			Array.from({ length: random.below(6) }, () => randomEntry(random)),
			random.pick(["070701", "070702"]),
		),
	read(input) {
		const unpacking = new Unpacking("IMAGE");
		let end: number;
		try {
			end = unpacking.add(input, 0);
		} catch (error) {
			if (error instanceof DamagedImage) return "refused";
			throw error;
		}
		expect(isCpio(input, 0) && end <= input.length, `an archive that ends at ${end}`);
		let entries = 0;
		expectSame(
			parseCpio("IMAGE", input, 0, ({ data }) => {
				entries++;
				expect(data.length <= input.length, "data longer than the archive");
			}),
			end,
			"another end",
		);
		expectSame(unpacking.entries, entries, "another number of entries");
		const files = filesOfImage(unpacking.tree);
		unpacking.tree.list((path, node) => {
			expect(!path.split("/").includes("..") && path.startsWith("/"), `the path ${path}`);
			const found = unpacking.tree.find(path);
			expect(node.kind === "link" || found?.node === node, `another file at ${path}`);
			if (node.kind === "file" && node.content !== undefined)
				expectSame(files.read(path)?.length, node.bytes, `another content at ${path}`);
		});
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of a name",
			n: 4095,
			make: (n) => archiveOf([{ name: "x".repeat(n), mode: 0o100644 }]),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of a link's target",
			n: 4095,
			make: (n) => archiveOf([{ name: "x", mode: 0o120777, data: Buffer.alloc(n, "y") }]),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of an archive",
			n: 123,
			make: (n) => archiveOf([]).subarray(0, n),
			within: "refused",
			beyond: "accepted",
		},
	],
};

const LISTS = ["/conf/modules", "/etc/cmdline.d/90crypt.conf", "/config", "/etc/booster.init.yaml"];

const namedModules: FuzzFormat = {
	name: "lists of modules in an initramfs",
	sources: [sourceOf("named-modules")],
	readers: ["parseNamedModules"],
	accepted: "names with their lines, of a format with a grammar",
	refused: "no such name",
	kind: "text",
	words: ["MODULES=(", "modulesforceload:\n", "- nvme\n", "# ", "rd.driver.pre=", ",", "\n", '"', "\t"],
	sound: 4,
	sample: (random) =>
		latin1(
			random.pick([
				`# list\n${random.text(["nvme\n", "usbhid quirks=1\n", "\n"], 0, 5)}`,
				`rd.luks=1 rd.driver.pre=${random.text(["nvme,", "ahci"], 1, 3)}\n`,
				`MODULES="${random.text(["nvme ", "ext4 "], 0, 3)}"\n`,
				`kernel: 6.1.0\nmodulesforceload:\n${random.text(["  - nvme\n", "- ext4\n"], 0, 3)}builtinmodules:\n  - x\n`,
			]),
		),
	read(input) {
		const text = input.toString("latin1");
		const lines = text.split("\n");
		const found = LISTS.flatMap((file) => parseNamedModules(file, text));
		for (const { name, source } of found) {
			expect(name !== "" && !/[ \t\n]/.test(name), `a name ${JSON.stringify(name)}`);
			expect(lines[source.line - 1]?.includes(name) === true, `${name} is not in line ${source.line}`);
		}
		// Any word is a name in conf/modules.
		return verdict(found.some(({ source }) => source.file !== "/conf/modules"));
	},
	limits: [],
};

const procCrypto: FuzzFormat = {
	name: "/proc/crypto",
	sources: [sourceOf("crypto-algorithms")],
	readers: ["parseProcCrypto"],
	accepted: "algorithms with their names",
	refused: "no algorithm",
	kind: "text",
	words: ["name", "refcnt", ":", "\n\n", "xts(aes)", "99999999999999999999", "module       : kernel\n"],
	sound: 4,
	sample: (random) =>
		latin1(
			Array.from(
				{ length: random.below(4) },
				() =>
					`name         : ${random.pick(["crc32c", "xts(aes)", "essiv(cbc(aes),sha256)"])}\ndriver       : x\nmodule       : ${random.pick(["kernel", "aesni-intel"])}\nrefcnt       : ${random.below(4)}\ntype         : skcipher\n\n`,
			).join(""),
		),
	read(input) {
		const text = input.toString("latin1");
		const found = parseProcCrypto(text);
		for (const { name, module } of found) {
			expect(name !== "" && text.includes(name), `a name ${JSON.stringify(name)}`);
			expect(module?.includes("-") !== true && module !== "kernel", `the module ${module}`);
			expect(
				partsOfAlgorithm(name).every((part) => part !== "" && name.includes(part)),
				`parts of ${name}`,
			);
		}
		return verdict(found.length > 0);
	},
	limits: [],
};

const crypttab: FuzzFormat = {
	name: "crypttab of an initramfs",
	sources: [sourceOf("crypttab")],
	readers: ["parseCrypttab"],
	accepted: "names, and whether each has a key",
	refused: "no line",
	kind: "text",
	words: ["none", "keyscript=", "\n", "#", "\t", "luks,"],
	sound: 4,
	sample: (random) =>
		latin1(
			random.text(["root UUID=1 none luks\n", "# x\n", "a\tLABEL=b\t/key\n", "c d - tpm2-device=auto\n", "e\n"], 0, 4),
		),
	read(input) {
		const text = input.toString("latin1");
		const found = parseCrypttab(text);
		expect(found.length <= text.split("\n").length, "more names than lines");
		for (const { name } of found) expect(/^[^# \t\n]/.test(name) && text.includes(name), `the name ${name}`);
		return verdict(found.length > 0);
	},
	limits: [],
};

export const initramfsFormats: readonly FuzzFormat[] = [cpio, namedModules, procCrypto, crypttab];
