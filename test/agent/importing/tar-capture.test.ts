import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { readTar } from "../../../src/agent/importing/tar-capture.js";
import { UnreadableReport } from "../../../src/agent/importing/unreadable-report.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";
import { readMachine } from "../../support/fakes/captured-machine.js";
import { findMissing, makeArchive } from "../../support/real/archivers.js";
import { asWalked, walkMachine } from "../../support/real/walked-machine.js";
import { plantSysfs, RELEASE_OF_HUB } from "../../support/worlds/planted-sysfs.js";
import { type HandMadeEntry, tarArchive } from "../../support/worlds/tar-archive.js";

function byDevpath(one: { readonly devpath: string }, two: { readonly devpath: string }): number {
	return one.devpath < two.devpath ? -1 : 1;
}

const root = plantSysfs();
test.after.always(() => rmSync(root, { recursive: true }));

const walked = [...walkMachine(join(root, "sys"))].sort(byDevpath);

const missing = findMissing("tar", "bsdtar", "busybox", "xz", "zstd");
const LIMIT = 2 ** 28;

async function readMade(command: string, place = root): Promise<Capture> {
	const path = makeArchive(command, { root: place });
	try {
		return readTar(await captureFiles.readWhole(path, LIMIT), captureFiles);
	} finally {
		rmSync(dirname(path), { recursive: true });
	}
}

/** Ways to make an archive, as people do. */
const ways: readonly string[] = [
	'tar cf "$out" -C "$root" sys',
	'tar cf "$out" "$root/sys"',
	'tar cPf "$out" "$root/sys"',
	'tar czf "$out" -C "$root" ./sys',
	'tar cJf "$out" -C "$root" sys',
	'tar --zstd -cf "$out" -C "$root" sys',
	'tar --format=posix -cf "$out" -C "$root" sys',
	'tar --format=oldgnu -cf "$out" -C "$root/sys" .',
	'tar --hard-dereference --sparse -cf "$out" -C "$root" sys',
	'bsdtar -cf "$out" -C "$root" sys',
	'bsdtar --format pax -czf "$out" -C "$root" ./sys',
	'bsdtar --format gnutar -cJf "$out" -C "$root/sys" devices bus module class',
	'busybox tar cf "$out" -C "$root" sys',
	'busybox tar czf "$out" "$root/sys"',
];

if (missing.length > 0 && !process.env.HOTPLUGD_REQUIRE_VM)
	test(`three makers of archives are compared where ${missing.join(" and ")} is installed`, (t) => t.pass());
else
	for (const way of ways)
		test(`${way}: the devices are those that a walk finds`, async (t) => {
			const { devices, lacks, release, files, drivers } = await readMade(way);
			t.true(walked.length > 20);
			t.deepEqual([...devices].map(asWalked).sort(byDevpath), walked);
			t.is(release, RELEASE_OF_HUB);
			t.deepEqual(
				lacks?.filter((name) => name.startsWith("devices") || name === "drivers"),
				["devices.dmTargets"],
			);
			t.deepEqual(
				devices.flatMap(({ dmKind }) => dmKind ?? []),
				["CRYPT-LUKS2"],
			);
			t.is(
				files["/proc/modules"],
				"ahci 49152 0 - Live 0x0000000000000000\n" +
					"xhci_hcd 331776 1 xhci_pci, Live 0x0000000000000000\n" +
					"xhci_pci 28672 0 - Live 0x0000000000000000\n",
			);
			t.deepEqual(
				[...(drivers ?? [])].sort((one, two) => (one.name < two.name ? -1 : 1)),
				[
					{ module: "ahci", bus: "pci", name: "ahci" },
					{ module: "xhci_pci", bus: "pci", name: "xhci_hcd" },
				],
			);
		});

test("GNU tar's archive of this machine's own /sys, padded as it is, has the devices with aliases that a walk finds", async (t) => {
	const { devices } = await readMade('tar cf "$out" /sys/devices /sys/bus /sys/module');
	const pick = ({ devpath, aliases, driver, driverModule, physicalNode }: ReturnType<typeof asWalked>) => ({
		...{ devpath, aliases, driver, driverModule, physicalNode },
	});
	const withAlias = (some: readonly ReturnType<typeof asWalked>[]) =>
		some
			.filter(({ aliases }) => aliases.length > 0)
			.map(pick)
			.sort(byDevpath);
	const own = withAlias(walkMachine("/sys"));
	t.true(own.length > 0);
	t.deepEqual(withAlias(devices.map(asWalked)), own);
});

test("an archive of /sys/devices alone says that it does not tell the modules of drivers", async (t) => {
	const { devices, lacks } = await readMade('tar cf "$out" -C "$root/sys" devices');
	t.true(lacks?.includes("devices.driverModule") && lacks.includes("drivers") && lacks.includes("/proc/modules"));
	t.is(devices.find(({ devpath }) => devpath.endsWith("1f.2"))?.driver, "ahci");
});

