// Devices for synthetic captures: each alias pattern of a kernel's modules.alias becomes an alias that it matches, and that a device
// whose attributes are as those of a real device of its bus.
import type { Random } from "../worlds/random-numbers.js";

/** JSON of a device, cut where its place on the bus stands: the pieces are joined by the place. */
export type DeviceText = readonly string[];

/** Devices by bus, each list drawn from the patterns. */
export type DevicePool = Readonly<Record<string, readonly DeviceText[]>>;

/** Stands for the place in the text of a device that is still to be cut. */
const PLACE = "\u0001";

type Fields = Readonly<Record<string, string | boolean | undefined>>;

/** @param patterns lines "alias PATTERN MODULE" of modules.alias @param random fills what a pattern leaves open */
export function makeDevicePool(patterns: string, random: Random): DevicePool {
	const pool: Record<string, DeviceText[]> = {};
	for (const [, pattern = "", module = ""] of patterns.matchAll(/^alias (\S+) (\S+)$/gm)) {
		const bus = /^[a-z]+/.exec(pattern)?.[0] ?? "";
		const device = makers[bus]?.(fill(pattern, random), module, random);
		if (device === undefined) continue;
		const known = pool[bus];
		if (known === undefined) pool[bus] = [cutAtPlace(device)];
		else known.push(cutAtPlace(device));
	}
	for (const devices of Object.values(pool)) shuffle(devices, random);
	return { ...pool, none: withoutAlias(random).map(cutAtPlace), dmi: dmiVersions(random).map(cutAtPlace) };
}

/** The order is that of popularity, and not of the modules' names. */
function shuffle(devices: DeviceText[], random: Random): void {
	for (let at = devices.length - 1; at > 0; at--) {
		const other = random.below(at + 1);
		[devices[at], devices[other]] = [devices[other]!, devices[at]!];
	}
}

const cutAtPlace = (fields: Fields): DeviceText => JSON.stringify(fields).split(JSON.stringify(PLACE).slice(1, -1));

/** An alias that matches a pattern: hexadecimal digits where the pattern leaves a number open, and nothing where it leaves more. */
function fill(pattern: string, random: Random): string {
	const first = pattern.replace(/\[([^\]])[^\]]*\]/g, "$1").replace(/^acpi\*/, "acpi");
	if (!/^(?:pci|usb|hid|of)/.test(first)) return first.replaceAll("*", "");
	const digits: Readonly<Record<string, number>> = { v: 8, d: 8, sv: 8, sd: 8, bc: 2, sc: 2, i: 2, p: 4 };
	return first.replace(
		/([a-z]+)\*/g,
		(_, key: string) => key + random.text(HEXADECIMAL, digits[key] ?? 2, digits[key] ?? 2),
	);
}

const HEXADECIMAL = "0123456789ABCDEF";

type Maker = (alias: string, module: string, random: Random) => Fields;

const bound = (module: string, random: Random): Fields =>
	random.below(10) === 0 ? {} : { driver: module, driverModule: module };

const driverLine = ({ driver }: Fields): string => (driver === undefined ? "" : `DRIVER=${driver}\n`);

const simple =
	(subsystem: string, directory: string): Maker =>
	(alias, module, random) => {
		const driver = bound(module, random);
		const uevent = `${driverLine(driver)}MODALIAS=${alias}`;
		return { devpath: `${directory}${PLACE}`, subsystem, onBus: true, modalias: alias, uevent, ...driver };
	};

const pci: Maker = (alias, module, random) => {
	const driver = bound(module, random);
	const [, vendor = "", device = "", subvendor = "", subdevice = ""] =
		/^pci:v0000(\w{4})d0000(\w{4})sv\w{4}(\w{4})sd\w{4}(\w{4})/.exec(alias) ?? [];
	const [, base = "", sub = "", programming = ""] = /bc(\w\w)sc(\w\w)i(\w\w)$/.exec(alias) ?? [];
	const slot = `0000:${PLACE}`;
	const uevent = `${driverLine(driver)}PCI_CLASS=${base}${sub}${programming}\nPCI_ID=${vendor}:${device}\nPCI_SUBSYS_ID=${subvendor}:${subdevice}\nPCI_SLOT_NAME=${slot}\nMODALIAS=${alias}`;
	return { devpath: `/devices/pci0000:00/${slot}`, subsystem: "pci", onBus: true, modalias: alias, uevent, ...driver };
};

