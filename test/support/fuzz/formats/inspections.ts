// What explain reads beside devices and modules: the kernel's log, deferred probes, lists of hardware names.

import { parseDeferredDevices } from "../../../../src/agent/explaining/deferred-devices.js";
import { openHardwareNames } from "../../../../src/agent/explaining/hardware-names.js";
import { listFindings } from "../../../../src/agent/explaining/kernel-log.js";
import { isResult, parseAnswers } from "../../../../src/agent/explaining/last-answers.js";
import { parseModulesLoad } from "../../../../src/agent/explaining/modules-load.js";
import { LONGEST_RECORD_BYTES, parseKmsg, parseKmsgFile } from "../../../../src/libkmod/formats/kmsg.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const HEAD = "6,1,2,-;";

const kernelRecord: FuzzFormat = {
	name: "records of /dev/kmsg",
	sources: ["src/libkmod/formats/kmsg.ts"],
	readers: ["parseKmsg", "parseKmsgFile"],
	accepted: "a facility, microseconds and a text",
	refused: "undefined",
	kind: "text",
	words: [HEAD, "\\x0a", "\\x1b[2J", "\\x", "\n SUBSYSTEM=pci", "99999999999999999999", ";", ","],
	sound: 2,
	sample: (random) =>
		latin1(
			`${random.below(200)},${random.below(99_999)},${random.below(2 ** 40)},-;${random.text("e1000 x:\\x1b;", 0, 40)}` +
				random.pick(["", "\n", "\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:03.0\n"]),
		),
	read(input) {
		const text = input.toString("latin1");
		const record = parseKmsg(text);
		for (const one of parseKmsgFile(text)) expect(one.text.length <= text.length, "a text longer than the file");
		if (record === undefined) return "refused";
		expect(Number.isSafeInteger(record.microseconds), `a time of ${record.microseconds}`);
		expect(Number.isSafeInteger(record.facility) && record.facility >= 0, `a facility of ${record.facility}`);
		// A line after the first may be the first of another record for a file, and is passed over in a record.
		if (!text.includes("\n")) expectSame(parseKmsgFile(text), [record], "as a file it is another record");
		return verdict(true);
	},
	limits: [
		{
			bound: "bytes of a record",
			n: LONGEST_RECORD_BYTES,
			make: (n) => latin1(HEAD + "x".repeat(n - HEAD.length)),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const messages = [
	"iwlwifi 0000:02:00.0: Direct firmware load for a.ucode failed with error -2",
	"loop: unknown parameter 'x' ignored",
	"loop: `1' invalid for parameter `max_loop'",
	"loop: version magic '5.10' should be '6.1'",
	"wl: Unknown symbol s (err -2)",
	"e1000: probe of 0000:00:1b.0 failed with error -5",
	"rtl 0000:00:03.0: probe with driver rtl failed with error -5",
	"Module wl is blacklisted",
	"platform x: deferred probe pending: platform: supplier y not ready",
];

const LONG_PARAMETER = "loop: unknown parameter '' ignored".length;

const kernelMessage: FuzzFormat = {
	name: "messages of the kernel's log",
	sources: ["src/agent/explaining/kernel-log.ts"],
	readers: [],
	accepted: "one finding with bounded words",
	refused: "no finding",
	kind: "text",
	words: [...messages, ": ", "' ignored", "(NULL device *)", "\x1b[2J", "\n", "-2"],
	sound: 2,
	sample: (random) => latin1(random.pick(messages)),
	read(input) {
		const text = input.toString("latin1");
		const findings = listFindings([{ microseconds: 1, text }]);
		expect(findings.length <= 1, "one record tells more than one thing");
		for (const value of findings.flatMap((finding) => Object.values(finding)))
			expect(typeof value === "number" ? value > 0 : value.length <= 300, `a value of ${value}`);
		for (const { module, device } of findings)
			expect(!/[\n ]/.test(`${module ?? ""}${device ?? ""}`), "a name with white space");
		return verdict(findings.length === 1);
	},
	limits: [
		{
			bound: "bytes of a message",
			n: 2048,
			make: (n) => latin1(`loop: unknown parameter '${"x".repeat(n - LONG_PARAMETER)}' ignored`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const deferred: FuzzFormat = {
	name: "devices_deferred of debugfs",
	sources: ["src/agent/explaining/deferred-devices.ts"],
	readers: ["parseDeferredDevices", "readDeferredDevices"],
	accepted: "devices, each with the supplier that it waits for",
	refused: "no device, or one whose supplier is not named",
	kind: "text",
	words: ["\t", "\n", "wait for supplier ", " not ready", "platform: supplier "],
	sound: 2,
	sample: (random) =>
		latin1(
			Array.from(
				{ length: 1 + random.below(4) },
				(_, n) => `dev.${n}\t${random.pick(["platform: supplier x not ready", "drv: wait for supplier /a"])}\n`,
			).join(""),
		),
	read(input) {
		const text = input.toString("latin1");
		const devices = parseDeferredDevices(text);
		expect(devices.length <= text.split("\n").length, "more devices than lines");
		for (const { device, reason, supplier } of devices) {
			expect(device !== "" && device.length <= 300 && (reason?.length ?? 0) <= 300, "a name or reason without bound");
			expect(supplier === undefined || reason?.includes(supplier) === true, "a supplier that is not in the reason");
		}
		return verdict(devices.length > 0 && devices.every(({ supplier }) => supplier !== undefined));
	},
	limits: [],
};

const hardwareNames: FuzzFormat = {
	name: "pci.ids",
	sources: ["src/agent/explaining/hardware-names.ts"],
	readers: [],
	accepted: "the names of a device",
	refused: "no name of the device",
	kind: "text",
	words: ["8086  ", "\t1234  ", "\t\t8086 0001  ", "C 02  ", "\n", "#", "\t"],
	sound: 2,
	sample: (random) =>
		latin1(
			`# list\n8085  Other\n\t1234  Not it\n8086  Vendor ${random.below(9)}\n\t1233  x\n\t1234  Device ${random.below(9)}\n` +
				random.pick(["", "\t\t8086 0001  Card\n", "# comment\n", "\n"]) +
				"C 02  Network\n\t00  Ethernet\n",
		),
	read(input) {
		const find = openHardwareNames({ read: () => input });
		const names = find("pci:v00008086d00001234sv00008086sd00000001bc02sc00i00");
		expect(names !== undefined, "no answer");
		const list = input.toString("latin1");
		for (const name of Object.values(names))
			if (name !== undefined)
				expect(
					name.length <= 200 && !name.includes("\n") && list.includes(`  ${name}`),
					`a name that is none: ${name}`,
				);
		return verdict(names.device !== undefined && names.device !== "");
	},
	limits: [],
};

const outcomes = [
	'{"kind":"outcome","batch":1,"module":"e1000","result":"failed","errno":"EKEYREJECTED","explanation":"no"}',
	'{"level":50,"module":"snd","result":"no device","msg":"snd: none"}',
];

const answers: FuzzFormat = {
	name: "logs of outcomes",
	sources: ["src/agent/explaining/last-answers.ts"],
	readers: ["parseAnswers"],
	accepted: "every line is a record",
	refused: "a line is none",
	kind: "text",
	words: [...outcomes, '"result":', '"module":', "\\udc80", "\xe9", "[[[[", '{"kind":"batch"}', "\n", "null"],
	sound: 2,
	sample: (random) => latin1(`${random.pick(outcomes)}\n{"level":30,"msg":"settled"}\n${random.pick(outcomes)}\n`),
	read(input) {
		const { answers: found, foreign } = parseAnswers("/log", input.toString("latin1"));
		const lines = input.toString("latin1").split("\n").length;
		for (const [module, answer] of found) {
			expect(answer.module === module, "an answer of another module");
			expect(isResult(answer.result), `a result that is none: ${answer.result}`);
			const line = answer.from.kind === "log" ? answer.from.source.line : 0;
			expect(line >= 1 && line <= lines, `line ${line} of ${lines}`);
		}
		return verdict(foreign === 0);
	},
	limits: [],
};

const modulesLoad: FuzzFormat = {
	name: "files of modules-load.d",
	sources: ["src/agent/explaining/modules-load.ts"],
	readers: ["parseModulesLoad"],
	accepted: "modules with their lines",
	refused: "no module",
	kind: "text",
	words: ["# ", "; ", "\n", "loop", "\t", "\0"],
	sound: 2,
	sample: (random) => latin1(random.pick(["# none\n\n", "", "# one\nloop\n", "\tvfio-pci\n;x\n"])),
	read(input) {
		const text = input.toString("latin1");
		const found = parseModulesLoad("/etc/modules-load.d/a.conf", text);
		const lines = text.split("\n");
		for (const { name, source } of found)
			expect(name !== "" && lines[source.line - 1]?.includes(name) === true, `${name} is not in its line`);
		return verdict(found.length > 0);
	},
	limits: [],
};

export const inspectionFormats: readonly FuzzFormat[] = [
	kernelRecord,
	kernelMessage,
	deferred,
	hardwareNames,
	answers,
	modulesLoad,
];
