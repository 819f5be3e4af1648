import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import { walkOnThreads } from "../../../src/linux/devices/threaded-walk.js";

const folder = mkdtempSync(join(tmpdir(), "walk-"));
test.after.always(() => rmSync(folder, { recursive: true }));

let trees = 0;

function sysfsWith(attributes: Readonly<Record<string, string>>, root = "devices"): string {
	const sysfs = join(folder, `sys-${trees++}`);
	mkdirSync(join(sysfs, "devices"), { recursive: true });
	for (const [path, text] of Object.entries(attributes)) {
		mkdirSync(dirname(join(sysfs, root, path)), { recursive: true });
		writeFileSync(join(sysfs, root, path), text);
	}
	return sysfs;
}

async function walk(sysfs: string, concerns?: (subsystem: string) => boolean) {
	const skipped: string[] = [];
	const onSkipped = (devpath: string, { message }: Error): void => void skipped.push(`${devpath}: ${message}`);
	const devices = [];
	for await (const list of walkOnThreads(sysfs, { concerns, onSkipped, hungMilliseconds: 60_000 }))
		devices.push(...list.map(({ devpath, aliases }) => `${devpath} ${aliases.join(" ")}`.trimEnd()));
	return { devices, skipped };
}

const walkAtOnce = (sysfs: string, concerns?: (subsystem: string) => boolean): string[] =>
	[...walkDevices(sysfs, concerns)].map(({ devpath, aliases }) => `${devpath} ${aliases.join(" ")}`.trimEnd());

test("it finds what the walk without threads finds on this machine, in the same order", async (t) => {
	t.deepEqual((await walk("/sys")).devices, walkAtOnce("/sys"));
	const everything = () => true;
	const all = await walk("/sys", everything);
	t.deepEqual(all.devices, walkAtOnce("/sys", everything));
	t.deepEqual(all.skipped, []);
});

test("without any devices it is refused, and a tree without attributes has none", async (t) => {
	const nowhere = join(folder, "nowhere");
	await t.throwsAsync(walk(nowhere), { name: "Refusal", message: `walk ${nowhere}/devices: ENOENT` });
	t.deepEqual(await walk(sysfsWith({ "a/size": "1\n" })), { devices: [], skipped: [] });
});

test("what stands behind a NUL, as in a capture by tar, is no part of an attribute", async (t) => {
	const padded = (text: string): string => `${text}${"\0".repeat(4096 - text.length)}`;
	const sysfs = sysfsWith({
		"a/modalias": padded("x:a\n"),
		"b/modalias": padded("x:b"),
		"b/uevent": padded("DRIVER=b\nMODALIAS=x:c\n"),
		"c/uevent": padded("MODALIAS=x:d"),
		"d/modalias": "x:e\n\0x:f\nx:g\n",
		"d/uevent": "A=b\0MODALIAS=x:h\n",
		"e/modalias": padded(""),
	});
	const expected = ["/devices/a x:a", "/devices/b x:b x:c", "/devices/c x:d", "/devices/d x:e"];
	t.deepEqual(walkAtOnce(sysfs), expected);
	t.deepEqual((await walk(sysfs)).devices, expected);
	const [, b] = [...walkDevices(sysfs, () => true)];
	t.is(b?.properties.get("DRIVER"), "b");
	t.deepEqual(
		[...(b?.properties ?? [])].map(([key]) => key),
		["ACTION", "DEVPATH", "DRIVER", "MODALIAS"],
	);
});

test("a device may be named as the attributes for power management are, and those are no device", async (t) => {
	const sysfs = sysfsWith({
		"leds/power/uevent": "MODALIAS=x:led\n",
		"leds/power/power/control": "auto\n",
		"card/uevent": "MODALIAS=x:card\n",
		"card/power/control": "auto\n",
		"card/power/modalias": "x:none\n",
		"soc/uevent": "",
		"soc/power/uevent": "MODALIAS=x:soc\n",
		"soc/uevent.d/modalias": "x:d\n",
	});
	for (const devices of [(await walk(sysfs)).devices, walkAtOnce(sysfs)])
		t.deepEqual(devices, [
			"/devices/card x:card",
			"/devices/leds/power x:led",
			"/devices/soc/power x:soc",
			"/devices/soc/uevent.d x:d",
		]);
});

test("devices may be named like the attributes", async (t) => {
	const sysfs = sysfsWith({ "a/modalias/modalias": "x:a\n", "a/uevent/uevent": "MODALIAS=x:b\n" });
	const expected = ["/devices/a/modalias x:a", "/devices/a/uevent x:b"];
	t.deepEqual((await walk(sysfs)).devices, expected);
	t.deepEqual(walkAtOnce(sysfs), expected);
});

test("files in /sys/module are no modules", async (t) => {
	const sysfs = sysfsWith({ "loop/uevent": "", compression: "xz\n" }, "module");
	mkdirSync(join(sysfs, "devices"), { recursive: true });
	t.deepEqual((await walk(sysfs, (subsystem) => subsystem === "module")).devices, ["/module/loop"]);
	t.deepEqual(
		walkAtOnce(sysfs, (subsystem) => subsystem === "module"),
		["/module/loop"],
	);
});

