// What bug reports hold already: tar archives, the output of udevadm, reports of nixos-facter.
import type { Capture } from "../../../../src/agent/capture/capture.js";
import { linkTarget } from "../../../../src/agent/importing/archive-links.js";
import { plainName } from "../../../../src/agent/importing/archive-root.js";
import { readFacterReport } from "../../../../src/agent/importing/facter-report.js";
import { parsePaxRecords } from "../../../../src/agent/importing/pax-records.js";
import { readAnyCapture } from "../../../../src/agent/importing/read-any-capture.js";
import { recogniseCapture } from "../../../../src/agent/importing/recognise-capture.js";
import { readTar } from "../../../../src/agent/importing/tar-capture.js";
import { readTarEntries } from "../../../../src/agent/importing/tar-entries.js";
import { readUdevExport } from "../../../../src/agent/importing/udev-export.js";
import { parseUdevRecords } from "../../../../src/agent/importing/udev-records.js";
import { UnreadableReport } from "../../../../src/agent/importing/unreadable-report.js";
import type { Random } from "../../worlds/random-numbers.js";
import { type HandMadeEntry, paxRecord, tarArchive } from "../../worlds/tar-archive.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

/** Packing does not matter here: content stays as it is. */
const pack = { gzip: (content: Uint8Array) => Buffer.from(content), sha256: () => "0".repeat(64) };

/** Runs a reader whose refusals are UnreadableReports with a sentence that is safe to print. */
function attempt<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch (thrown) {
		if (!(thrown instanceof UnreadableReport)) throw thrown;
		expect(/^it [\x20-\xff]+$/.test(thrown.message), `no sentence: ${JSON.stringify(thrown.message)}`);
		return undefined;
	}
}

