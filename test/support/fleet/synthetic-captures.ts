// A fleet that does not exist: captures drawn with a seed from the aliases of a kernel's modules, a line each. The same seed gives the
// same lines.
import type { CapturedIndexes } from "../../../src/agent/capture/capture.js";
import { type Random, randomFrom } from "../worlds/random-numbers.js";
import { type DevicePool, type DeviceText, makeDevicePool } from "./synthetic-devices.js";

export type SyntheticFleet = {
	readonly seed: number;
	/** The text of modules.alias of the kernel that the machines run. */
	readonly patterns: string;
	readonly release: string;
	/** The kernel's indexes, or their digests. */
	readonly modules?: CapturedIndexes;
};

/** Of twenty devices of a real machine: how many are on each bus. */
const shares: Readonly<Record<string, number>> = {
	acpi: 4,
	pci: 4,
	usb: 2,
	cpu: 2,
	platform: 1,
	hid: 1,
	input: 1,
	i2c: 1,
	none: 4,
};
/** Buses of which a machine has a device now and then. */
const RARE: readonly string[] = ["hdaudio", "serio", "virtio", "wmi", "pnp"];

const LEAST_DEVICES = 20;
const MOST_DEVICES = 200;

/**
 * How popular devices are: of a bus whose devices stand in the order of their popularity, this power of a random number is the place.
 * Two of three devices of a bus are among the 30 % that most machines have, one of five among the first hundredth, and all
 * others are drawn now and then.
 */
const POPULARITY = 3;

/** Lines of captures without end. Each has 20 to 200 devices, live modules, and one of some forty configurations. */
export function* syntheticCaptures(fleet: SyntheticFleet): Generator<string> {
	const random = randomFrom(fleet.seed);
	const pool = makeDevicePool(fleet.patterns, random);
	const modules = [...new Set([...fleet.patterns.matchAll(/^alias \S+ (\S+)$/gm)].map(([, module = ""]) => module))];
	const configurations = Array.from({ length: 40 }, () => makeConfiguration(modules, random));
	const draw = Object.entries(shares).flatMap(([bus, share]) => Array.from({ length: share }, () => bus));
	const head = `{"hotplugdCapture":1,"by":"hotplugd 0.1.0","release":${JSON.stringify(fleet.release)},"architecture":"x86_64","masked":true,"devices":[`;
	const indexes = fleet.modules === undefined ? "" : `,"modules":${JSON.stringify(fleet.modules)}`;
	for (;;) {
		const devices = drawDevices(pool, draw, random);
		const files = `{${random.pick(configurations)},"/proc/modules":${JSON.stringify(drawLive(modules, random))}}`;
		yield `${head}${devices.join(",")}],"files":${files}${indexes}}\n`;
	}
}

function drawDevices(pool: DevicePool, draw: readonly string[], random: Random): readonly string[] {
	const count = LEAST_DEVICES + random.below(MOST_DEVICES - LEAST_DEVICES + 1);
	const devices = [put(random.pick(pool.dmi!), "")];
	const processor = pool.cpu === undefined ? undefined : random.pick(pool.cpu);
	for (let number = 1; number < count; number++) {
		const bus = random.below(20) === 0 ? random.pick(RARE) : random.pick(draw);
		const all = pool[bus] ?? pool.none!;
		// All processors of a machine are alike.
		const device = bus === "cpu" && processor !== undefined ? processor : pickPopular(all, random);
		devices.push(put(device, bus === "pci" ? slotOf(number) : String(number)));
	}
	return devices;
}

function pickPopular(devices: readonly DeviceText[], random: Random): DeviceText {
	const place = (random.below(RESOLUTION) / RESOLUTION) ** POPULARITY;
	return devices[Math.floor(place * devices.length)]!;
}

const RESOLUTION = 2 ** 30;

const put = (device: DeviceText, place: string): string => device.join(place);

const slotOf = (number: number): string =>
	`${(number >> 5).toString(16).padStart(2, "0")}:${(number & 31).toString(16).padStart(2, "0")}.0`;

function drawLive(modules: readonly string[], random: Random): string {
	const count = 40 + random.below(100);
	return Array.from({ length: count }, () => `${random.pick(modules)} 16384 0 - Live 0x0000000000000000\n`).join("");
}

/** Members of the field `files`: blacklists, options and softdeps as administrators write them. */
function makeConfiguration(modules: readonly string[], random: Random): string {
	const lines = Array.from({ length: 4 + random.below(20) }, () => {
		const kind = random.below(4);
		if (kind < 2) return `blacklist ${random.pick(modules)}`;
		if (kind === 2) return `options ${random.pick(modules)} debug=${random.below(3)}`;
		return `softdep ${random.pick(modules)} pre: ${random.pick(modules)}`;
	});
	const files = {
		"/proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/mapper/root ro quiet",
		"/etc/modprobe.d/local.conf": `${lines.join("\n")}\n`,
	};
	return JSON.stringify(files).slice(1, -1);
}