test("of a device of a class nothing but modalias is read, unless the class concerns somebody", async (t) => {
	const sysfs = sysfsWith({
		"card/uevent": "",
		"card/net/eth0/uevent": "MODALIAS=x:eth\n",
		"card/power_supply/BAT0/uevent": "MODALIAS=x:bat\n",
		"card/input/input3/uevent": "MODALIAS=x:other\n",
		"card/input/input3/modalias": "x:input\n",
		"card/bus/device/uevent": "MODALIAS=x:bus\n",
	});
	const link = (path: string, target: string) => symlinkSync(`../../../../../${target}`, join(sysfs, "devices", path));
	link("card/net/eth0/subsystem", "class/net");
	link("card/input/input3/subsystem", "class/input");
	link("card/bus/device/subsystem", "bus/bus");
	const always = ["/devices/card/bus/device x:bus", "/devices/card/input/input3 x:input x:other"];
	t.deepEqual((await walk(sysfs)).devices, always);
	const concerned = await walk(sysfs, (subsystem) => subsystem === "net" || subsystem === "power_supply");
	t.deepEqual(concerned.devices, [
		"/devices/card",
		...always,
		"/devices/card/net/eth0 x:eth",
		"/devices/card/power_supply/BAT0 x:bat",
	]);
});

const urls = ["threaded-walk", "sysfs"].map(
	(name) => new URL(`../../../src/linux/devices/${name}.js`, import.meta.url).href,
);

/** Walks in a process that has opened as many files as it may when the walk begins, and closes them after `milliseconds`. */
function walkWithoutDescriptors(sysfs: string, milliseconds: number): string {
	const script = `import { closeSync, openSync } from "node:fs";
		import { walkOnThreads } from ${JSON.stringify(urls[0])};
		const all = [];
		try { for await (const _ of walkOnThreads("/nowhere", { hungMilliseconds: 1 })); } catch {}
		const files = [];
		try { for (;;) files.push(openSync("/dev/null")); } catch {}
		setTimeout(() => files.forEach((fd) => closeSync(fd)), ${milliseconds});
		try {
			for await (const list of walkOnThreads(${JSON.stringify(sysfs)}, { hungMilliseconds: 1000 })) all.push(...list);
		} catch (error) {
			files.forEach((fd) => closeSync(fd));
			all.push({ devpath: error.message });
		}
		process.stdout.write(all.map(({ devpath }) => devpath).join(" "));
		process.exit(0);`;
	const words = ["-c", 'ulimit -n 64; exec "$@"', "sh", process.execPath, "--input-type=module", "-e", script];
	return execFileSync("sh", words, { encoding: "utf8" });
}

test("where descriptors have run out it waits for some, and not for ever", (t) => {
	const sysfs = sysfsWith({ "a/modalias": "x:a\n", "b/modalias": "x:b\n" });
	t.is(walkWithoutDescriptors(sysfs, 300), "/devices/a /devices/b");
	t.regex(walkWithoutDescriptors(sysfs, 60_000), /^walk .*: EMFILE$/);
});

test("a directory that may not be listed is told, and costs what is below it alone", (t) => {
	const sysfs = sysfsWith({ "a/modalias": "x:a\n", "b/below/modalias": "x:b\n", "c/modalias": "x:c\n" });
	execFileSync("chmod", ["-R", "a+rX", folder]);
	execFileSync("chmod", ["0", join(sysfs, "devices/b"), join(sysfs, "devices/c/modalias")]);
	t.teardown(() => execFileSync("chmod", ["755", join(sysfs, "devices/b")]));
	const script = `import { walkOnThreads } from ${JSON.stringify(urls[0])};
		import { walkDevices } from ${JSON.stringify(urls[1])};
		if (process.getuid() === 0) process.setuid(65534);
		const told = [];
		const onSkipped = (devpath, error) => told.push(devpath + ": " + error.message);
		for await (const list of walkOnThreads(${JSON.stringify(sysfs)}, { hungMilliseconds: 1000, onSkipped }))
			told.push(...list.map(({ devpath }) => devpath));
		for (const { devpath } of walkDevices(${JSON.stringify(sysfs)}, undefined, onSkipped)) told.push(devpath);
		console.log(JSON.stringify(told));
		process.exit(0);`;
	const told = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "-e", script]).toString());
	const expected = [
		"/devices/a",
		"/devices/b: its directory cannot be read: EACCES",
		"/devices/c: its modalias cannot be read: EACCES",
	];
	t.deepEqual(told.toSorted(), [...expected, ...expected].sort());
});

test("an attribute that is larger than a page, or a link, is told as by the walk without threads", async (t) => {
	const sysfs = sysfsWith({
		"a/modalias": "x:a\n".padEnd(2 ** 16 + 1, "a"),
		"a/uevent": "A=b\n",
		"b/uevent": "MODALIAS=x:b",
	});
	symlinkSync("../a/modalias", join(sysfs, "devices/b/modalias"));
	const skipped: string[] = [];
	const atOnce = [...walkDevices(sysfs, undefined, (what, { message }) => void skipped.push(`${what}: ${message}`))];
	const told = await walk(sysfs);
	t.deepEqual(told.devices, ["/devices/b x:b"]);
	t.is(atOnce.length, 1);
	t.deepEqual(told.skipped.toSorted(), skipped);
	t.is(skipped.length, 2);
});
