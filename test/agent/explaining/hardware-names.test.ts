import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { nameHardware, openHardwareNames } from "../../../src/agent/explaining/hardware-names.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { files } from "../../../src/linux/files/files.js";
import { filesIn } from "../../support/worlds/world.js";

const pci = `# A list
# Version: 1

8086  First Vendor
\t1234  One device
\t\t8086 0001  One card
# A comment between
\t\t1af4 1100  Another card
\t1235  Two
8087  Second Vendor
\t1234  Its device
\t\t8086 0001  Its card
C 02  Network controller
\t00  Ethernet controller
\t\t01  Not a subclass
C 0c  Serial bus controller
`;
const usb = "1d6b  Foundation\n\t0002  2.0 root hub\n046d  Caf\xc3\xa9 \x1b[2J\nC 09  Hub\n\t00  Unused\n";

const world = (content: Readonly<Record<string, string>>) =>
	filesIn(new Map(Object.entries(content).map(([path, text]) => [path, Buffer.from(text, "latin1")])));
const both = { "/usr/share/misc/pci.ids": pci, "/usr/share/misc/usb.ids": usb };
const find = openHardwareNames(world(both));

const pciAlias = (vendor: string, device: string, sub = "00008086sd00000001", kind = "bc02sc00i00") =>
	`pci:v0000${vendor}d0000${device}sv${sub}${kind}`;
const usbAlias = (vendor: string, product: string, kind = "ic09isc00ip00") =>
	`usb:v${vendor}p${product}d0510dc09dsc00dp01${kind}in00`;

test("a PCI device has the names of its vendor, itself, its card and its class", (t) => {
	t.deepEqual(find(pciAlias("8086", "1234")), {
		vendor: "First Vendor",
		device: "One device",
		subsystem: "One card",
		subsystemVendor: "First Vendor",
		class: "Ethernet controller",
	});
	t.like(find(pciAlias("8086", "1234", "00001AF4sd00001100")), {
		subsystem: "Another card",
		subsystemVendor: undefined,
	});
});

test("the device of another vendor, and the card of another device, are not taken", (t) => {
	t.like(find(pciAlias("8087", "1234")), { vendor: "Second Vendor", device: "Its device", subsystem: "Its card" });
	t.like(find(pciAlias("8087", "1235")), { vendor: "Second Vendor", device: undefined });
	t.like(find(pciAlias("8086", "1235")), { device: "Two", subsystem: undefined });
});

test("a class without the subclass, and a vendor that the list does not have, are told as far as they go", (t) => {
	t.deepEqual(find(pciAlias("FFFF", "1234", "0000FFFFsd0000FFFF", "bc0Csc03i30")), {
		vendor: undefined,
		device: undefined,
		subsystem: undefined,
		subsystemVendor: undefined,
		class: "Serial bus controller",
	});
	t.is(find(pciAlias("8086", "1234", undefined, "bc02sc01i00"))?.class, "Network controller");
});

test("a USB device has the names of its vendor and itself, and the kind of its interface; bytes stay", (t) => {
	t.like(find(usbAlias("1D6B", "0002")), { vendor: "Foundation", device: "2.0 root hub", class: "Unused" });
	t.like(find(usbAlias("046D", "C52B")), { vendor: "Caf\xc3\xa9 \x1b[2J", device: undefined });
});

test("other buses, lists that are absent and lists that cannot be read give nothing", (t) => {
	for (const alias of ["platform:x", "usb:v1d6bp0002", "pci:", "", "pci:v00008086d00001234*"])
		t.is(find(alias), undefined);
	t.is(openHardwareNames(world({}))(pciAlias("8086", "1234")), undefined);
	const refusing = {
		read(subject: string): never {
			throw new Refusal({ operation: "read", subject, code: "EFBIG" });
		},
	};
	t.is(openHardwareNames(refusing)(pciAlias("8086", "1234")), undefined);
});

test("the list may be in either directory, below the root of another machine, and is read once", (t) => {
	const asked: string[] = [];
	const { read } = world({ "/root/usr/share/hwdata/pci.ids": pci });
	const recorded = {
		read(path: string) {
			asked.push(path);
			return read(path);
		},
	};
	const open = openHardwareNames(recorded, "/root");
	t.is(open(pciAlias("8086", "1234"))?.device, "One device");
	t.is(open(pciAlias("8087", "1234"))?.device, "Its device");
	t.deepEqual(asked, ["/root/usr/share/misc/pci.ids", "/root/usr/share/hwdata/pci.ids"]);
});

test("a list that is cut, and one without an end, are read to their end", (t) => {
	const cut = (text: string) => openHardwareNames(world({ "/usr/share/misc/pci.ids": text }))(pciAlias("8086", "1234"));
	for (let length = 0; length < pci.length; length += 7) t.notThrows(() => cut(pci.slice(0, length)));
	t.like(cut("8086  V"), { vendor: "V", device: undefined });
	t.like(cut("8086  V\n\t1234  D"), { device: "D" });
	t.is(cut(`8086  ${"x".repeat(5000)}\n`)?.vendor?.length, 200);
});

test("a phrase names the device, or else its vendor and kind", (t) => {
	const none = { subsystem: undefined, subsystemVendor: undefined };
	t.is(nameHardware({ vendor: "V", device: "D", class: "C", ...none }), "V D");
	t.is(nameHardware({ vendor: "V", device: undefined, class: "C", ...none }), "V C");
	t.is(nameHardware({ vendor: undefined, device: undefined, class: "C", ...none }), "C");
	t.is(nameHardware({ vendor: undefined, device: undefined, class: undefined, ...none }), undefined);
});

/** A reader that is not the one of src: all entries of a real list of one bus, line by line. */
function* entriesOf(path: string): Generator<{ vendor: string; device: string; names: readonly string[] }> {
	let vendor: RegExpExecArray | null = null;
	for (const line of readFileSync(path, "latin1").split("\n")) {
		if (/^(?:C |[A-Z]+ )/.test(line)) return;
		vendor = /^([0-9a-f]{4}) {2}(.*)$/.exec(line) ?? vendor;
		const device = /^\t([0-9a-f]{4}) {2}(.*)$/.exec(line);
		if (device !== null && vendor !== null)
			yield { vendor: vendor[1] ?? "", device: device[1] ?? "", names: [vendor[2] ?? "", device[2] ?? ""] };
	}
}

for (const [name, alias] of [
	["pci.ids", pciAlias],
	["usb.ids", usbAlias],
] as const) {
	const path = `/usr/share/misc/${name}`;
	(existsSync(path) ? test : test.skip)(
		`this machine's ${name} gives the names that its lines have, in a few milliseconds`,
		(t) => {
			const real = openHardwareNames(files);
			const entries = [...entriesOf(path)];
			t.true(entries.length > 10_000);
			for (let n = 0; n < entries.length; n += 97) {
				const { vendor, device, names } = entries[n]!;
				const found = real(alias(vendor.toUpperCase(), device.toUpperCase()));
				t.deepEqual(
					[found?.vendor, found?.device],
					names.map((word) => word.slice(0, 200)),
				);
			}
			const begun = performance.now();
			openHardwareNames(files)(alias("FFEE", "FFFF"));
			const milliseconds = performance.now() - begun;
			t.log(`${milliseconds.toFixed(2)} ms to read the list and find nothing in it`);
			t.true(milliseconds < 100);
		},
	);
}
