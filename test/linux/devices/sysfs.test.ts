import { execFileSync } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	realpathSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { bounds } from "../../../src/libkmod/kernel/bounds.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import type { PresentDevice } from "../../../src/ports/devices.js";

const folder = mkdtempSync(join(tmpdir(), "sysfs-"));
test.after.always(() => rmSync(folder, { recursive: true }));

let trees = 0;

const plain = ({ devpath, aliases }: PresentDevice) => ({ devpath, aliases });
const walk = (sysfs: string) => [...walkDevices(sysfs)].map(plain);

function sysfsWith(attributes: Readonly<Record<string, string | Buffer>>): string {
	const root = join(folder, `sys-${trees++}`);
	mkdirSync(join(root, "devices"), { recursive: true });
	for (const [path, text] of Object.entries(attributes)) {
		mkdirSync(dirname(join(root, "devices", path)), { recursive: true });
		writeFileSync(join(root, "devices", path), text);
	}
	return root;
}

test("finds the aliases of every device that this machine has, as grep does, and only devices that are there", (t) => {
	const walked = [...walkDevices("/sys")];
	const grepped = execFileSync("sh", [
		"-c",
		"cd /sys/devices && { find . -name modalias -exec cat {} + ; " +
			"grep -rhs --include=uevent ^MODALIAS= . | sed s/^MODALIAS=// ; } | sort -u; true",
	]);
	const aliases = [...new Set(walked.flatMap((device) => device.aliases))].sort();
	t.true(aliases.length > 0);
	t.deepEqual(
		aliases,
		grepped
			.toString("latin1")
			.split("\n")
			.filter((line) => line !== "")
			.sort(),
	);
	for (const { devpath } of walked) execFileSync("test", ["-d", `/sys${devpath}`]);
});

test("parents come before children, and each device once", (t) => {
	const devpaths = [...walkDevices("/sys")].map((device) => device.devpath);
	t.is(new Set(devpaths).size, devpaths.length);
	let parents = 0;
	for (const [at, devpath] of devpaths.entries()) {
		for (const [below, other] of devpaths.entries()) {
			if (!other.startsWith(`${devpath}/`)) continue;
			t.true(below > at, `${other} comes before ${devpath}`);
			parents++;
		}
	}
	t.true(parents > 0);
});

test("an alias may be one of several lines, in either file; each is told once, those of modalias first", (t) => {
	const sysfs = sysfsWith({
		"platform/PRP0001:00/modalias": "acpi:PRP0001:\nof:NledT(null)Cgpio-leds\n",
		"platform/PRP0001:00/uevent":
			"DRIVER=x\nMODALIAS=of:NledT(null)Cgpio-leds\nMODALIAS=acpi:PRP0001:\nMODALIAS=third=a=b\n",
		"platform/mdio/uevent": "DEVTYPE=MODALIAS=no\nXMODALIAS=no\nMODALIAS=mdio:00000001010000001001100100000001",
		"system/cpu/modalias": "cpu:type:x86,ven0000fam0006mod008F:feature:,0000,0001\n",
		"platform/Fixed MDIO bus.0/modalias": "platform:Fixed MDIO bus\n",
	});
	t.deepEqual(walk(sysfs), [
		{ devpath: "/devices/platform/Fixed MDIO bus.0", aliases: ["platform:Fixed MDIO bus"] },
		{
			devpath: "/devices/platform/PRP0001:00",
			aliases: ["acpi:PRP0001:", "of:NledT(null)Cgpio-leds", "third=a=b"],
		},
		{ devpath: "/devices/platform/mdio", aliases: ["mdio:00000001010000001001100100000001"] },
		{ devpath: "/devices/system/cpu", aliases: ["cpu:type:x86,ven0000fam0006mod008F:feature:,0000,0001"] },
	]);
});

test("devices without an alias are not told, and odd bytes are kept", (t) => {
	const sysfs = sysfsWith({
		"a/uevent": "DRIVER=x\n",
		"b/modalias": "\n",
		"c/modalias": Buffer.from([0x64, 0x6d, 0x69, 0x3a, 0xe4, 0x00, 0x27, 0x0a]),
		"d/modalias": "x".repeat(4095),
	});
	t.deepEqual(walk(sysfs), [
		{ devpath: "/devices/c", aliases: ["dmi:\xe4"] },
		{ devpath: "/devices/d", aliases: ["x".repeat(4095)] },
	]);
});

