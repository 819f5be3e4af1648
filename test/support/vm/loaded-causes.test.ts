import test from "ava";
import type { Judgement } from "../../../src/agent/explaining/explanation.js";
import { checkCauses } from "./loaded-causes.js";

const driven = "/devices/pci0000:00/0000:00:02.0";
const free = "/devices/pci0000:00/0000:00:03.0";
const alias = "pci:v00008086d0000100E";

/** A guest: mii is used by card, card drives a device, cream_generic came by a softdep of card, idle was there before. */
const guest = {
	modules: [
		"card 4096 0 - Live 0x0",
		"mii 4096 1 card, Live 0x0",
		"cream_generic 4096 0 - Live 0x0",
		"idle 4096 0 - Live 0x0",
	],
	drivers: [`/sys${driven}\t../../../bus/pci/drivers/card driver`],
	owners: ["/sys/bus/pci/drivers/card driver\t../../../../module/card"],
	modaliases: [`/sys${driven}/modalias:${alias}`, `/sys${free}/modalias:pci:v1`],
	softdeps: ["/etc/modprobe.d/x.conf:3:softdep card pre: cream post: none"],
	names: ["alias cream cream_generic"],
	coldplug: [
		{ kind: "decision", alias, matches: [{ found: { module: "card", pattern: "pci:v00008086d*" } }] },
		{ kind: "step", module: "card", cause: { kind: "alias" } },
		{ kind: "step", module: "mii", cause: { kind: "dependency" } },
		{ kind: "outcome", module: "card", result: "inserted" },
		{ kind: "outcome", module: "mii", result: "inserted" },
		{ kind: "outcome", module: "idle", result: "live already" },
	].map((record) => JSON.stringify(record)),
};

const device = { kind: "device", device: { devpath: driven }, alias, pattern: "pci:v00008086d*" } as const;
const softdep = {
	kind: "softdep",
	of: "card",
	when: "pre",
	source: { file: "/etc/modprobe.d/x.conf", line: 3 },
	live: true,
} as const;
const truth: Readonly<Record<string, Judgement>> = {
	card: { kind: "bound", driver: "card driver", module: "card", devices: [{ devpath: driven }], demand: device },
	mii: { kind: "live", module: "mii", demand: { kind: "dependency", of: "card", live: true } },
	cream_generic: { kind: "live", module: "cream_generic", demand: softdep },
	idle: { kind: "live", module: "idle" },
};

const check = (judgements: Readonly<Record<string, Judgement>>) =>
	checkCauses({
		...guest,
		explained: [
			...Object.entries(judgements).map(([word, judgement]) => JSON.stringify({ subject: { word }, judgement })),
			"status 0",
		],
	});

test("true causes are counted by kind of judgement and of demand", (t) => {
	t.deepEqual(check(truth), {
		falsehoods: [],
		counts: { "bound, device": 1, "live, dependency": 1, "live, softdep": 1, "live, nobody": 1 },
	});
});

const lies: Readonly<Record<string, readonly [string, Judgement, RegExp]>> = {
	"a driver that has not bound the device": [
		"card",
		{ kind: "bound", driver: "card driver", module: "card", devices: [{ devpath: free }] },
		/card driver has not bound .*03\.0/,
	],
	"another driver": [
		"card",
		{ kind: "bound", driver: "other", module: "card", devices: [{ devpath: driven }] },
		/other has not bound/,
	],
	"no device at all": [
		"card",
		{ kind: "bound", driver: "card driver", module: "card", devices: [], demand: device },
		/bound to no device/,
	],
	"a module that is bound, said to be live alone": [
		"card",
		{ kind: "live", module: "card", demand: device },
		/said to have bound no device/,
	],
	"a bound device, said to have no driver": [
		"card",
		{ kind: "unbound", module: "card", device: { devpath: driven }, cause: { kind: "unknown" } },
		/has the driver pci\/card driver/,
	],
	"a rival that has not bound the device": [
		"card",
		{
			kind: "unbound",
			module: "card",
			device: { devpath: driven },
			cause: { kind: "rival", rival: "mii", pattern: "pci:*" },
		},
		/mii has not bound/,
	],
	"a user that is none": [
		"mii",
		{ kind: "live", module: "mii", demand: { kind: "dependency", of: "idle", live: true } },
		/does not count idle/,
	],
	"a pattern that nothing asked by": [
		"card",
		{ ...(truth.card as Judgement & { kind: "bound" }), demand: { ...device, pattern: "pci:*" } },
		/nothing asked for it by .* and pci:\*/,
	],
	"an alias that the device has not": [
		"card",
		{ ...(truth.card as Judgement & { kind: "bound" }), demand: { ...device, device: { devpath: free } } },
		/03\.0 has not the alias/,
	],
	"a line that is no softdep of it": [
		"cream_generic",
		{
			kind: "live",
			module: "cream_generic",
			demand: { ...softdep, source: { file: "/etc/modprobe.d/x.conf", line: 4 } },
		},
		/x\.conf:4 is no softdep of card/,
	],
	"a softdep of another module": [
		"cream_generic",
		{ kind: "live", module: "cream_generic", demand: { ...softdep, of: "mii" } },
		/no softdep of mii/,
	],
	"nothing, where coldplug had a cause": [
		"mii",
		{ kind: "live", module: "mii" },
		/coldplug inserted it \(dependency\)/,
	],
	"nothing, where a user counts": ["mii", { kind: "live", module: "mii" }, /card needs it/],
	"nothing, where a device asks": [
		"card",
		{ kind: "bound", driver: "card driver", module: "card", devices: [{ devpath: driven }] },
		/a device has pci:/,
	],
	"a judgement of a module that is not live": [
		"card",
		{ kind: "wanted", module: "card", demand: device },
		/said to be wanted/,
	],
	"another module": ["card", { kind: "live", module: "mii" }, /about another module/],
};

for (const [what, [module, judgement, falsehood]] of Object.entries(lies))
	test(`found out: ${what}`, (t) => {
		const { falsehoods } = check({ ...truth, [module]: judgement });
		t.regex(falsehoods.join("\n"), new RegExp(`^${module}: .*${falsehood.source}`, "m"));
	});

test("a live module that is not explained is found out", (t) => {
	const { card: _, ...others } = truth;
	t.deepEqual(check(others).falsehoods, ["card: is not explained"]);
});