test("an archive that lacks a device to which a link of its bus leads says so", async (t) => {
	const { lacks } = await readMade('tar cf "$out" -C "$root" --exclude="*1f.2*" sys');
	t.true(lacks?.includes("devices"));
});

/** What is said of the archive. */
async function refusal(t: ExecutionContext, command: string): Promise<string> {
	return (await t.throwsAsync(readMade(command), { instanceOf: UnreadableReport })).message;
}

test("an archive of this machine's /sys that an archiver gave up is refused, with the reason", async (t) => {
	if (missing.length > 0) {
		t.pass();
		return;
	}
	t.regex(
		await refusal(t, 'busybox tar cf "$out" /sys/devices'),
		/^it is a tar archive whose end is missing: .*busybox's tar/,
	);
	t.regex(
		await refusal(t, 'tar --sparse -cf "$out" /sys/devices'),
		/are all empty: with --sparse, tar takes a file of \/sys for/,
	);
	t.regex(
		await refusal(t, 'tar cf "$out" -C "$root" sys/bus'),
		/without the devices of \/sys\/devices: bsdtar and busybox/,
	);
});

test("an archive that was made with links followed is refused", (t) => {
	const entries = [
		{ name: "sys/devices/x/uevent", content: "MODALIAS=a:b\n" },
		{ name: "sys/devices/x/subsystem/", type: "5" },
		{ name: "sys/devices/x/subsystem/devices/y/uevent", content: "MODALIAS=c:d\n" },
	];
	t.throws(() => readTar(tarArchive(entries), captureFiles), {
		message: /^it is a tar archive that was made with links followed/,
	});
});

test("links out of the archive are data, and nothing of this machine is read", (t) => {
	const at = (name: string, target: string): HandMadeEntry => ({ name: `sys/devices/x/${name}`, type: "2", target });
	const uevent: HandMadeEntry = { name: "sys/devices/x/uevent", content: "MODALIAS=a:b\n" };
	const outside = "../../../../../../../../sys/devices/pci0000:00";
	const archive = tarArchive([
		...[uevent, at("driver", "/etc/passwd"), at("physical_node", outside), at("modalias", "/etc/hostname")],
		...[at("slaves/a", "/sys/devices/x"), at("supplier:a:b", "../x"), at("subsystem", "../../bus/pci")],
		{ name: "etc/modprobe.d/a.conf", type: "2", target: "../../../../../etc/passwd" },
		{ name: "etc/modprobe.d/b.conf", type: "2", target: "b.conf" },
		{ name: "etc/modprobe.d/c.conf", type: "2", target: "/dev/null" },
	]);
	const { devices, files, lacks } = readTar(archive, captureFiles);
	t.deepEqual(devices, [
		{ devpath: "/devices/x", subsystem: "pci", onBus: true, uevent: "MODALIAS=a:b", slaves: ["/devices/x"] },
	]);
	t.deepEqual(files, { "/etc/modprobe.d/c.conf": "" });
	t.true(lacks?.includes("/etc/modprobe.d/a.conf") && lacks.includes("/etc/modprobe.d/b.conf"));
});

test("names that lead out of the archive, nodes and fifos are passed over, and the last entry of a name counts", (t) => {
	const archive = tarArchive([
		{ name: "../../sys/devices/y/uevent", content: "MODALIAS=outside\n" },
		{ name: "sys/devices/../../etc/modprobe.d/evil.conf", content: "blacklist a\n" },
		{ name: "sys/devices/n/uevent", type: "4" },
		{ name: "sys/devices/n/modalias", type: "6" },
		{ name: "/sys/devices/x/uevent", content: "MODALIAS=first\n" },
		{ name: "./sys//devices/./x/uevent", content: "MODALIAS=last\n\0\0\0" },
		{ name: "sys/devices/h/uevent", type: "1", target: "sys/devices/x/uevent" },
	]);
	const { devices, files } = readTar(archive, captureFiles);
	t.deepEqual(devices, [
		{ devpath: "/devices/h", uevent: "MODALIAS=last" },
		{ devpath: "/devices/x", uevent: "MODALIAS=last" },
	]);
	t.deepEqual(files, {});
});

