// Captures of machines.

import { formatCapture, MalformedCapture, parseCapture } from "../../../../src/agent/capture/capture-format.js";
import { MOST_DEPTH } from "../../../../src/agent/capture/json-depth.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const HEAD = '{"hotplugdCapture":1,"by":"a","masked":false,"files":{}';

const capture: FuzzFormat = {
	name: "captures of machines",
	sources: ["src/agent/capture/capture-format.ts", "src/agent/capture/capture-checks.ts"],
	readers: ["parseCapture"],
	accepted: "a capture that is written and read as the same",
	refused: "a sentence",
	kind: "text",
	words: [
		'"devices":[',
		'"devpath":',
		"/devices/",
		"/..",
		"\\u0000",
		"\\udcff",
		"\\ud800",
		"\\",
		'"',
		"{",
		"[",
		"]",
		"}",
		"1e999",
	],
	sound: 2,
	sample(random) {
		const devices = Array.from({ length: random.below(4) }, (_, number) => ({
			devpath: `/devices/${random.pick(["pci0000:00", "virtual/a", "\xff"])}/${number}`,
			...random.pick([{ modalias: "pci:v1" }, { uevent: "DRIVER=x\nMAJOR=8" }, { driver: "e1000", onBus: true }]),
		}));
		const more = random.pick([
			{ release: "6.1" },
			{ lacks: ["log"] },
			{ log: [{ microseconds: 5, text: "a\x1b" }] },
			{ modules: { directory: "/lib/modules/6.1", files: {} } },
		]);
		const files = { "/proc/modules": random.text("a 1\n", 0, 20) };
		return latin1(
			formatCapture({ hotplugdCapture: 1, by: "fuzz", masked: random.pick([true, false]), devices, files, ...more }),
		);
	},
	read(input) {
		try {
			const parsed = parseCapture(input);
			const paths = parsed.devices.map(({ devpath }) => devpath);
			expect(new Set(paths).size === paths.length, "a devpath twice");
			expect(!paths.some((path) => /\0|\/\.\.(?:\/|$)/.test(path)), "a devpath that leads elsewhere");
			expectSame(parseCapture(latin1(formatCapture(parsed))), parsed, "it is not read as it was written");
			return verdict(true);
		} catch (error) {
			if (!(error instanceof MalformedCapture)) throw error;
			return verdict(false);
		}
	},
	limits: [
		{
			bound: "levels of nesting",
			n: MOST_DEPTH,
			make: (n) => latin1(`${HEAD},"devices":[],"x":${"[".repeat(n - 1)}${"]".repeat(n - 1)}}`),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of a devpath",
			n: 4096,
			make: (n) => latin1(`${HEAD},"devices":[{"devpath":"/devices/${"a".repeat(n - "/devices/".length)}"}]}`),
			within: "accepted",
			beyond: "refused",
		},
	],
};

export const captureFormats: readonly FuzzFormat[] = [capture];
