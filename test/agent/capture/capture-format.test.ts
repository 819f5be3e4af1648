import test from "ava";
import { MOST_DEVICES, MOST_FILES, MOST_LIVE_MODULES } from "../../../src/agent/capture/capture-checks.js";
import {
	formatCapture,
	MalformedCapture,
	MOST_CAPTURE_BYTES,
	parseCapture,
} from "../../../src/agent/capture/capture-format.js";
import { fullCapture, leastCapture as least } from "../../support/scenes/capture-scenes.js";

const bytesOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), "utf8");

test("a capture comes back as it was written, bytes that are no UTF-8 included", (t) => {
	t.deepEqual(parseCapture(Buffer.from(formatCapture(fullCapture), "latin1")), fullCapture);
});

test("what is written is UTF-8 in which no byte controls a terminal", (t) => {
	const written = Buffer.from(formatCapture(fullCapture), "latin1");
	t.is(written.toString("utf8").includes("\ufffd"), false);
	t.deepEqual(
		written.subarray(0, -1).filter((byte) => byte < 0x20 || byte === 0x7f),
		Buffer.alloc(0),
	);
	t.true(written.toString("latin1").includes("blacklist \\udcff\xe2\x82\xac"));
});

const reads = test.macro((t, json: string, expected: string) => {
	const bytes = Buffer.from(JSON.stringify({ ...least, by: "X" }).replace('"X"', json), "latin1");
	t.is(parseCapture(bytes).by, expected);
});

test("raw bytes of UTF-8 are bytes", reads, '"\xe2\x82\xac"', "\xe2\x82\xac");
test("raw bytes that are no UTF-8 are bytes", reads, '"\xff\x80"', "\xff\x80");
test("an escaped character is the bytes of its UTF-8", reads, '"\\u20ac\\u00e4"', "\xe2\x82\xac\xc3\xa4");
test("a pair of escaped surrogates is one character", reads, '"\\ud83d\\uDE00"', "\xf0\x9f\x98\x80");
test("an escaped stand-in is its byte", reads, '"\\udcff\\uDC80"', "\xff\x80");
test("any other lone surrogate is U+FFFD", reads, '"\\ud800x"', "\xef\xbf\xbdx");
test("an escaped backslash escapes nothing behind it", reads, '"\\\\u20ac \\\\\\u20ac"', "\\u20ac \\\xe2\x82\xac");
test("escapes of ASCII are ASCII", reads, '"\\u0041\\n\\u007f"', "A\n\x7f");

test("fields that are not known are passed over, in a device too", (t) => {
	const { devices } = parseCapture(
		bytesOf({ ...least, newer: [[[]]], devices: [{ devpath: "/devices/a", color: 3 }] }),
	);
	t.is(devices.length, 1);
});

const refuses = test.macro((t, input: unknown, why: RegExp | string) => {
	const bytes = input instanceof Uint8Array ? input : typeof input === "string" ? Buffer.from(input) : bytesOf(input);
	const { message } = t.throws(() => parseCapture(bytes), { instanceOf: MalformedCapture })!;
	if (typeof why === "string") t.is(message, why);
	else t.regex(message, why);
});

const withDevice = (device: object) => ({ ...least, devices: [{ devpath: "/devices/a" }, device] });

test("an empty file is said to be empty", refuses, " \n", "it is empty");
test("text is no JSON", refuses, "P: /devices/a\nE: \x1b[31m", "it is no JSON");
test(
	"a fault in the middle is told by its place",
	refuses,
	'{"a":1,}',
	"it is no JSON: byte 7 is not what could stand there",
);
test("other JSON is no capture", refuses, { version: 1 }, "it is no capture: the field hotplugdCapture is not there");
test("a list is no capture", refuses, [1], "it is no capture: the field hotplugdCapture is not there");
test(
	"a later version is named, with what reads it",
	refuses,
	{ ...least, hotplugdCapture: 2 },
	"it is a capture of version 2, and this hotplugd reads version 1: a later hotplugd reads it",
);
test("a version that is none is no capture", refuses, { ...least, hotplugdCapture: "\x1b" }, /^it is no capture: /);
test("devices must be a list", refuses, { ...least, devices: {} }, "devices is no list");
test("a device must be an object", refuses, withDevice(["a"]), "devices[1] is no object");
test(
	"a devpath that leads upwards is refused",
	refuses,
	withDevice({ devpath: "/devices/../../etc/shadow" }),
	'devices[1].devpath is no path: a part of it is empty, "." or "..", or holds a NUL',
);
test(
	"a devpath with a NUL is refused",
	refuses,
	withDevice({ devpath: "/devices/a\0" }),
	/^devices\[1\]\.devpath is no path/,
);
test(
	"a devpath elsewhere is refused",
	refuses,
	withDevice({ devpath: "/etc/passwd" }),
	"devices[1].devpath is not below /devices or /module",
);
test(
	"a devpath that occurs twice is refused",
	refuses,
	withDevice({ devpath: "/devices/a" }),
	"devices[1].devpath is that of an earlier device: /devices/a",
);
test(
	"a devpath has a longest length",
	refuses,
	withDevice({ devpath: `/devices/${"a".repeat(4096)}` }),
	/longer than 4096 bytes$/,
);
test(
	"a supplier is a devpath",
	refuses,
	withDevice({ devpath: "/devices/b", suppliers: ["/devices/a/.."] }),
	/^devices\[1\]\.suppliers\[0\] is no path/,
);
test("an alias is text", refuses, withDevice({ devpath: "/devices/b", modalias: 1 }), "devices[1].modalias is no text");
test(
	"an alias is as long as an attribute",
	refuses,
	withDevice({ devpath: "/devices/b", modalias: "a".repeat(65_537) }),
	"devices[1].modalias is longer than 65536 bytes",
);
test(
	"whether a device is on a bus is true or false",
	refuses,
	withDevice({ devpath: "/devices/b", onBus: "yes" }),
	"devices[1].onBus is neither true nor false",
);
test(
	"a file's path does not lead upwards",
	refuses,
	{ ...least, files: { "/etc/../a": "" } },
	'files: a name in it is no path: a part of it is empty, "." or "..", or holds a NUL',
);
test(
	"a file's path is absolute",
	refuses,
	{ ...least, files: { "etc/a": "" } },
	"files: a name in it is no absolute path",
);
test("a file has text", refuses, { ...least, files: { "/etc/a": null } }, 'files["/etc/a"] is no text');
test("files must be there", refuses, { ...least, files: undefined }, "files is no object");
test("a release is one part of a path", refuses, { ...least, release: "../6.1" }, "release is no release of a kernel");
test(
	"an index has a digest",
	refuses,
	{ ...least, modules: { directory: "/lib/modules/1", files: { "modules.dep.bin": { bytes: 1, sha256: "x" } } } },
	'modules.files["modules.dep.bin"].sha256 is no SHA-256 in hexadecimal',
);
test(
	"an index is no larger than any index",
	refuses,
	{
		...least,
		modules: { directory: "/lib/modules/1", files: { "modules.dep.bin": { bytes: 2 ** 40, sha256: "a".repeat(64) } } },
	},
	/^modules\.files\["modules\.dep\.bin"\]\.bytes is more than \d+, the limit for an index$/,
);
test(
	"an index's name leads nowhere else",
	refuses,
	{ ...least, modules: { directory: "/lib/modules/1", files: { "modules./../../x": {} } } },
	"modules.files: a name in it is none of a file modules.*",
);
test(
	"an answer has a result that there is",
	refuses,
	{ ...least, answers: [{ module: "a", result: "well" }] },
	"answers[0].result is no result that there is",
);

