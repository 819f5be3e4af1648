// Data about devices from the kernel, udev, udev's database and /sys; data about modules from /sys/module.

import { judgeUdevRecord, parseUdevRecord } from "../../../../src/agent/devices/udev-database.js";
import { parseUdevMessage } from "../../../../src/agent/devices/udev-message.js";
import { parseUevent } from "../../../../src/agent/devices/uevent.js";
import { LONGEST_ALIAS } from "../../../../src/agent/explaining/alias-fields.js";
import { findNearest } from "../../../../src/agent/explaining/nearest-patterns.js";
import { explainNearest } from "../../../../src/agent/explaining/nearest-sentences.js";
import { attributeText } from "../../../../src/libkmod/formats/attribute.js";
import { identifyDevice } from "../../../../src/libkmod/formats/device-identity.js";
import { parseProperties } from "../../../../src/libkmod/formats/properties.js";
import {
	readHolders,
	readInitstate,
	readReferences,
	readSections,
	readSize,
} from "../../../../src/libkmod/knowledge/live-state.js";
import { makeDevice } from "../../../../src/linux/devices/walked-device.js";
import { readCapturedDatabase, readCapturedMessages } from "../../fakes/captured-uevents.js";
import { formatUdevMessage } from "../../fakes/udev-message.js";
import type { Random } from "../../worlds/random-numbers.js";
import { filesIn } from "../../worlds/world.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const kernelMessages = readCapturedMessages("kernel");
const udevMessages = readCapturedMessages("udev");
const records = readCapturedDatabase().flatMap(({ record }) => (record === undefined ? [] : [record]));

const words = [
	"MODALIAS=",
	"MODALIAS1=x",
	"SEQNUM=18446744073709551616",
	"ACTION=add",
	"DEVPATH=/devices/x",
	"HOTPLUGD=ignore",
	"UDEV_WORKER_FAILED=1",
	"\0",
	"=",
	"@/",
	"E:MODALIAS=",
	"E:",
	"\n",
];

const uevent: FuzzFormat = {
	name: "uevents of the kernel",
	sources: ["src/agent/devices/uevent.ts", "src/libkmod/formats/properties.ts"],
	readers: ["parseUevent", "parseSeqnum", "parseProperties"],
	accepted: "a device, its aliases and properties",
	refused: "undefined",
	kind: "text",
	words,
	/** The first bytes of the header. */
	fields: () => Array.from({ length: 6 }, (_, at) => ({ at, size: 1, bigEndian: false })),
	sound: 1,
	sample: (random) => Buffer.from(random.pick(kernelMessages)),
	read(input) {
		const message = parseUevent(input);
		if (message === undefined) return "refused";
		const { action, devpath, seqnum, aliases, properties } = message;
		expect(/^[a-z]+$/.test(action) && devpath.startsWith("/"), "an action or a path that is none");
		expect(seqnum === undefined || Number.isSafeInteger(seqnum), `a number of ${seqnum}`);
		expect(new Set(aliases).size === aliases.length && !aliases.includes(""), "an alias twice, or an empty one");
		const last = properties?.get("MODALIAS")?.replace(/\n+$/, "");
		expect(last === undefined || last === "" || aliases.includes(last), "its last alias is not among its aliases");
		return "accepted";
	},
	limits: [
		{
			bound: "SEQNUM",
			n: Number.MAX_SAFE_INTEGER - 1,
			make: (n) => latin1(`add@/x\0SEQNUM=${n}\0`),
			within: "accepted",
			beyond: "accepted",
		},
	],
};

/** Whether the text has properties, MODALIAS among them. Asserts that reading all at once and reading one by one agree. */
function compareProperties(text: string, separator: "\0" | "\n"): boolean {
	const properties = parseProperties(text, separator);
	const listed = [...properties];
	for (const [key, value] of listed) expectSame(properties.get(key), value, `values of ${JSON.stringify(key)} differ`);
	return listed.length > 0 && properties.get("MODALIAS") !== undefined;
}

const properties: FuzzFormat = {
	name: "properties",
	sources: ["src/libkmod/formats/properties.ts"],
	readers: ["parseProperties"],
	accepted: "an alias, and one by one the same as all together",
	refused: "no alias",
	kind: "text",
	words,
	sound: 2,
	sample: (random) =>
		latin1(
			`x\0${Array.from({ length: random.below(6) }, () => `${random.pick(["MODALIAS", "DRIVER", "A", "MODALIAS1"])}=${random.text("ab=:", 0, 5)}\0`).join("")}`,
		),
	read(input) {
		const text = input.toString("latin1");
		compareProperties(text.replaceAll("\0", "\n"), "\n");
		return verdict(compareProperties(text, "\0"));
	},
	limits: [],
};

