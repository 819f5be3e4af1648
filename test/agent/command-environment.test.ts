import test from "ava";
import { formatEnvironment } from "../../src/agent/command-environment.js";
import { parseUevent } from "../../src/agent/uevent.js";

const environmentOf = (...strings: readonly string[]) =>
	formatEnvironment(
		parseUevent(Buffer.from(`add@/devices/x\0${strings.map((text) => `${text}\0`).join("")}`, "utf8"))!,
	);

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
	t.deepEqual(Object.keys(environmentOf(...names.map((name) => `${name}=evil`), "ID=1")), [
		"ACTION",
		"DEVPATH",
		"ID",
		"PATH",
	]);
	t.is(environmentOf("PATH=/evil").PATH, PATH);
});

test("names that are none are left out, and values are passed whatever is in them", (t) => {
	const {
		ACTION: _,
		DEVPATH: __,
		PATH: ___,
		...rest
	} = environmentOf("lower=1", "A-B=1", "1A=1", " B=1", "É=1", "A B=1", "_X=1", "A=$(id)\n;", "B=größer", "C=");
	t.deepEqual(rest, { A: "$(id)\n;", B: "größer", C: "" });
});

test("bytes that are no UTF-8 do not make it throw", (t) => {
	const uevent = parseUevent(Buffer.from("add@/devices/\xff\0NAME=\xe9\xff\0", "latin1"))!;
	t.deepEqual(formatEnvironment(uevent), { ACTION: "add", DEVPATH: "/devices/\ufffd", NAME: "\ufffd\ufffd", PATH });
});
