import test from "ava";
import { parseUdevMessage, restoreAliases, type UdevUevent } from "../../../src/agent/devices/udev-message.js";
import { parseUevent } from "../../../src/agent/devices/uevent.js";
import { readCapturedMessages } from "../../support/fakes/captured-uevents.js";
import { formatUdevMessage } from "../../support/fakes/udev-message.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const captured = { kernel: readCapturedMessages("kernel"), udev: readCapturedMessages("udev") };
const find = (devpath: string, action = "add") => {
	const found = captured.udev.map(parseUdevMessage).find((it) => it?.devpath === devpath && it.action === action);
	if (found === undefined) throw new Error(`no ${action} of ${devpath} was captured`);
	return found;
};

test("what udev says of a device that no rule changed is what the kernel said", (t) => {
	const differing = new Set<string>();
	for (const [index, message] of captured.udev.entries()) {
		const { leftAlone, aliases, properties, ...rest } = parseUdevMessage(message)!;
		const { aliases: originals, properties: originalProperties, ...original } = parseUevent(captured.kernel[index]!)!;
		t.deepEqual(rest, original);
		for (const key of ["SUBSYSTEM", "DEVTYPE", "DRIVER"]) t.is(properties?.get(key), originalProperties?.get(key));
		if (leftAlone === undefined && aliases.join() === originals.join()) continue;
		differing.add(rest.devpath);
	}
	t.true(captured.udev.length > 100, `${captured.udev.length}`);
	// The devices that the captured machine's udev rules change, and the device with two aliases.
	t.deepEqual([...differing].sort(), [
		"/devices/LNXSYSTM:00/PRP0001:00",
		"/devices/pci0000:00/0000:00:01.0",
		"/devices/pci0000:00/0000:00:03.0",
		"/devices/pci0000:00/0000:00:07.0",
		"/devices/platform/failing",
	]);
});

test("a device that a rule says to leave alone has no alias", (t) => {
	t.like(find("/devices/pci0000:00/0000:00:01.0"), { aliases: [], leftAlone: "rule" });
});

test("an alias that a rule changed is the device's", (t) => {
	t.like(find("/devices/pci0000:00/0000:00:03.0"), { aliases: ["pci:changed by a rule"], leftAlone: undefined });
});

test("an alias that a rule emptied is none", (t) => {
	t.like(find("/devices/pci0000:00/0000:00:07.0"), { aliases: [], leftAlone: undefined });
});

test("a device whose rules udev could not finish has no alias", (t) => {
	t.like(find("/devices/platform/failing"), { aliases: [], leftAlone: "failure" });
});

test("of two aliases udev 252 keeps the second, on removal as well", (t) => {
	const aliases = ["of:NsensorT(null)Cvendor,sensor"];
	t.like(find("/devices/LNXSYSTM:00/PRP0001:00"), { aliases });
	t.like(find("/devices/LNXSYSTM:00/PRP0001:00", "remove"), { aliases });
});

const restores = test.macro({
	exec(t, fromUdev: string[], fromKernel: string[], expected: string[]) {
		t.deepEqual(restoreAliases(fromUdev, fromKernel), expected);
	},
	title: (title) => `${title}`,
});

test("the kernel's other alias comes back", restores, ["of:b"], ["acpi:a:", "of:b"], ["acpi:a:", "of:b"]);
test("none comes back where a rule changed the alias", restores, ["new"], ["acpi:a:", "of:b"], ["new"]);
test("none comes back where a rule took the alias away", restores, [], ["acpi:a:", "of:b"], []);
test("an alias counts of a device that has left /sys", restores, ["of:b"], [], ["of:b"]);

const device = "ACTION=add\0DEVPATH=/devices/x\0";

const reads = test.macro({
	exec(t, properties: string, expected: Partial<UdevUevent>) {
		t.like(parseUdevMessage(formatUdevMessage(device + properties)), expected);
	},
	title: (title) => `${title}`,
});