const usb: Maker = (alias, module, random) => {
	const driver = bound(module, random);
	const [, vendor = "", product = ""] = /^usb:v(\w{4})p(\w{4})/.exec(alias) ?? [];
	const uevent = `DEVTYPE=usb_interface\n${driverLine(driver)}PRODUCT=${vendor.toLowerCase()}/${product.toLowerCase()}/100\nTYPE=0/0/0\nINTERFACE=255/255/255\nMODALIAS=${alias}`;
	const devpath = `/devices/pci0000:00/0000:00:14.0/usb1/1-${PLACE}/1-${PLACE}:1.0`;
	return { devpath, subsystem: "usb", onBus: true, modalias: alias, uevent, ...driver };
};

const makers: Readonly<Record<string, Maker>> = {
	pci,
	usb,
	acpi: simple("acpi", "/devices/LNXSYSTM:00/LNXSYBUS:00/PNP0A08:00/device:"),
	platform: simple("platform", "/devices/platform/device."),
	hid: simple("hid", "/devices/pci0000:00/0000:00:14.0/usb1/1-7/1-7:1.0/0003:046D:C52B."),
	hdaudio: simple("hdaudio", "/devices/pci0000:00/0000:00:1f.3/hdaudioC0D"),
	i2c: simple("i2c", "/devices/pci0000:00/0000:00:15.0/i2c_designware.0/i2c-0/i2c-"),
	input: simple("input", "/devices/virtual/input/input"),
	serio: simple("serio", "/devices/platform/i8042/serio"),
	virtio: simple("virtio", "/devices/pci0000:00/0000:00:03.0/virtio"),
	wmi: simple("wmi", "/devices/platform/PNP0C14:00/wmi_bus/wmi_bus-PNP0C14:00/"),
	pnp: simple("pnp", "/devices/pnp0/00:"),
	cpu: simple("cpu", "/devices/system/cpu/cpu"),
};

/** Devices of classes that have no alias, as every machine has them. */
function withoutAlias(random: Random): readonly Fields[] {
	const mac = () => random.text(HEXADECIMAL.toLowerCase(), 12, 12);
	return Array.from({ length: 64 }, (_, number) =>
		number % 2 === 0
			? {
					devpath: `/devices/pci0000:00/0000:00:1c.0/net/enx${mac()}${PLACE}`,
					subsystem: "net",
					uevent: `INTERFACE=enx${mac()}\nIFINDEX=${2 + number}`,
				}
			: {
					devpath: `/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sd${PLACE}`,
					subsystem: "block",
					uevent: `MAJOR=8\nMINOR=${number}\nDEVNAME=sd${PLACE}\nDEVTYPE=disk\nDISKSEQ=${number}`,
				},
	);
}

/** The identities of mainboards: a fleet has some hundred of them, each with versions of its firmware. */
function dmiVersions(random: Random): readonly Fields[] {
	return Array.from({ length: 2000 }, (_, number) => {
		const modalias = `dmi:bvnVendor${number % 20}:bvr1.${number % 40}.${number}:bd0${1 + (number % 9)}/1${number % 10}/2021:br1.${number % 40}:svnVendor${number % 20}:pnModel${number % 500}:pvr${random.text(HEXADECIMAL, 4, 4)}:cvnVendor${number % 20}:ct10:cvr:sku:`;
		return { devpath: `/devices/virtual/dmi/id${PLACE}`, subsystem: "dmi", modalias, uevent: `MODALIAS=${modalias}` };
	});
}