test("a capture that is cut off anywhere is said to be", (t) => {
	const whole = Buffer.from(formatCapture(fullCapture), "latin1");
	for (let end = 1; end < whole.length - 2; end++)
		t.throws(() => parseCapture(whole.subarray(0, end)), {
			message: /^it is cut off: its JSON does not end \(\d+ bytes\)$/,
		});
});

test("a billion devices, a huge string and brackets without end are refused before they take memory", (t) => {
	t.throws(() => parseCapture(Buffer.alloc(MOST_CAPTURE_BYTES + 1, "[")), { message: /larger than 64 MiB/ });
	const before = process.memoryUsage().rss;
	t.throws(() => parseCapture(Buffer.alloc(MOST_CAPTURE_BYTES, "[")), {
		message: "it is nested deeper than 64 levels",
	});
	t.throws(() => parseCapture(Buffer.from(`{"a":"${'\\"['.repeat(99)}",${'"b":{'.repeat(64)}`)), {
		message: "it is nested deeper than 64 levels",
	});
	t.true(process.memoryUsage().rss - before < 512 * 2 ** 20);
	const device = '{"devpath":"/devices/a"}';
	const many = `{"hotplugdCapture":1,"by":"","masked":false,"files":{},"devices":[${`${device},`.repeat(MOST_DEVICES)}${device}]}`;
	t.throws(() => parseCapture(Buffer.from(many)), { message: `devices has more than ${MOST_DEVICES} entries` });
});

test("objects, files and live modules are counted before they take a reader's memory and time", (t) => {
	const before = process.memoryUsage().rss;
	const objects = `{"hotplugdCapture":1,"newer":[${"{},".repeat(2 ** 22)}{}]}`;
	t.throws(() => parseCapture(Buffer.from(objects)), { message: "it has more than 4194304 objects and lists" });
	t.true(process.memoryUsage().rss - before < 256 * 2 ** 20);
	const files = Object.fromEntries(Array.from({ length: MOST_FILES + 1 }, (_, number) => [`/etc/${number}`, ""]));
	t.throws(() => parseCapture(bytesOf({ ...least, files })), { message: `files has more than ${MOST_FILES} entries` });
	const live = (lines: number) => ({ ...least, files: { "/proc/modules": "a 1 0 - Live 0x0\n".repeat(lines) } });
	t.throws(() => parseCapture(bytesOf(live(MOST_LIVE_MODULES + 1))), {
		message: `files["/proc/modules"] has more than ${MOST_LIVE_MODULES} lines`,
	});
	t.notThrows(() => parseCapture(bytesOf(live(MOST_LIVE_MODULES))));
});

test("a capture of 200 devices is parsed in well under a millisecond", (t) => {
	const devices = Array.from({ length: 200 }, (_, number) => ({
		devpath: `/devices/pci0000:00/0000:00:${number}`,
		subsystem: "pci",
		onBus: true,
		modalias: "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00",
		uevent: "DRIVER=e1000\nPCI_CLASS=20000\nPCI_ID=8086:100E\nPCI_SUBSYS_ID=1AF4:1100\nPCI_SLOT_NAME=0000:00:01.0",
		driver: "e1000",
		driverModule: "e1000",
	}));
	const bytes = bytesOf({ ...least, devices });
	const times = Array.from({ length: 300 }, () => {
		const { user, system } = process.cpuUsage();
		parseCapture(bytes);
		const after = process.cpuUsage();
		return after.user + after.system - user - system;
	}).sort((a, b) => a - b);
	t.log(`${times[150]} µs`);
	t.true(times[150]! < 2000);
});