test("newer udevs' further aliases are read", reads, "MODALIAS=a:\0MODALIAS1=of:b\0MODALIAS2=c\0MODALIAS=a:\0", {
	aliases: ["a:", "of:b", "c"],
});
test("an alias that comes twice is read once", reads, "MODALIAS=a:\0MODALIAS1=a:\0", { aliases: ["a:"] });
test("an empty alias is none", reads, "MODALIAS=\0", { aliases: [], leftAlone: undefined });
test("an alias keeps blanks, equal signs and bytes that are no ASCII", reads, "MODALIAS=a b=c\xe9\xff\0", {
	aliases: ["a b=c\xe9\xff"],
});
test("keys that only end like one are others", reads, "OLD_MODALIAS=a\0X=HOTPLUGD=ignore\0", {
	aliases: [],
	leftAlone: undefined,
});
test("of several values of a key the last counts", reads, "HOTPLUGD=ignore\0HOTPLUGD=\0MODALIAS=a:\0", {
	aliases: ["a:"],
	leftAlone: undefined,
});
test("the last string may lack its NUL", reads, "MODALIAS=a:", { aliases: ["a:"] });
test("a number that is none is no number", reads, "SEQNUM=-1\0", { seqnum: undefined });

test("properties may stand behind a longer header, and before other things", (t) => {
	const properties = `${device}MODALIAS=a:\0`;
	const header = { size: 48, offset: 48, length: properties.length };
	t.deepEqual(parseUdevMessage(formatUdevMessage(`\0\0\0\0\0\0\0\0${properties}MODALIAS=b:\0`, header))?.aliases, [
		"a:",
	]);
});

const isNone = test.macro({
	exec: (t, bytes: Buffer) => t.is(parseUdevMessage(bytes), undefined),
	title: (title) => `${title} is no message of udev's`,
});

test("nothing", isNone, Buffer.alloc(0));
test("the kernel's own uevent", isNone, captured.kernel[0]!);
test("a header alone", isNone, formatUdevMessage(""));
test("another prefix", isNone, formatUdevMessage(device, { prefix: "libudev1" }));
test("another magic number", isNone, formatUdevMessage(device, { magic: 0xcafefeed }));
test("a header too small", isNone, formatUdevMessage(device, { size: 24 }));
test("properties inside the header", isNone, formatUdevMessage(device, { offset: 8 }));
test("properties beyond the end", isNone, formatUdevMessage(device, { length: device.length + 1 }));
test(
	"properties that begin beyond the end",
	isNone,
	formatUdevMessage(device, { offset: 0xffffffff, length: 0xffffffff }),
);
test("a message without an action", isNone, formatUdevMessage("DEVPATH=/devices/x\0"));
test("a message without a device", isNone, formatUdevMessage("ACTION=add\0"));
test("an action with a blank", isNone, formatUdevMessage("ACTION=add x\0DEVPATH=/devices/x\0"));
test("a path that does not begin at the root", isNone, formatUdevMessage("ACTION=add\0DEVPATH=devices/x\0"));

test("a message cut short anywhere is none", (t) => {
	for (const message of captured.udev.slice(0, 20))
		for (let length = 0; length < message.length; length++)
			t.is(parseUdevMessage(message.subarray(0, length)), undefined);
});

test("no bytes make it throw", (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 20_000; round++) {
		const bytes = Buffer.from(random.pick(captured.udev));
		for (let hits = random.below(8); hits >= 0; hits--)
			bytes[random.below(random.below(2) ? 48 : bytes.length)] = random.below(256);
		const uevent = parseUdevMessage(bytes);
		if (uevent === undefined) continue;
		t.regex(uevent.action, /^[a-z]+$/);
		t.false(uevent.aliases.some((alias) => alias.includes("\0")));
	}
	for (let round = 0; round < 5000; round++)
		parseUdevMessage(Buffer.concat([formatUdevMessage(""), random.bytes(random.below(80))]));
	t.pass();
});
