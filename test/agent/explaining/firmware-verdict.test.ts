import test from "ava";
import { planFirmwareSearch } from "../../../src/agent/explaining/firmware.js";
import { judgeFirmware } from "../../../src/agent/explaining/firmware-verdict.js";
import { listFindings } from "../../../src/agent/explaining/kernel-log.js";
import { filesIn } from "../../support/worlds/world.js";

const RELEASE = "6.1.0";

function judge(
	there: readonly string[],
	{
		names = [],
		log = [],
		isBound = false,
		config = "",
	}: { names?: string[]; log?: string[]; isBound?: boolean; config?: string },
) {
	const paths = [
		...there.map((name) => `/lib/firmware/${name}`),
		...(config === "" ? [] : [`/boot/config-${RELEASE}`]),
	];
	const files = filesIn(new Map(paths.map((path) => [path, Buffer.from(config === "" ? "x" : config)])));
	const look = { ...files, stamp: (path: string) => files.stamp(path) ?? (files.list(path) && "a directory") };
	const findings = listFindings(log.map((text, n) => ({ microseconds: (n + 1) * 1e6, text })));
	return judgeFirmware(look, planFirmwareSearch(files, { release: RELEASE }), { names, findings, isBound });
}

const refused = (file: string) => `drv 0000:01:00.0: Direct firmware load for ${file} failed with error -2`;

test("firmware is missing where the kernel said so and no driver has bound the device", (t) => {
	t.deepEqual(judge(["other.bin"], { names: ["a.bin", "other.bin"], log: [refused("a.bin")] }), {
		kind: "missing",
		by: "log",
		files: [{ name: "a.bin", errno: 2, seconds: 1, place: undefined }],
	});
	t.like(judge([], { log: [refused("unlisted.bin"), "drv: Unknown symbol x (err -2)"] }), {
		kind: "missing",
		files: [{ name: "unlisted.bin" }],
	});
});

test("a file that came after the driver had looked is told with its place", (t) => {
	t.like(judge(["a.bin"], { log: [refused("a.bin")] }), {
		kind: "missing",
		files: [{ name: "a.bin", place: "/lib/firmware/a.bin" }],
	});
});

test("firmware is missing where the device has no driver and none of the listed files is there", (t) => {
	const missing = { kind: "missing", by: "files", names: ["a.bin", "b*.bin"] } as const;
	t.deepEqual(judge(["c.bin"], { names: ["a.bin", "b*.bin"] }), { ...missing, builtInKnown: false });
	t.deepEqual(judge([], { names: ["a.bin", "b*.bin"], config: 'CONFIG_EXTRA_FIRMWARE=""\n' }), {
		...missing,
		builtInKnown: true,
	});
});

test("one of the listed files is enough, since a driver lists dozens of versions", (t) => {
	t.deepEqual(judge(["b.bin"], { names: ["a.bin", "b.bin", "c.bin"] }), {
		kind: "remark",
		listed: 3,
		there: 1,
		refused: [],
	});
});

test("where a driver has bound the device, nothing is missing, whatever the log says", (t) => {
	t.deepEqual(judge([], { names: ["a.bin"], log: [refused("a.bin")], isBound: true }), {
		kind: "remark",
		listed: 1,
		there: 0,
		refused: [{ name: "a.bin", errno: 2, seconds: 1, place: undefined }],
	});
	t.like(judge([], { names: ["a.bin"], isBound: true }), { kind: "remark", there: 0 });
});

test("a module without firmware needs none", (t) => {
	t.deepEqual(judge([], {}), { kind: "none" });
});
