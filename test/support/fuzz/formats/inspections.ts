// What explain reads beside devices and modules: the kernel's log, deferred probes, lists of hardware names.

import { parseDeferredDevices } from "../../../../src/agent/explaining/deferred-devices.js";
import { openHardwareNames } from "../../../../src/agent/explaining/hardware-names.js";
import { listFindings } from "../../../../src/agent/explaining/kernel-log.js";
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

export const inspectionFormats: readonly FuzzFormat[] = [kernelRecord, kernelMessage, deferred, hardwareNames];
