import test from "ava";
import { parseUevent } from "../../../src/agent/devices/uevent.js";
import {
	formatEnvironment,
	isHeeded,
	isHostile,
	selectEnvironment,
} from "../../../src/agent/policy/command-environment.js";
import { bytesOf } from "../../../src/libkmod/text/byte-strings.js";

const ueventOf = (strings: readonly string[]) =>
	parseUevent(Buffer.from(`add@/devices/x\0${strings.map((text) => `${text}\0`).join("")}`, "utf8"))!;

const environmentOf = (...strings: readonly string[]) => formatEnvironment(ueventOf(strings));

const listing = (listed: readonly string[], ...strings: readonly string[]) =>
	formatEnvironment(ueventOf(strings), listed);

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

test("it is what the uevent says, and a PATH", (t) => {
	t.deepEqual(
		environmentOf("ACTION=add", "DEVPATH=/devices/x", "SUBSYSTEM=usb", "PRODUCT=1/2=3", "MODALIAS=usb:v1", "SEQNUM=7"),
		{
			ACTION: "add",
			DEVPATH: "/devices/x",
			SUBSYSTEM: "usb",
			PRODUCT: "1/2=3",
			MODALIAS: "usb:v1",
			SEQNUM: "7",
			PATH,
		},
	);
});

test("a device of which nothing is said has its action and path", (t) => {
	t.deepEqual(formatEnvironment({ devpath: "/devices/y", aliases: [] }), {
		ACTION: "add",
		DEVPATH: "/devices/y",
		PATH,
	});
	t.like(formatEnvironment({ devpath: "/devices/y", aliases: [], action: "remove" }), { ACTION: "remove" });
});

test("names that programs heed are left out, whoever says them", (t) => {
	const names = [
		"PATH",
		"LD_PRELOAD",
		"LD_LIBRARY_PATH",
		"GCONV_PATH",
		"BASH_ENV",
		"ENV",
		"IFS",
		"PERL5OPT",
		"PYTHONPATH",
		"NODE_OPTIONS",
		"HOME",
		"SHELLOPTS",
		"MALLOC_CHECK_",
	];
	t.deepEqual(Object.keys(environmentOf(...names.map((name) => `${name}=evil`), "ID_=1")), [
		"ACTION",
		"DEVPATH",
		"ID_",
		"PATH",
	]);
	t.is(environmentOf("PATH=/evil").PATH, PATH);
	// A rule cannot pass them even if it lists them.
	t.deepEqual(Object.keys(listing(names, ...names.map((name) => `${name}=evil`))), ["ACTION", "DEVPATH", "PATH"]);
});

test("what the kernel says of any device, families that are data and what the rule lists are passed, and nothing else", (t) => {
	const fixed = ["SUBSYSTEM", "DEVTYPE", "DEVNAME", "DRIVER", "MODALIAS", "SEQNUM", "MAJOR", "MINOR"];
	const families = ["ID_MODEL", "OF_NAME", "POWER_SUPPLY_STATUS", "HID_NAME", "PCI_ID", "USB_X"];
	const others = ["NAME", "FOO", "MODPROBE_OPTIONS", "KMOD_X", "IDX", "XID_MODEL", "PRODUCTS"];
	const told = [...fixed, ...families, ...others].map((name) => `${name}=1`);
	const own = ["ACTION", "DEVPATH", "PATH"];
	t.deepEqual(Object.keys(environmentOf(...told)).sort(), [...own, ...fixed, ...families].sort());
	const listed = [...fixed, ...families, ...own, "NAME", "FOO"];
	t.deepEqual(Object.keys(listing(["NAME", "FOO", "MODPROBE_OPTIONS"], ...told)).sort(), listed.sort());
});

test("values are bounded, each and all together", (t) => {
	const environment = environmentOf(`ID_LONG=${"x".repeat(4097)}`, `ID_RIGHT=${"x".repeat(4096)}`);
	t.deepEqual(Object.keys(environment), ["ACTION", "DEVPATH", "ID_RIGHT", "PATH"]);
	const many = Array.from({ length: 1000 }, (_, number) => [`ID_${number}`, "x".repeat(1000)] as const);
	const size = JSON.stringify(selectEnvironment(many, [])).length;
	t.true(size > 15_000 && size < 17_000, `${size}`);
	t.deepEqual(selectEnvironment([["ID_NUL", "a\0b"]], []), { PATH });
});

test("what a rule is held against has its room before all else", (t) => {
	const large = Array.from({ length: 4 }, (_, number) => `ID_${number}=${"x".repeat(4000)}`);
	const small = Array.from({ length: 100 }, (_, number) => `ID_S${number}=x`);
	t.like(environmentOf(...large, ...small, "SUBSYSTEM=usb"), {
		ACTION: "add",
		DEVPATH: "/devices/x",
		SUBSYSTEM: "usb",
	});
});

test("what kmod, shells, linkers and interpreters heed is known as such", (t) => {
	const heeded = [
		...["MODPROBE_OPTIONS", "MODPROBE_MODULE", "KMOD_X", "LD_AUDIT", "BASH_FUNC", "ENV", "IFS", "PATH", "NODE_PATH"],
		...["PYTHONSTARTUP", "PERL5LIB", "RUBYOPT", "LANG", "LC_ALL", "SYSTEMD_UNIT_PATH", "LISTEN_FDS", "GIT_SSH"],
	];
	for (const name of heeded) t.true(isHeeded(name), name);
	for (const name of ["ACTION", "ID_PATH", "PRODUCT", "NAME", "PCI_ID", "INTERFACE"]) t.false(isHeeded(name), name);
	t.false(isHostile("PATH"));
	t.true(isHostile("LD_PRELOAD"));
});

test("names that are none are left out, and values are passed whatever is in them", (t) => {
	const {
		ACTION: _,
		DEVPATH: __,
		PATH: ___,
		...rest
	} = environmentOf(
		...["ID_lower=1", "ID_-B=1", "1ID_=1", " ID_=1", "ID_É=1", "ID_ B=1", "_ID_=1"],
		...["ID_A=$(id)\n;", "ID_B=größer", "ID_C="],
	);
	t.deepEqual(rest, { ID_A: "$(id)\n;", ID_B: bytesOf("größer"), ID_C: "" });
});

test("bytes that are no UTF-8 are passed as they are", (t) => {
	const uevent = parseUevent(Buffer.from("add@/devices/\xff\0HID_NAME=\xe9\xff\0", "latin1"))!;
	t.deepEqual(formatEnvironment(uevent), { ACTION: "add", DEVPATH: "/devices/\xff", HID_NAME: "\xe9\xff", PATH });
});
