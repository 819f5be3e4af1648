// What explain reads beside devices and modules: records of the kernel's log.

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

export const inspectionFormats: readonly FuzzFormat[] = [kernelRecord];