function checkImported({ devices, files, lacks = [] }: Capture, input: Buffer): void {
	const devpaths = devices.map(({ devpath }) => devpath);
	expect(new Set(devpaths).size === devpaths.length, "a device twice");
	const elsewhere = devices
		.flatMap(({ devpath, physicalNode = "/devices/x", suppliers = [], slaves = [] }) => [
			...[devpath, physicalNode, ...suppliers, ...slaves],
		])
		.filter((path) => !/^\/(?:devices|module)\/[^/]/s.test(path) || /\/\.\.?(?:\/|$)/.test(path));
	expectSame(elsewhere, [], "a device that is elsewhere");
	expect(
		Object.keys(files).every((path) => /^\/(?:etc|run|usr|lib|proc|sys)\//.test(path)),
		"a file that is not asked for",
	);
	expect(lacks.length < 200 + input.length / 512 && new Set(lacks).size === lacks.length, "what lacks is told twice");
	const size = devices.reduce((sum, { modalias = "", uevent = "" }) => sum + modalias.length + uevent.length, 0);
	expect(size <= 100 * input.length + 100, "more was read than is there");
}

const names = [
	"uevent",
	"modalias",
	"driver",
	"subsystem",
	"slaves/a",
	"physical_node",
	"supplier:a:b",
	"supplier",
	"dm/uuid",
];

function someEntry(random: Random): readonly HandMadeEntry[] {
	const name = `${random.pick(["sys/devices/", "./sys/devices/", "/sys/devices/", "sys/devices/../"])}${random.pick(["x/", "x/y/", "p/z/"])}${random.pick(names)}`;
	const plain = { name, content: random.pick(["MODALIAS=a:b\n", "pci:v1\n\0\0\0", "", "DRIVER=x\nMODALIAS=c:d\n"]) };
	const target = random.pick([
		"../../bus/pci",
		"../x",
		"/etc/passwd",
		"../../../../../..",
		"x",
		"../../bus/pci/drivers/d",
	]);
	return random.pick<readonly HandMadeEntry[]>([
		[plain],
		[plain],
		[{ name, type: "2", target }],
		[{ name, type: "1", target: "sys/devices/x/uevent" }],
		[
			{ name: "p", type: "x", content: paxRecord("path", name) + paxRecord("linkpath", target) },
			{ name: "cut", type: "2" },
		],
		[
			{ name: "l", type: "L", content: `${name}\0` },
			{ ...plain, name: "cut" },
		],
		[
			{ name: "p", type: "x", content: paxRecord("GNU.sparse.size", "16") + paxRecord("GNU.sparse.map", "0,4,8,4") },
			{ name, content: "A=b\n=c:d" },
		],
		[{ name: "sys/module/m/initstate", content: "live\n" }],
		[{ name: "etc/modprobe.d/a.conf", content: "blacklist a\n" }],
	]);
}

const someArchive = (random: Random): Buffer =>
	tarArchive([
		{ name: "sys/devices/x/uevent", content: "MODALIAS=a:b\n" },
		...Array.from({ length: random.below(6) }, () => someEntry(random)).flat(),
	]);

/** A checksum that fits again, so that mutations reach what lies behind it. */
function withChecksums(input: Buffer): Buffer {
	const fitting = Buffer.from(input);
	for (let at = 0; at + 512 <= fitting.length; at += 512) {
		const block = fitting.subarray(at, at + 512);
		if (block.toString("latin1", 257, 262) !== "ustar") continue;
		block.fill(" ", 148, 156);
		const sum = block.reduce((total, byte) => total + byte, 0);
		block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
	}
	return fitting;
}

const tar: FuzzFormat = {
	name: "tar archives of a machine",
	sources: [
		"src/agent/importing/archive-links.ts",
		"src/agent/importing/archive-root.ts",
		"src/agent/importing/archive-tree.ts",
		"src/agent/importing/archived-devices.ts",
		"src/agent/importing/archived-files.ts",
		"src/agent/importing/archived-kernel.ts",
		"src/agent/importing/tar-capture.ts",
		"src/agent/importing/tar-entries.ts",
		"src/agent/importing/tar-header.ts",
		"src/agent/importing/tar-sparse.ts",
	],
	readers: ["readTar", "readArchiveTree", "parseTarHeader", "parseTarNumber", "parseGnuSparse", "parsePaxSparse"],
	accepted: "devices, each within /sys, and files that were asked for",
	refused: "a sentence",
	kind: "bytes",
	fields: (input) =>
		Array.from({ length: Math.floor(input.length / 512) }, (_, block) => ({
			at: block * 512 + 132,
			size: 4 as const,
			bigEndian: true,
		})),
	sound: 3,
	sample: someArchive,
	read(input) {
		const archive = input.length > 0 && input[0]! % 2 === 0 ? withChecksums(input) : input;
		const names = attempt(() => [...readTarEntries(archive)].map(({ name }) => plainName(name)));
		expect(!names?.some((name) => name?.split("/").includes("..")), "a name that leads out");
		const capture = attempt(() => readTar(archive, pack));
		expect(capture === undefined || names !== undefined, "devices of an archive that cannot be read");
		if (capture !== undefined) checkImported(capture, archive);
		return verdict(capture !== undefined);
	},
	limits: [
		{
			bound: "bytes of an attribute",
			n: 2 ** 16,
			make: (n) => tarArchive([{ name: "sys/devices/x/uevent", content: `MODALIAS=${"a".repeat(n - 9)}` }]),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const pax: FuzzFormat = {
	name: "pax records",
	sources: ["src/agent/importing/pax-records.ts"],
	readers: ["parsePaxRecords"],
	accepted: "keys with values",
	refused: "undefined",
	kind: "text",
	words: ["path=", "GNU.sparse.map=", "11 path=abc\n", "0 ", "99999999 ", "\n", "="],
	sound: 4,
	sample: (random) =>
		latin1(
			Array.from({ length: random.below(4) }, () =>
				paxRecord(random.pick(["path", "size", "GNU.sparse.offset"]), random.text("ab=\n\xe9", 0, 90)),
			).join(""),
		),
	read(input) {
		const records = parsePaxRecords(input);
		if (records === undefined) return "refused";
		const size = [...records].reduce((sum, [key, value]) => sum + key.length + value.length, 0);
		expect(size <= input.length, "more was read than is there");
		return "accepted";
	},
	limits: [],
};

const link: FuzzFormat = {
	name: "links in an archive",
	sources: ["src/agent/importing/archive-links.ts"],
	readers: [],
	accepted: "a path below /sys",
	refused: "a path elsewhere",
	kind: "text",
	words: ["..", "/", ".", "sys", "\0", "../".repeat(50)],
	sound: 2,
	sample: (random) => latin1(random.text(["../", "a", "/", "sys/", "./", "b"], 0, 8)),
	read(input) {
		const path = linkTarget("/sys/devices/x/driver", input.toString("latin1"));
		expect(path.startsWith("/") && !/\/\.\.?(?:\/|$)/.test(path) && !path.includes("//"), `no plain path: ${path}`);
		return verdict(path.startsWith("/sys/"));
	},
	limits: [],
};

const udev: FuzzFormat = {
	name: "the output of udevadm info --export-db",
	sources: ["src/agent/importing/udev-export.ts", "src/agent/importing/udev-records.ts"],
	readers: ["readUdevExport"],
	accepted: "devices with what the kernel tells of them",
	refused: "a sentence: there is no device",
	kind: "text",
	words: [
		"P: /devices/x\n",
		"P: /devices/../x\n",
		"E: MODALIAS=",
		"E: ID_SERIAL=x\n",
		"E: =\n",
		"V: ",
		"U: ",
		"\r\n",
		"\x1b[0m",
	],
	sound: 2,
	sample: (random) =>
		latin1(
			Array.from(
				{ length: random.below(4) },
				() =>
					`${random.pick(["P: /devices/x/y", "P: /devices/a", "P: /module/m", "P: /bus/pci"])}\n${random.pick(["U: pci\n", ""])}${random.pick(["E: SUBSYSTEM=pci\n", ""])}E: ${random.pick(["MODALIAS=a:b", "DEVNAME=/dev/x", "ID_SERIAL=secret", "DRIVER=d"])}\n\n`,
			).join(""),
		),
	read(input) {
		const text = input.toString("latin1");
		const capture = attempt(() => readUdevExport(text));
		if (capture === undefined) return "refused";
		checkImported(capture, input);
		const devpaths = new Set([...parseUdevRecords(text)].map(({ devpath }) => devpath));
		expect(
			capture.devices.every(({ devpath }) => devpaths.has(devpath)),
			"a device without a record",
		);
		expect(!capture.devices.some(({ uevent }) => /^ID_/m.test(uevent ?? "")), "a property of udev's own");
		return "accepted";
	},
	limits: [],
};

const facter: FuzzFormat = {
	name: "reports of nixos-facter",
	sources: ["src/agent/importing/facter-report.ts"],
	readers: ["readFacterReport"],
	accepted: "devices with their aliases",
	refused: "a sentence",
	kind: "text",
	words: [
		'"sysfs_id":',
		'"module_alias":',
		'"/devices/x"',
		'"/devices/.."',
		"null",
		"[]",
		"{}",
		'"driver":',
		'"__proto__":',
		",",
	],
	sound: 4,
	sample: (random) =>
		latin1(
			JSON.stringify({
				system: "x86_64-linux",
				hardware: Object.fromEntries(
					Array.from({ length: 1 + random.below(3) }, (_, at) => [
						`class${at}`,
						[
							{
								sysfs_id: random.pick(["/devices/x", "/devices/x/y"]),
								module_alias: "pci:v1",
								driver: "d",
								driver_module: "m",
							},
						],
					]),
				),
			}),
		),
	read(input) {
		const capture = attempt(() => readFacterReport(input.toString("latin1")));
		if (capture === undefined) return "refused";
		checkImported(capture, input);
		expect(
			capture.devices.every(({ modalias }) => modalias),
			"a device without an alias",
		);
		return "accepted";
	},
	limits: [],
};

const any: FuzzFormat = {
	name: "a machine in any form",
	sources: ["src/agent/importing/read-any-capture.ts", "src/agent/importing/recognise-capture.ts"],
	readers: ["readAnyCapture"],
	accepted: "one of the forms",
	refused: "a sentence",
	kind: "bytes",
	sound: 3,
	sample: (random) =>
		random.pick([
			() => someArchive(random),
			() => latin1("P: /devices/x\nE: MODALIAS=a:b\n"),
			() => latin1('{"hardware":[{"sysfs_id":"/devices/x","module_alias":"pci:x"}]}'),
		])(),
	read(input) {
		const kind = attempt(() => recogniseCapture(input));
		const own: Capture = { hotplugdCapture: 1, by: "", masked: true, devices: [], files: {} };
		const capture = attempt(() => readAnyCapture(input, pack, () => own));
		expect(kind !== undefined || capture === undefined, "what is not recognised is read");
		return verdict(capture !== undefined);
	},
	limits: [],
};

export const importFormats: readonly FuzzFormat[] = [tar, pax, link, udev, facter, any];
