// The nearest patterns of devices whose alias was changed in one field: for devices of the captured machine, and for each bus of
// whole indexes.
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { type AliasFields, busOf, listFields } from "../../../src/agent/explaining/alias-fields.js";
import { formOfBus } from "../../../src/agent/explaining/bus-fields.js";
import { findNearest, type NearPatterns, type PatternEntry } from "../../../src/agent/explaining/nearest-patterns.js";
import { type IndexFile, listEntries, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { findMatches } from "../../../src/libkmod/formats/index-search.js";
import { matchesWildcard } from "../../../src/libkmod/text/wildcard.js";
import { modules, readMachine } from "../../support/fakes/captured-machine.js";
import { encodeTrie } from "../../support/worlds/trie.js";

const readIndexAt = (path: string): IndexFile => openIndex(path, readFileSync(path));

const fixture = readIndexAt(`${readMachine()}/${modules}/modules.alias.bin`);

/** Whole indexes of Debian's kernels, where the VM tests have left them. */
const cache = join(homedir(), ".cache/hotplugd");
const whole = ["kernel-6.1.0-56-amd64_6.1.192-2", "kernel-bookworm-backports"].flatMap((kernel) => {
	try {
		const [name = ""] = readdirSync(join(cache, kernel, "lib/modules"));
		return [readIndexAt(join(cache, kernel, "lib/modules", name, "modules.alias.bin"))];
	} catch {
		return [];
	}
});

const list = (index: IndexFile): PatternEntry[] =>
	[...listEntries(index)].map(({ key, value }) => ({ pattern: key, module: value }));

/** The group of patterns that a pattern is in, and its place. */
function placeOf(groups: readonly NearPatterns[], pattern: string): number {
	return groups.findIndex(({ patterns }) => patterns.some((one) => one.pattern === pattern));
}

/** An alias that a pattern matches: what the pattern leaves open has values that no other pattern names. */
function concrete(pattern: string): string {
	const bus = busOf(pattern) ?? "";
	const colon = pattern.indexOf(":");
	const text = pattern
		.slice(colon + 1)
		.replace(/\[([^\]])[^\]]*\]/g, "$1")
		.replaceAll("?", "1");
	const filled = ["acpi", "cpu", "dmi", "mei"].includes(bus)
		? text.replaceAll("*", "")
		: bus === "input"
			? text.replace(/\b([bvpe])\*/g, "$1FEDC").replaceAll("*", "")
			: bus === "of"
				? text.replace(/\*/g, "zq").replace(/Czq$/, "")
				: text.replace(/(?<=[a-z])\*/g, "FEDC").replaceAll("*", "");
	return `${bus}:${filled}`;
}

/** The alias with one field changed, so that no other field changes. Undefined where the value cannot be told in the text. */
function change(alias: string, fields: AliasFields, at: number): string | undefined {
	const { value } = fields.fields[at]!;
	const other = value.replace(/[0-9A-Za-z]/g, (one) =>
		one === "9"
			? "7"
			: one === "F"
				? "E"
				: /[zZ]/.test(one)
					? "y"
					: one === "f"
						? "e"
						: String.fromCharCode(one.charCodeAt(0) + 1),
	);
	if (value === "" || other === value) return undefined;
	for (let place = alias.indexOf(value); place >= 0; place = alias.indexOf(value, place + 1)) {
		const changed = alias.slice(0, place) + other + alias.slice(place + value.length);
		const after = listFields(changed)?.fields;
		if (after?.length !== fields.fields.length) continue;
		const differing = after.filter((field, n) => field.value !== fields.fields[n]!.value).map(({ name }) => name);
		if (differing.length === 1 && differing[0] === fields.fields[at]!.name) return changed;
	}
	return undefined;
}

/** A field decides which device a pattern is for when it identifies, or when the pattern is for a whole class or vendor. */
type Trial = { readonly pattern: string; readonly field: string; readonly decides: boolean; readonly alias: string };

