import test from "ava";
import { parseUevent, type Uevent } from "../../../src/agent/devices/uevent.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const message = (...strings: readonly string[]): Buffer =>
	Buffer.from(strings.map((text) => `${text}\0`).join(""), "latin1");

/** The kernel's uevent for a USB stick that was plugged in. */
const stick = message(
	"add@/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0",
	"ACTION=add",
	"DEVPATH=/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0",
	"SUBSYSTEM=usb",
	"DEVTYPE=usb_interface",
	"PRODUCT=781/5581/100",
	"TYPE=0/0/0",
	"INTERFACE=8/6/80",
	"MODALIAS=usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00",
	"SEQNUM=4242",
);

test("a kernel's uevent is read", (t) => {
	const { properties, ...rest } = parseUevent(stick)!;
	t.deepEqual(rest, {
		action: "add",
		devpath: "/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0",
		seqnum: 4242,
		aliases: ["usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00"],
	});
	t.is(properties?.get("DEVTYPE"), "usb_interface");
	t.is(properties?.get("TYP"), undefined);
	t.deepEqual([...(properties ?? [])].slice(0, 3), [
		["ACTION", "add"],
		["DEVPATH", "/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0"],
		["SUBSYSTEM", "usb"],
	]);
});

const reads = test.macro({
	exec(t, strings: readonly string[], expected: Partial<Uevent>) {
		t.like(parseUevent(message("add@/devices/x", ...strings)), expected);
	},
	title: (title) => `${title}`,
});

test("both aliases of an ACPI device are read", reads, ["MODALIAS=acpi:A:", "X=", "MODALIAS=of:NnT(null)CB"], {
	aliases: ["acpi:A:", "of:NnT(null)CB"],
});
test("an alias that comes twice is read once", reads, ["MODALIAS=a:b", "MODALIAS=a:b"], { aliases: ["a:b"] });
test("an alias may hold blanks, equal signs and at signs", reads, ["MODALIAS=platform:Fixed MDIO=bus@0"], {
	aliases: ["platform:Fixed MDIO=bus@0"],
});
test("an alias keeps bytes that are no ASCII", reads, ["MODALIAS=dmi:\xe9\xff"], { aliases: ["dmi:\xe9\xff"] });
test("an alias may be as long as a message", reads, [`MODALIAS=cpu:${"0".repeat(4000)}`], {
	aliases: [`cpu:${"0".repeat(4000)}`],
});
test(
	"a newline at the end of an alias is no part of it",
	reads,
	[`MODALIAS=hdaudio:v1${"\n".repeat(60_000)}`, "MODALIAS=\n"],
	{
		aliases: ["hdaudio:v1"],
	},
);
test("an empty alias is none", reads, ["MODALIAS="], { aliases: [] });
test("keys that only end like an alias's are others", reads, ["OLD_MODALIAS=a:b", "X=MODALIAS=c:d"], { aliases: [] });
test("a number that is none is no number", reads, ["SEQNUM=12x"], { seqnum: undefined });
test("a number too large to count with is no number", reads, ["SEQNUM=9007199254740993"], { seqnum: undefined });
test("a uevent without a number has none", reads, ["X=SEQNUM=1"], { seqnum: undefined });

test("the last string may lack its NUL", (t) => {
	t.like(parseUevent(Buffer.from("add@/x\0SEQNUM=7\0MODALIAS=a:b")), { seqnum: 7, aliases: ["a:b"] });
	t.like(parseUevent(Buffer.from("add@/x\0MODALIAS=a:b\0SEQNUM=7")), { seqnum: 7, aliases: ["a:b"] });
});

const isNone = test.macro({
	exec: (t, bytes: Buffer) => t.is(parseUevent(bytes), undefined),
	title: (title) => `${title} is no uevent`,
});

test("nothing", isNone, Buffer.alloc(0));
test("a message of udev's", isNone, Buffer.from("libudev\0\xfe\xed\xca\xfe\0MODALIAS=a:b\0", "latin1"));
test("a device without a path", isNone, message("add@", "MODALIAS=a:b"));
test("a path that does not begin at the root", isNone, message("add@devices/x", "MODALIAS=a:b"));
test("a message without an action", isNone, message("@/devices/x", "MODALIAS=a:b"));
test("a first string that does not end", isNone, Buffer.from("add@/devices/x"));

test("a uevent cut short anywhere is either none or a part of the whole", (t) => {
	const whole = parseUevent(stick)!;
	let parts = 0;
	for (let length = 0; length < stick.length; length++) {
		const part = parseUevent(stick.subarray(0, length));
		if (part === undefined) continue;
		parts++;
		t.is(part.action, whole.action);
		t.is(part.devpath, whole.devpath);
		for (const alias of part.aliases) t.true(whole.aliases[0]!.startsWith(alias));
	}
	t.true(parts > 100);
});

test("random bytes never make it throw, and what it reads stands in them", (t) => {
	const random = seededRandom(t);
	const pieces = ["add", "@", "/", "\0", "MODALIAS=", "SEQNUM=", "=", "9", "\xff", "a:b", "libudev"];
	let uevents = 0;
	for (let round = 0; round < 20_000; round++) {
		const bytes =
			round % 2 === 0
				? Buffer.from(`add@/${random.text(pieces, 0, 20)}`, "latin1")
				: Buffer.concat([random.bytes(random.below(64)), stick.subarray(random.below(stick.length))]);
		const uevent = parseUevent(bytes);
		if (uevent === undefined) continue;
		uevents++;
		t.true(uevent.devpath.startsWith("/") && !uevent.devpath.includes("\0"));
		for (const alias of uevent.aliases) t.true(bytes.includes(Buffer.from(`MODALIAS=${alias}`, "latin1")));
		t.true(uevent.seqnum === undefined || Number.isSafeInteger(uevent.seqnum));
	}
	t.true(uevents > 1000);
});