const udevMessage: FuzzFormat = {
	name: "messages of udev",
	sources: ["src/agent/devices/udev-message.ts"],
	readers: ["parseUdevMessage"],
	accepted: "a device as its rules left it",
	refused: "undefined",
	kind: "text",
	words,
	fields: () => [8, 12, 16, 20].map((at) => ({ at, size: 4, bigEndian: at === 8 })),
	sound: 1,
	sample: (random) => Buffer.from(random.pick(udevMessages)),
	read(input) {
		const message = parseUdevMessage(input);
		if (message === undefined) return "refused";
		const { devpath, aliases, leftAlone } = message;
		expect(devpath.startsWith("/"), "a path that is none");
		expect(leftAlone === undefined || aliases.length === 0, "what is left alone has aliases");
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of a header",
			n: 39,
			make: (n) => formatUdevMessage("ACTION=add\0DEVPATH=/x\0", { size: n }),
			within: "refused",
			beyond: "accepted",
		},
		{
			bound: "where the properties begin",
			n: 39,
			make: (n) => formatUdevMessage("ACTION=add\0DEVPATH=/x\0", { offset: n, length: 20 }),
			within: "refused",
			beyond: "accepted",
		},
		{
			bound: "bytes of properties, of 22",
			n: 22,
			make: (n) => formatUdevMessage("ACTION=add\0DEVPATH=/x\0", { length: n }),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const kernels = ["pci:v00008086"];

const udevRecord: FuzzFormat = {
	name: "records of udev's database",
	sources: ["src/agent/devices/udev-database.ts"],
	readers: ["parseUdevRecord"],
	accepted: "aliases to load",
	refused: "none: a rule says so",
	kind: "text",
	words: ["E:MODALIAS=", "E:HOTPLUGD=ignore", "E:HOTPLUGD_KEPT_OUT=1", "E:UDEV_WORKER_FAILED=1", "E:MODALIAS1=", "\n"],
	sound: 1,
	sample: (random) =>
		random.below(3) === 0
			? latin1(random.pick(records))
			: latin1(
					`I:1\n${Array.from({ length: random.below(4) }, () => `E:${random.pick(["MODALIAS=pci:x", "MODALIAS=", "HOTPLUGD=ignore", "HOTPLUGD_KEPT_OUT=1", "ID_PATH=a", "UDEV_WORKER_FAILED=1"])}\n`).join("")}G:x\n`,
				),
	read(input) {
		const record = parseUdevRecord(input.toString("latin1"));
		for (const [key, value] of record) expectSame(record.get(key), value, `values of ${JSON.stringify(key)} differ`);
		const { aliases, leftAlone } = judgeUdevRecord(record, kernels);
		expect(leftAlone === undefined || aliases.length === 0, "what is left alone has aliases");
		return verdict(aliases.length > 0);
	},
	limits: [],
};

const attributes: FuzzFormat = {
	name: "modalias and uevent of /sys",
	sources: [
		"src/linux/devices/walked-device.ts",
		"src/libkmod/formats/walked-device.ts",
		"src/libkmod/formats/device-identity.ts",
	],
	readers: [],
	accepted: "a device with aliases",
	refused: "one without any",
	kind: "text",
	words: ["MODALIAS=", "\n", "\0", "DRIVER=", "pci:v00008086", "\f"],
	sound: 1,
	/** The content of the attribute `modalias`, a form feed, and the content of `uevent`. */
	sample: (random) =>
		latin1(
			`${random.pick(["pci:v00008086d0000100E\n", "", "of:Na\nacpi:b\n"])}\f${random.pick(["", "DRIVER=x\n", "MODALIAS=usb:v1\nMAJOR=1\n"])}`,
		),
	read(input) {
		const [modalias, uevent] = input.toString("latin1").split("\f", 2);
		const device = makeDevice("/nowhere", "/devices/x", { modalias, uevent }, true);
		if (device === undefined || device.aliases.length === 0) return "refused";
		expect(!device.aliases.some((alias) => alias === "" || alias.includes("\n")), "an alias that is none");
		expect(new Set(device.aliases).size === device.aliases.length, "an alias twice");
		for (const [key, value] of device.properties)
			if (key !== "SUBSYSTEM") expectSame(device.properties.get(key), value, `values of ${JSON.stringify(key)} differ`);
		const { number, ifindex } = identifyDevice(device);
		expect(/^(?:\d+:\d+)?$/.test(number ?? "") && /^\d*$/.test(ifindex ?? ""), "an identity that is no number");
		return "accepted";
	},
	limits: [],
};

const attribute: FuzzFormat = {
	name: "an attribute of /sys",
	sources: ["src/libkmod/formats/attribute.ts"],
	readers: [],
	accepted: "all of it",
	refused: "what is before its first NUL",
	kind: "text",
	words: ["\0", "pci:v00008086", "\xe9", "\n"],
	sound: 2,
	sample: (random) =>
		latin1(`${random.text(["pci:v", "0000", "8086", "\xff", " "], 0, 5)}\n${"\0".repeat(random.below(3))}`),
	read(input) {
		const text = attributeText(input);
		expect(!text.includes("\0"), "a NUL is part of it");
		const rest = input.subarray(text.length);
		expect(latin1(text).equals(input.subarray(0, text.length)), "it has other bytes");
		expect(rest.length === 0 || rest[0] === 0, "it ends before its first NUL");
		return verdict(rest.length === 0);
	},
	limits: [],
};

const formed = [
	"pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00",
	"usb:v0403p6001d0400dc00dsc00dp00icFFiscFFipFFin00",
	"acpi:INT34D2:PNP0C0F:",
	"input:b0011v0001p0002e0100-e0,1,k74,r0,amlsfw",
	"of:NsensorT<NULL>Cti,tmp102Cnational,lm75",
	"dmi:bvnSeaBIOS:bvr1:svnQEMU:pnStandardPC:",
	"cpu:type:x86,ven0000fam0006mod009E:feature:,0000,0001",
	"platform:i8042",
];

/** An alias, and patterns below it. */
const nearest: FuzzFormat = {
	name: "aliases, and the nearest patterns",
	sources: [
		"src/agent/explaining/alias-fields.ts",
		"src/agent/explaining/bus-fields.ts",
		"src/agent/explaining/nearest-patterns.ts",
		"src/agent/explaining/nearest-sentences.ts",
	],
	readers: [],
	accepted: "patterns that do not match, each once, ranked",
	refused: "none of the alias's bus, or no alias of a device",
	kind: "text",
	words: [
		"*",
		"?",
		"[0-9]",
		"[",
		"]",
		"\\",
		"-",
		":",
		"sv",
		"C",
		"\n",
		"\0",
		"\x1b[31m",
		"pci:",
		"acpi*:",
		"dmi:*:*a*:",
	],
	sound: 2,
	sample(random) {
		const alias = random.pick(formed);
		const pattern = () =>
			random.pick(formed).replace(/[0-9A-F]{2,}/g, (value) => random.pick(["*", value, value, "0000"]));
		return latin1([alias, ...Array.from({ length: 6 }, pattern)].join("\n"));
	},
	read(input) {
		const [alias = "", ...patterns] = input.toString("latin1").split("\n");
		const entries = patterns.map((pattern, n) => ({ pattern, module: `m${n}`, n }));
		const groups = findNearest(alias, entries, Number.POSITIVE_INFINITY);
		const met = groups.flatMap((group) => group.patterns);
		expect(new Set(met.map(({ n }) => n)).size === met.length, "a pattern is near twice");
		for (const group of groups) {
			expect(group.patterns.length <= group.ofBus && group.ofBus <= entries.length, "more patterns than there are");
			expect(
				/^[\x20-\x7e]*$/.test(explainNearest(group).replace(/[\x80-\xff]/g, "")),
				"a sentence that steers a terminal",
			);
			expect(
				!group.patterns.some(({ pattern }) => pattern === alias && !/[*?[\\\]-]/.test(pattern)),
				"a pattern that matches",
			);
		}
		expectSame(findNearest(alias, entries, 1), groups.slice(0, 1), "the first differs");
		return verdict(groups.length > 0);
	},
	limits: [
		{
			bound: "characters of an alias",
			n: LONGEST_ALIAS,
			make: (n) => latin1(`pci:${"x".repeat(n - 4)}\npci:y`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const files = ["initstate", "refcnt", "coresize", "sections/.text"];

const moduleState: FuzzFormat = {
	name: "attributes of /sys/module",
	sources: ["src/libkmod/knowledge/live-state.ts"],
	readers: ["readInitstate", "readHolders", "readReferences", "readSize", "readSections"],
	accepted: "a state, numbers and addresses",
	refused: "undefined where a file says none",
	kind: "text",
	words: ["live", "coming", "going", "-1", "999999999999999", "0xffffffffc03f4000", "\f"],
	sound: 1,
	sample: (random: Random) =>
		latin1(
			[
				random.pick(["live\n", "coming\n", "going\n"]),
				`${random.below(9)}\n`,
				`${random.below(99_999)}\n`,
				"0xffffffffc03f4000\n",
			].join("\f"),
		),
	read(input) {
		const texts = input.toString("latin1").split("\f");
		const folder = filesIn(
			new Map([...files, "holders/b"].map((file, place) => [`/sys/module/a/${file}`, latin1(texts[place] ?? "")])),
		);
		const state = readInitstate(folder, "/sys", "a");
		const numbers = [readReferences(folder, "/sys", "a"), readSize(folder, "/sys", "a")];
		for (const number of numbers) expect(number === undefined || Number.isSafeInteger(number), `a number of ${number}`);
		expectSame(readHolders(folder, "/sys", "a"), ["b"], "holders differ");
		const sections = readSections(folder, "/sys", "a");
		return verdict(state !== undefined && !numbers.includes(undefined) && sections.length === 1);
	},
	limits: [
		{
			bound: "digits of a number",
			n: 15,
			make: (n) => latin1(`live\f${"9".repeat(n)}\f1\f0x0`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

export const deviceFormats: readonly FuzzFormat[] = [
	uevent,
	properties,
	udevMessage,
	udevRecord,
	attribute,
	attributes,
	nearest,
	moduleState,
];