/** Up to `most` patterns of each bus, spread over the index, each with every field that it names changed. */
function makeTrials(index: IndexFile, ofBus: ReadonlyMap<string, PatternEntry[]>, most: number): Trial[] {
	const trials: Trial[] = [];
	for (const [bus, entries] of ofBus) {
		const step = Math.max(1, Math.floor(entries.length / most));
		for (let n = 0; n < entries.length; n += step) {
			const { pattern } = entries[n]!;
			const alias = concrete(pattern);
			const [fields, wanted] = [listFields(alias), listFields(pattern)];
			if (!matchesWildcard(pattern, alias) || fields?.fields.length !== wanted?.fields.length) continue;
			const form = formOfBus(bus).fields;
			const isNamed = (n: number) => !/^[*?]*$/.test(wanted!.fields[n]!.value);
			const ids = form.flatMap(({ identifies }, n) => (identifies ? [isNamed(n)] : []));
			const isForDevice = ids.at(-1) === true || ids.filter(Boolean).length > 1;
			for (const [at, field] of form.entries()) {
				if (!isNamed(at)) continue;
				const changed = change(alias, fields!, at);
				if (changed === undefined || findMatches(index, changed).length > 0) continue;
				trials.push({ pattern, field: field.name, decides: field.identifies || !isForDevice, alias: changed });
			}
		}
	}
	return trials;
}

function groupByBus(entries: readonly PatternEntry[]): Map<string, PatternEntry[]> {
	const groups = new Map<string, PatternEntry[]>();
	for (const entry of entries) {
		const bus = busOf(entry.pattern);
		if (bus !== undefined) groups.set(bus, [...(groups.get(bus) ?? []), entry]);
	}
	return groups;
}

for (const index of [fixture, ...whole])
	test(`${index.file}: a pattern is found again by a device that differs from it in one field, whatever the bus`, (t) => {
		const ofBus = groupByBus(list(index));
		const trials = makeTrials(index, ofBus, 12);
		const buses = new Set<string>();
		let first = 0;
		for (const { pattern, field, decides, alias } of trials) {
			const bus = busOf(pattern)!;
			const groups = findNearest(alias, ofBus.get(bus)!, Number.POSITIVE_INFINITY);
			const place = placeOf(groups, pattern);
			t.true(place >= 0, `${alias}: ${pattern} is not among the nearest`);
			if (!decides) {
				t.is(place, 0, `${alias}: nearest is ${groups[0]?.patterns[0].pattern}, and not ${pattern}`);
				t.is(groups[0]!.differing[0].field, field);
				t.is(groups[0]!.differing.length, 1);
				first++;
			}
			buses.add(bus);
		}
		t.log(`${trials.length} trials of ${buses.size} buses, ${first} of a field that does not decide`);
		const least = index === fixture ? [60, 8, 5] : [600, 35, 90];
		t.true(trials.length >= least[0]! && buses.size >= least[1]! && first >= least[2]!);
	});

/** Patterns with fields that the captured machine's index has not. */
const world = openIndex(
	"world",
	encodeTrie(
		[
			["usb:v0451p3410d0101dc*dsc*dp*ic*isc*ip*in*", 0, "ti_usb"],
			["usb:v04B4p8613d010[0-5]dc*dsc*dp*ic*isc*ip*in*", 0, "usbtest"],
			["bcma:m04BFid0812rev17cl*", 0, "b43"],
			["hdaudio:v10EC0255r00100002a01*", 0, "realtek"],
			["serio:ty02pr10id01ex*", 0, "sunkbd"],
			["hid:b0003g0101v0000056Ap00000033", 0, "wacom"],
			["sdw:m025Dp0711v02c*", 0, "rt711"],
			["pci:v00008086d000010D3sv00008086sd0000A01Fbc*sc*i*", 0, "card_a"],
			["pci:v00008086d000010D3sv00008086sd0000A020bc*sc*i*", 0, "card_b"],
		],
		true,
	),
);

type Row = readonly [alias: string, pattern: string, field: string, device: string, wanted: string, others: number];

const NIC = "sv00001AF4sd00001100";