test("symbolic links are not followed, and what is no regular file is not opened", (t) => {
	const sysfs = sysfsWith({ "bus/device/modalias": "pci:a\n" });
	symlinkSync("../..", join(sysfs, "devices/bus/device/driver"));
	mkdirSync(join(sysfs, "devices/odd/uevent"), { recursive: true });
	symlinkSync("../bus/device/modalias", join(sysfs, "devices/odd/modalias"));
	mkdirSync(join(sysfs, "devices/pipe"));
	execFileSync("mkfifo", [join(sysfs, "devices/pipe/modalias")]);
	t.deepEqual(walk(sysfs), [{ devpath: "/devices/bus/device", aliases: ["pci:a"] }]);
});

test("a device that leaves during the walk is passed over", (t) => {
	const sysfs = sysfsWith({
		"a/modalias": "pci:a\n",
		"a/child/modalias": "pci:child\n",
		"b/modalias": "pci:b\n",
		"c/modalias": "pci:c\n",
	});
	const walked = walkDevices(sysfs);
	t.is(walked.next().value?.devpath, "/devices/a");
	rmSync(join(sysfs, "devices/a"), { recursive: true });
	rmSync(join(sysfs, "devices/b"), { recursive: true });
	t.deepEqual([...walked].map(plain), [{ devpath: "/devices/c", aliases: ["pci:c"] }]);
});

test("what may not be read is passed over", (t) => {
	const sysfs = sysfsWith({ "a/modalias": "pci:a\n", "b/modalias": "pci:b\n", "c/d/modalias": "pci:d\n" });
	// Permissions that the umask may have taken away.
	chmodSync(folder, 0o755);
	execFileSync("chmod", ["-R", "a+rX", sysfs]);
	chmodSync(join(sysfs, "devices/a/modalias"), 0);
	chmodSync(join(sysfs, "devices/c"), 0);
	t.teardown(() => chmodSync(join(sysfs, "devices/c"), 0o755));
	// Root may read every file: the walk runs as another user.
	const script = `import { walkDevices } from ${JSON.stringify(new URL("../../../src/linux/devices/sysfs.js", import.meta.url).href)};
		if (process.getuid() === 0) process.setuid(65534);
		console.log(JSON.stringify([...walkDevices(${JSON.stringify(sysfs)})].map(({ devpath, aliases }) => ({ devpath, aliases }))));`;
	const told = execFileSync(process.execPath, ["--input-type=module", "-e", script]);
	t.deepEqual(JSON.parse(told.toString()), [{ devpath: "/devices/b", aliases: ["pci:b"] }]);
});

test("without any devices the walk is refused", (t) => {
	const nowhere = join(folder, "nowhere");
	const refused = t.throws(() => walkDevices(nowhere).next());
	t.like(refused, { name: "Refusal", operation: "walk", subject: `${nowhere}/devices`, code: "ENOENT" });
});

test("a device's properties are those of its uevent, and its subsystem is where its link points", (t) => {
	const sysfs = sysfsWith({
		"pci0/uevent": "DRIVER=x\nMODALIAS=pci:a\nSUBSYSTEM=no\n",
		"pci0/modalias": "pci:a\n",
		"alone/modalias": "x:alone\n",
	});
	symlinkSync("../../bus/pci", join(sysfs, "devices/pci0/subsystem"));
	const [alone, card] = [...walkDevices(sysfs)];
	t.deepEqual(
		[...card!.properties],
		[
			["ACTION", "add"],
			["DEVPATH", "/devices/pci0"],
			["SUBSYSTEM", "pci"],
			["DRIVER", "x"],
			["MODALIAS", "pci:a"],
		],
	);
	for (const [key, value] of card!.properties) t.is(card!.properties.get(key), value);
	t.is(card!.properties.get("DEVTYPE"), undefined);
	t.is(alone!.properties.get("SUBSYSTEM"), undefined);
	t.deepEqual(
		[...alone!.properties],
		[
			["ACTION", "add"],
			["DEVPATH", "/devices/alone"],
		],
	);
});

