import test from "ava";
import { listDevicesOf, listPatternsOf } from "../../../src/agent/explaining/explain-ids.js";
import { makeWorld } from "../../support/worlds/world.js";

const ids = { vendor: "8086", product: "100e" };

test("devices are found by the ids in their alias, on both buses, and no others", (t) => {
	const device = (alias: string) => ({ devpath: `/devices/${alias}`, aliases: [alias] });
	const all = ["pci:v00008086d0000100Esv00001AF4", "usb:v8086p100Ed0001", "pci:v00008086d0000100Fsv", "acpi:8086100E:"];
	t.deepEqual(
		listDevicesOf(ids, all.map(device)).map(({ aliases }) => aliases[0]),
		all.slice(0, 2),
	);
});

test("patterns that name the ids are listed, in indexes and lines, but not those of a class", (t) => {
	const knowledge = makeWorld({
		modules: { e1000: [], other: [], mine: [] },
		aliases: { "pci:v00008086d0000100Esv*sd*bc*sc*i*": "e1000", "pci:v*d*sv*sd*bc02sc00i*": "other" },
		config: "alias usb:v8086p100Ed* mine",
	});
	t.deepEqual(
		listPatternsOf(ids, knowledge).map(({ module }) => module),
		["mine", "e1000"],
	);
});