/** Devices whose alias differs from a pattern in one field: nearest is that pattern, and the field is named. */
const devices: readonly (readonly [index: IndexFile, rows: readonly Row[]])[] = [
	[
		fixture,
		[
			[
				"pci:vFFFFFFF1d00008139sv000010EDsd00008139bc02sc00i00",
				"pci:v*d00008139sv000010ECsd00008139bc*sc*i*",
				"subsystem vendor",
				"000010ED",
				"000010EC",
				0,
			],
			[
				"pci:vFFFFFFF1d00008139sv000013D2sd0000AB06bc02sc00i00",
				"pci:v*d00008139sv000013D1sd0000AB06bc*sc*i*",
				"subsystem vendor",
				"000013D2",
				"000013D1",
				0,
			],
			[
				"pci:vFFFFFFF1d00008139sv00001186sd00001301bc02sc00i00",
				"pci:v*d00008139sv00001186sd00001300bc*sc*i*",
				"subsystem device",
				"00001301",
				"00001300",
				0,
			],
			[
				"pci:v00001B4Bd00009178sv00001B4Csd00009170bc01sc07i00",
				"pci:v00001B4Bd00009178sv00001B4Bsd00009170bc*sc*i*",
				"subsystem vendor",
				"00001B4C",
				"00001B4B",
				0,
			],
			[
				"pci:v00001B4Bd00009178sv00001B4Bsd00009171bc01sc07i00",
				"pci:v00001B4Bd00009178sv00001B4Bsd00009170bc*sc*i*",
				"subsystem device",
				"00009171",
				"00009170",
				0,
			],
			[`pci:v00008086d00001209${NIC}bc03sc00i00`, "pci:v00008086d00001209sv*sd*bc02sc00i*", "class", "03", "02", 0],
			[`pci:v00008086d00001229${NIC}bc02sc80i00`, "pci:v00008086d00001229sv*sd*bc02sc00i*", "subclass", "80", "00", 0],
			[`pci:v00001000d0000000A${NIC}bc0Csc00i00`, "pci:v00001000d0000000Asv*sd*bc01sc00i*", "class", "0C", "01", 0],
			[`pci:v00001000d00000010${NIC}bc01sc04i00`, "pci:v00001000d00000010sv*sd*bc01sc00i*", "subclass", "04", "00", 0],
			[`pci:v00001023d00002000${NIC}bc02sc01i00`, "pci:v00001023d00002000sv*sd*bc02sc00i*", "subclass", "01", "00", 0],
			[`pci:v00001B36d0000F011${NIC}bc01sc08i03`, "pci:v*d*sv*sd*bc01sc08i02*", "interface", "03", "02*", 0],
			[`pci:v00001B36d0000000D${NIC}bc0Csc03i31`, "pci:v*d*sv*sd*bc0Csc03i30*", "interface", "31", "30*", 0],
			[`pci:v00001002d0000F00F${NIC}bc04sc03i01`, "pci:v00001002d*sv*sd*bc04sc03i00*", "interface", "01", "00*", 0],
			[`pci:v00001022d0000F00F${NIC}bc01sc04i01`, "pci:v00001022d*sv*sd*bc01sc04i00*", "interface", "01", "00*", 0],
			[`pci:v000010DEd0000F00F${NIC}bc05sc03i00`, "pci:v000010DEd*sv*sd*bc04sc03i00*", "class", "05", "04", 0],
			[
				"pci:v00008086d0000F00Fsv00001029sd00000001bc01sc04i00",
				"pci:v00008086d*sv00001028sd*bc01sc04i00*",
				"subsystem vendor",
				"00001029",
				"00001028",
				0,
			],
			[
				"usb:v0403p7150d0400dc00dsc00dp00icFFiscFFipFFin02",
				"usb:v0403p7150d*dc*dsc*dp*ic*isc*ip*in01*",
				"interface number",
				"02",
				"01*",
				0,
			],
			[
				"usb:v041Ep3F02d0100dc00dsc00dp00icEFisc01ip00in00",
				"usb:v041Ep3F02d*dc*dsc*dp*icFFisc*ip*in*",
				"interface class",
				"EF",
				"FF",
				0,
			],
			[
				"usb:vEEEEpEEEEd0100dc00dsc00dp00ic01isc02ip00in00",
				"usb:v*p*d*dc*dsc*dp*ic01isc01ip*in*",
				"interface subclass",
				"02",
				"01",
				1,
			],
		],
	],
	[
		world,
		[
			[
				"usb:v0451p3410d0102dc00dsc00dp00icFFiscFFipFFin00",
				"usb:v0451p3410d0101dc*dsc*dp*ic*isc*ip*in*",
				"revision",
				"0102",
				"0101",
				0,
			],
			[
				"usb:v04B4p8613d0107dc00dsc00dp00icFFiscFFipFFin00",
				"usb:v04B4p8613d010[0-5]dc*dsc*dp*ic*isc*ip*in*",
				"revision",
				"0107",
				"010[0-5]",
				0,
			],
			["bcma:m04BFid0812rev18cl00", "bcma:m04BFid0812rev17cl*", "revision", "18", "17", 0],
			["hdaudio:v10EC0255r00100003a01", "hdaudio:v10EC0255r00100002a01*", "revision", "00100003", "00100002", 0],
			["serio:ty02pr10id02ex00", "serio:ty02pr10id01ex*", "id", "02", "01", 0],
			["hid:b0005g0101v0000056Ap00000033", "hid:b0003g0101v0000056Ap00000033", "bus", "0005", "0003", 0],
			["hid:b0003g0001v0000056Ap00000033", "hid:b0003g0101v0000056Ap00000033", "group", "0001", "0101", 0],
			["sdw:m025Dp0711v03c01", "sdw:m025Dp0711v02c*", "version", "03", "02", 0],
			[
				"pci:v00008086d000010D3sv00008087sd0000A01Fbc02sc00i00",
				"pci:v00008086d000010D3sv00008086sd0000A01Fbc*sc*i*",
				"subsystem vendor",
				"00008087",
				"00008086",
				0,
			],
			[
				"pci:v00008086d000010D3sv00008086sd0000FFFFbc02sc00i00",
				"pci:v00008086d000010D3sv00008086sd0000A01Fbc*sc*i*",
				"subsystem device",
				"0000FFFF",
				"0000A01F",
				1,
			],
		],
	],
];