test("devices of this machine are of the subsystem that their class or bus lists them under", (t) => {
	let compared = 0;
	for (const { devpath, properties } of walkDevices("/sys")) {
		const subsystem = properties.get("SUBSYSTEM");
		if (subsystem === undefined) continue;
		const name = devpath.slice(devpath.lastIndexOf("/") + 1);
		const listed = [`/sys/bus/${subsystem}/devices/${name}`, `/sys/class/${subsystem}/${name}`].find((path) =>
			existsSync(path),
		);
		if (listed === undefined) continue;
		t.is(realpathSync(listed), `/sys${devpath}`);
		compared++;
	}
	t.true(compared > 3, `${compared}`);
});

test("devices without an alias are told where they concern somebody, crowds and modules by their subsystems", (t) => {
	const sysfs = sysfsWith({
		"a/uevent": "DEVTYPE=thing\n",
		"a/group/size": "1\n",
		"b/modalias": "pci:b\n",
		"virtual/tty/tty1/uevent": "DEVNAME=tty1\n",
		"virtual/bdi/0:1/uevent": "",
	});
	for (const module of ["loop", "parport_pc"]) mkdirSync(join(sysfs, "module", module), { recursive: true });
	const told = (...subsystems: readonly string[]) =>
		[...walkDevices(sysfs, (subsystem) => subsystems.includes(subsystem))].map(({ devpath }) => devpath);
	t.deepEqual(told(), ["/devices/a", "/devices/b"]);
	t.deepEqual(told("tty"), ["/devices/a", "/devices/b", "/devices/virtual/tty/tty1"]);
	t.deepEqual(told("module"), ["/module/loop", "/module/parport_pc", "/devices/a", "/devices/b"]);
	const [module] = walkDevices(sysfs, () => true);
	t.is(module!.properties.get("SUBSYSTEM"), "module");
});

test("an attribute of the largest page is read, and one of a byte more is told and read no part of", (t) => {
	const largest = bounds.attribute.bytes;
	const sysfs = sysfsWith({
		"a/modalias": "x:a".padEnd(largest - 1, "a"),
		"b/modalias": "x:b".padEnd(largest, "b"),
		"c/modalias": "x:c".padEnd(largest + 1, "c"),
		"d/uevent": `MODALIAS=x:d\n${"A=b\n".repeat(largest)}`,
	});
	const skipped: string[] = [];
	const walked = [...walkDevices(sysfs, undefined, (what, { message }) => void skipped.push(`${what}: ${message}`))];
	t.deepEqual(
		walked.map(({ aliases: [alias = ""] }) => alias.length),
		[largest - 1, largest],
	);
	t.deepEqual(skipped, [
		"/devices/c: its modalias cannot be read: it is larger than 64 KiB, the limit for an attribute",
		"/devices/d: its uevent cannot be read: it is larger than 64 KiB, the limit for an attribute",
	]);
});

test("a link in an attribute's place, wherever it leads, is told, and so is whatever else is no file", (t) => {
	const sysfs = sysfsWith({ "a/size": "1", "b/uevent": "A=b\n", "c/modalias": "x:c\n", secret: "x:secret\n" });
	const at = (path: string) => join(sysfs, "devices", path);
	symlinkSync("nowhere", at("a/modalias"));
	symlinkSync("../secret", at("b/modalias"));
	execFileSync("mkfifo", [at("c/uevent")]);
	const skipped: string[] = [];
	const walked = [
		...walkDevices(
			sysfs,
			() => true,
			(what, { message }) => void skipped.push(`${what}: ${message}`),
		),
	];
	t.deepEqual(walked.map(plain), [
		{ devpath: "/devices/b", aliases: [] },
		{ devpath: "/devices/c", aliases: ["x:c"] },
	]);
	t.deepEqual(skipped, [
		"/devices/a: its modalias cannot be read: it is a symbolic link, and no regular file",
		"/devices/b: its modalias cannot be read: it is a symbolic link, and no regular file",
		"/devices/c: its uevent cannot be read: it is no regular file",
	]);
});