test("a whole machine's archive gives its configuration, the kernel's words and its indexes as well", async (t) => {
	const machine = plantSysfs();
	const modules = "lib/modules/6.1.0-56-amd64";
	const write = (path: string, text: string): void => {
		mkdirSync(join(machine, dirname(path)), { recursive: true });
		writeFileSync(join(machine, path), text);
	};
	cpSync(join(readMachine(), modules), join(machine, "usr", modules), { recursive: true });
	symlinkSync("usr/lib", join(machine, "lib"));
	write("proc/cmdline", "root=/dev/sda1 modprobe.blacklist=pcspkr\n");
	write("proc/modules", "");
	write("proc/version", "Linux version 6.1.0-56-amd64 (someone@somewhere) #1 SMP\n");
	write("etc/modprobe.d/local.conf", "# ours\nblacklist e1000\n");
	write("usr/lib/modprobe.d/distribution.conf", "options ahci a=1\n");
	symlinkSync("/usr/lib/modprobe.d/distribution.conf", join(machine, "etc/modprobe.d/linked.conf"));
	write("home/someone/secret", "not taken\n");
	write(`usr/${modules}/kernel/drivers/ata/ahci.ko.xz`, "no module\n");
	const capture = await readMade('tar czf "$out" -C "$root" .', machine);
	rmSync(machine, { recursive: true });
	t.is(capture.release, "6.1.0-56-amd64");
	t.deepEqual(Object.keys(capture.files), [
		...["/etc/modprobe.d/linked.conf", "/etc/modprobe.d/local.conf", "/proc/cmdline", "/proc/modules"],
		"/usr/lib/modprobe.d/distribution.conf",
	]);
	t.is(capture.files["/etc/modprobe.d/linked.conf"], "options ahci a=1\n");
	t.true(capture.files["/proc/modules"]?.startsWith("ahci "), "an empty /proc/modules is none, and /sys/module tells");
	t.is(capture.modules?.directory, `/${modules}`);
	const index = readFileSync(join(readMachine(), modules, "modules.alias.bin"));
	const { bytes, sha256, gzip = "" } = capture.modules!.files["modules.alias.bin"]!;
	t.is(bytes, index.length);
	t.is(sha256, captureFiles.sha256(index));
	t.true(captureFiles.gunzip(Buffer.from(gzip, "base64"), LIMIT).equals(index));
	t.false(JSON.stringify(capture).includes("secret"));
	t.true(capture.lacks?.includes("/run/modprobe.d") && !capture.lacks.includes("/etc/modprobe.d"));
});

test("a sosreport gives its devices by udevadm's output, and its files beside it", (t) => {
	const record = "P: /devices/x\nE: DEVPATH=/devices/x\nE: SUBSYSTEM=pci\nE: MODALIAS=pci:v1\n\n";
	const top = "sosreport-host-2026-11-28-abc";
	const capture = readTar(
		tarArchive([
			{ name: `${top}/sos_commands/devices/udevadm_info_--export-db`, content: record },
			{
				name: `${top}/sos_commands/kernel/uname_-a`,
				content: "Linux host 6.1.0-56-amd64 #1 SMP Debian x86_64 GNU/Linux\n",
			},
			{ name: `${top}/proc/cmdline`, content: "quiet\n" },
			{ name: `${top}/proc/modules`, content: "ext4 1 0 - Live 0xffffffffc03f4000\n" },
			{ name: `${top}/etc/modprobe.d/a.conf`, content: "blacklist a\n" },
		]),
		captureFiles,
	);
	t.deepEqual(capture.devices, [{ devpath: "/devices/x", subsystem: "pci", onBus: true, uevent: "MODALIAS=pci:v1" }]);
	t.is(capture.release, "6.1.0-56-amd64");
	t.is(capture.architecture, "x86_64");
	t.deepEqual(capture.files, {
		"/etc/modprobe.d/a.conf": "blacklist a\n",
		"/proc/cmdline": "quiet\n",
		"/proc/modules": "ext4 1 0 - Live 0x0000000000000000\n",
	});
	t.true(capture.lacks?.includes("devices.modalias") && capture.lacks.includes("modules"));
});

test("an archive of nothing, of other files, or with a file of /sys longer than a page may be, is refused or says so", (t) => {
	const refused = (archive: Buffer): string =>
		t.throws(() => readTar(archive, captureFiles), { instanceOf: UnreadableReport }).message;
	t.regex(refused(Buffer.alloc(10_240)), /without the devices/);
	t.regex(refused(tarArchive([{ name: "README", content: "hello" }])), /without the devices/);
	t.regex(
		refused(tarArchive([{ name: "sys/devices/x/uevent", content: "\0".repeat(4096) }])),
		/what made it did not read them/,
	);
	const uevent = { name: "sys/devices/x/uevent", content: "A=1\n" };
	const long = { name: "sys/devices/x/modalias", content: "a".repeat(65_537) };
	const { devices, lacks } = readTar(tarArchive([uevent, long]), captureFiles);
	t.deepEqual(devices, [{ devpath: "/devices/x", uevent: "A=1" }]);
	t.true(lacks?.includes("/sys/devices/x/modalias"));
});