for (const [index, rows] of devices)
	for (const [alias, pattern, field, device, wanted, others] of rows)
		test(`${alias}: nearest is ${pattern}, which wants another ${field}`, (t) => {
			t.deepEqual(findMatches(index, alias), [], "a pattern matches the device");
			const [nearest] = findNearest(alias, list(index), 3);
			t.is(nearest!.patterns[0].pattern, pattern);
			t.like(nearest!.differing[0], { field, device, pattern: wanted });
			t.is(nearest!.patterns.length - 1, others);
		});

/** Devices of the captured machine with another vendor or device: the pattern that matched is among those named. */
const changedIds = [
	["pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", "vendor", "00008086", "0000FFF1"],
	["pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00", "device", "0000100E", "0000FFF2"],
	["pci:v00008086d00001209sv00001AF4sd00001100bc02sc00i00", "device", "00001209", "0000FFF2"],
	["pci:v000010ECd00008139sv00001AF4sd00001100bc02sc00i00", "vendor", "000010EC", "0000FFF1"],
	["pci:v00001022d00002000sv00000000sd00000000bc02sc00i00", "device", "00002000", "0000FFF2"],
	["pci:v00001011d00000019sv0000103Csd0000104Fbc02sc00i00", "vendor", "00001011", "0000FFF1"],
	["usb:v0403p6001d0400dc00dsc00dp00icFFiscFFipFFin00", "product", "6001", "FFF2"],
	["usb:v0403p6001d0400dc00dsc00dp00icFFiscFFipFFin00", "vendor", "0403", "FFF1"],
	["virtio:d00000001v00001AF4", "device", "00000001", "0000FFF1"],
	["acpi:QEMU0002:", "id", "QEMU0002", "QEMU9999"],
	["platform:iTCO_wdt", "name", "iTCO_wdt", "iTCO_other"],
] as const;

for (const [alias, field, value, other] of changedIds)
	test(`${alias} with another ${field}: its pattern is among those named, and how many agree as far`, (t) => {
		const matching = findMatches(fixture, alias, true).map(({ pattern }) => pattern);
		t.true(matching.length > 0);
		const changed = alias.replace(value, other);
		t.deepEqual(findMatches(fixture, changed), []);
		const groups = findNearest(changed, list(fixture), 8);
		const place = groups.findIndex(({ patterns }) => patterns.some(({ pattern }) => matching.includes(pattern)));
		t.true(place >= 0, `${matching} is not among ${groups.length} groups`);
		const bus = list(fixture).filter(({ pattern }) => busOf(pattern) === busOf(alias));
		t.is(groups[0]!.ofBus, bus.length);
		t.true(groups.reduce((sum, { patterns }) => sum + patterns.length, 0) <= bus.length);
	});

test("near numbers are not nearer: the order of the patterns alone decides among those that agree as far", (t) => {
	const entries = ["1000", "100D", "1FFF"].map((device) => ({
		pattern: `pci:v00008086d0000${device}sv*sd*bc*sc*i*`,
		module: `m${device}`,
	}));
	const alias = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";
	for (const order of [entries, entries.toReversed()]) {
		const groups = findNearest(alias, order, 5);
		t.is(groups.length, 1);
		t.deepEqual([...groups[0]!.patterns], order);
	}
});

test("vendor and device outrank the class, and a class that agrees outranks another device of the vendor", (t) => {
	const patterns = [
		"pci:v00008086d00002922sv*sd*bc*sc*i*",
		"pci:v*d*sv*sd*bc01sc06i02*",
		"pci:v00008086d0000F00Fsv00000001sd*bc*sc*i*",
		"pci:v00001022d0000F00Fsv*sd*bc*sc*i*",
		"pci:v00008086d00002923sv*sd*bc01sc06i*",
		"pci:v*d*sv*sd*bc0Csc03i30*",
	];
	const entries = patterns.map((pattern, n) => ({ pattern, module: `m${n}` }));
	const groups = findNearest("pci:v00008086d0000F00Fsv00001AF4sd00001100bc01sc06i01", entries, 10);
	t.deepEqual(
		groups.map(({ patterns: [{ module }] }) => module),
		["m2", "m1", "m4", "m0", "m3", "m5"],
	);
	t.deepEqual(groups[1]!.agreeing, ["class", "subclass"]);
});

test("a pattern that matches is not near, nor is one of another bus, or one that is no pattern of its bus", (t) => {
	const entries = [
		"pci:v*d*sv*sd*bc*sc*i*",
		"usb:v0001p*d*dc*dsc*dp*ic*isc*ip*in*",
		"pcmcia:m1c*f*fn*pfn*pa*pb*pc*pd*",
		"pci",
		"pci*",
	];
	const alias = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";
	t.deepEqual(
		findNearest(
			alias,
			entries.map((pattern) => ({ pattern, module: "m" })),
			9,
		),
		[],
	);
	t.deepEqual(findNearest("e1000", [{ pattern: "e1000e", module: "m" }], 9), []);
	t.deepEqual(findNearest(`pci:${"v".repeat(4096)}`, [{ pattern: "pci:x", module: "m" }], 9), []);
});

test("aliases of a bus that nobody knows, and those without its form, compare by the words that they begin with", (t) => {
	const entries = ["nobody:dev_12_x", "nobody:dev_13_y", "nobody:other"].map((pattern) => ({
		pattern,
		module: pattern,
	}));
	const [first, second, ...more] = findNearest("nobody:dev-12-z", entries, 9);
	t.is(first!.patterns[0].pattern, "nobody:dev_12_x");
	t.deepEqual(first!.differing[0], {
		field: "name",
		isList: false,
		device: "dev_12_z",
		pattern: "dev_12_x",
		common: "dev_12_",
	});
	// 12 and 13 are different numbers, not two words that begin alike.
	t.is(second!.differing[0].common, "dev_");
	t.deepEqual(
		more.map(({ patterns }) => patterns.length),
		[1],
	);
	const [odd] = findNearest("pci:nonsense", [{ pattern: "pci:nonsense_x", module: "m" }], 9);
	t.is(odd!.differing[0].field, "name");
});

test("lists: a pattern that wants a key, an axis or a feature that the device lacks is told so", (t) => {
	const entries = [
		["input:b*v*p*e*_e*3,*k*r*a*2,*m*l*s*f*w*", "joydev"],
		["cpu:type:x86,ven*fam*mod*:feature:*0089*", "sha1"],
		["of:N*T*Cti,tmp102", "tmp102"],
		["dmi:bvn*:bvr*:bd*:svnDellInc.:pn*:pvr*:", "dell"],
	].map(([pattern = "", module = ""]) => ({ pattern, module }));
	const nearest = (alias: string) => findNearest(alias, entries, 1)[0]?.differing[0];
	t.like(nearest("input:b0003v0001p0002e0100-e0,1,3,k110,r0,1,a0,1,mlsfw"), {
		field: "absolute axes",
		isList: true,
		pattern: "*2,*",
	});
	t.like(nearest("cpu:type:x86,ven0000fam0006mod009E:feature:,0000,0001"), { field: "features", pattern: "*0089*" });
	t.like(nearest("of:NsensorT<NULL>Cti,tmp103Cnational,lm75"), {
		field: "compatible",
		device: "ti,tmp103, national,lm75",
	});
	t.like(nearest("dmi:bvnX:bvr1:bd1:svnLENOVO:pnY:pvr1:"), {
		field: "system vendor",
		device: "LENOVO",
		pattern: "DellInc.",
	});
});
