import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import type { BootVerdict } from "../../../src/agent/initramfs/boot-need.js";
import { bootStatus, formatBoot } from "../../../src/agent/initramfs/boot-text.js";
import { judgeBoot } from "../../../src/agent/initramfs/judge-boot.js";
import { type BootSketch, captureOf, type Disk } from "../../support/worlds/boot-captures.js";
import { bootModules, imageOf, pathInImage, without, writeBootWorld } from "../../support/worlds/boot-world.js";
import { type Random, seededRandom } from "../../support/worlds/random-numbers.js";

const world = writeBootWorld();

async function judge(
	capture: Capture,
	files: ReadonlyMap<string, Buffer>,
	rest: { release?: string; knowledge?: undefined } = {},
): Promise<BootVerdict> {
	return judgeBoot({ capture, knowledge: world.knowledge, image: await imageOf(files), ...rest });
}

const first = async (sketch: BootSketch, files: ReadonlyMap<string, Buffer>): Promise<string> =>
	formatBoot(await judge(captureOf(sketch), files))[0]!;

const encrypted: BootSketch = { disks: ["nvme"], luks: true, lvm: "linear", fileSystem: "ext4", keyboards: ["ps2"] };

const withFile = (path: string, text: string): ReadonlyMap<string, Buffer> =>
	new Map([...world.files, [path, Buffer.from(text)]]);

test("an image with all modules has every driver", async (t) => {
	const verdict = await judge(captureOf(encrypted), world.files);
	t.is(formatBoot(verdict)[0], "IMAGE has every driver on the way to /");
	t.is(bootStatus(verdict), 0);
	t.deepEqual(verdict.remarks, []);
	const told = verdict.needs.map(({ need, name, verdict: { is } }) => `${need} ${name}: ${is}`);
	t.deepEqual(told, [
		"driver pcieport: built in",
		"driver nvme: in the image",
		"mapping dm_mod: in the image",
		"mapping dm_crypt: in the image",
		"algorithm xts(aes): in the image",
		"keyboard i8042: in the image",
		"keyboard atkbd: in the image",
		"file system ext4: in the image",
		"algorithm crc32c: in the image",
	]);
});

test("a disk without its driver is told with its way", async (t) => {
	t.is(
		await first(encrypted, without(world.files, "nvme")),
		"the boot with IMAGE will not find its root disk: nvme is not in it (/devices/pci0000:00/0000:00:01.0/0000:01:01.0: /dev/nvme1n1p1 <- dm-0 <- dm-2 <- /)",
	);
});

test("a driver without a module that it needs is told, though the image's own depmod does not know of it", async (t) => {
	const { nvme_core: _, ...others } = bootModules;
	const own = writeBootWorld(others);
	t.deepEqual(own.knowledge.file("nvme")?.dependencies, []);
	const line = await first(encrypted, own.files);
	t.regex(line, /^the boot with IMAGE will not find its root disk: nvme_core, which nvme needs, is not in it \(/);
});

test("LUKS without dm_crypt is told", async (t) => {
	t.is(
		await first(encrypted, without(world.files, "dm_crypt")),
		"the boot with IMAGE will not find its root disk: dm_crypt is not in it (/devices/virtual/block/dm-0: dm-0 <- dm-2 <- /)",
	);
});

test("LUKS without its cipher is told, and another implementation of the cipher will do", async (t) => {
	t.is(
		await first(encrypted, without(world.files, "aesni_intel", "xts")),
		"the boot with IMAGE will not open dm-0: aesni_intel, for xts(aes), is not in it (/devices/virtual/block/dm-0: dm-0 <- dm-2 <- /)",
	);
	t.is(await first(encrypted, without(world.files, "aesni_intel")), "IMAGE has every driver on the way to /");
});

test("a cipher that the machine has put together from others needs each of them", async (t) => {
	const whole = captureOf(encrypted);
	const paragraph = (name: string, driver: string, module: string) =>
		`name : ${name}\ndriver : ${driver}\nmodule : ${module}\nrefcnt : 2\ntype : skcipher\n\n`;
	const crypto = [
		paragraph("xts(aes)", "xts(ecb(aes-generic))", "xts"),
		paragraph("ecb(aes)", "ecb(aes-generic)", "ecb"),
		paragraph("aes", "aes-generic", "aes_generic").replace("skcipher", "cipher"),
	];
	const capture = { ...whole, files: { ...whole.files, "/proc/crypto": crypto.join("") } };
	t.is(bootStatus(await judge(capture, world.files)), 0);
	t.is(bootStatus(await judge(capture, without(world.files, "aesni_intel"))), 0);
	const told = formatBoot(await judge(capture, without(world.files, "aesni_intel", "aes_generic")));
	t.regex(told[0]!, /^the boot with IMAGE will not open dm-0: aes_generic, for xts\(aes\), is not in it/);
	t.is(bootStatus(await judge(capture, without(world.files, "xts"))), 3);
});

test("an image that opens the disk by a key asks for no keyboard", async (t) => {
	const lacking = without(world.files, "atkbd");
	const withKey = (line: string) => new Map([...lacking, ["cryptroot/crypttab", Buffer.from(line)]]);
	t.is(bootStatus(await judge(captureOf(encrypted), withKey("root UUID=1 none luks\n"))), 3);
	const verdict = await judge(captureOf(encrypted), withKey("root UUID=1 /cryptroot/keyfiles/root.key luks\n"));
	t.is(bootStatus(verdict), 0);
	t.deepEqual(verdict.remarks, ["the image's crypttab names another key than a passphrase: no keyboard was asked for"]);
});

test("of several paths to a disk one suffices", async (t) => {
	const whole = captureOf({ disks: ["sata", "usb"], fileSystem: "ext4" });
	const paths = whole.mounts?.[0]?.devices ?? [];
	const mapped = { devpath: "/devices/virtual/block/dm-0", subsystem: "block", dmKind: "mpath", slaves: paths };
	const files = {
		...whole.files,
		"/proc/modules": `${whole.files["/proc/modules"]}dm_mod 1 1 - Live 0x0\ndm_multipath 1 1 - Live 0x0\n`,
	};
	const mounts = [{ at: "/", fileSystem: "ext4", devices: [mapped.devpath] }];
	const capture: Capture = { ...whole, files, mounts, devices: [...whole.devices, mapped] };
	for (const [lacking, status] of [
		[[], 0],
		[["ahci"], 0],
		[["usb_storage"], 0],
		[["ahci", "usb_storage"], 3],
		[["dm_multipath"], 3],
	] as const)
		t.is(bootStatus(await judge(capture, without(world.files, ...lacking))), status, lacking.join());
});

test("a disk of an NVMe subsystem is followed to its controllers", async (t) => {
	const whole = captureOf({ disks: ["nvme"], fileSystem: "ext4" });
	const disk = "/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1";
	const controller = "/devices/pci0000:00/0000:00:01.0/0000:01:01.0/nvme/nvme3/nvme0c3n1";
	const capture: Capture = {
		...whole,
		devices: [...whole.devices, { devpath: disk, subsystem: "block" }, { devpath: controller, subsystem: "block" }],
		mounts: [{ at: "/", fileSystem: "ext4", devices: [disk] }],
	};
	t.is(bootStatus(await judge(capture, world.files)), 0);
	t.is(bootStatus(await judge(capture, without(world.files, "nvme_core"))), 3);
});

test("LUKS without any keyboard is told, and one of several suffices", async (t) => {
	const line = await first(encrypted, without(world.files, "atkbd"));
	t.regex(line, /^the boot with IMAGE will not hear the passphrase for dm-0: atkbd is not in it \(\/devices\/platform/);
	const two: BootSketch = { ...encrypted, keyboards: ["ps2", "usb"] };
	t.is(await first(two, without(world.files, "atkbd")), "IMAGE has every driver on the way to /");
	t.is(await first(two, without(world.files, "hid_generic")), "IMAGE has every driver on the way to /");
	const none = await judge(captureOf(two), without(world.files, "atkbd", "usbhid"));
	t.deepEqual(
		none.needs.filter(({ verdict }) => verdict.is === "missing").map(({ name }) => name),
		["atkbd", "usbhid"],
	);
	t.is(
		await first({ ...two, luks: false }, without(world.files, "atkbd", "usbhid")),
		"IMAGE has every driver on the way to /",
	);
});

test("a file system without its module or its checksum is told", async (t) => {
	const plain: BootSketch = { disks: ["sata"], fileSystem: "ext4" };
	t.is(await first(plain, without(world.files, "ext4")), "the boot with IMAGE will not mount /: ext4 is not in it (/)");
	t.is(
		await first(plain, without(world.files, "crc32c_intel", "crc32c_generic")),
		"the boot with IMAGE will not mount /: crc32c_intel, for crc32c, is not in it (/)",
	);
	t.is(await first(plain, without(world.files, "crc32c_intel")), "IMAGE has every driver on the way to /");
});

test("of several checksums those count that are in use, by any line softdep", async (t) => {
	const plain: BootSketch = { disks: ["sata"], fileSystem: "btrfs" };
	const lacking = without(world.files, "xxhash_generic", "sha256_generic", "blake2b_generic");
	t.is(await first(plain, lacking), "IMAGE has every driver on the way to /");
	for (const [name, module] of [
		["sha256", "sha256_generic"],
		["xxhash64", "xxhash_generic"],
		["blake2b-256", "blake2b_generic"],
	] as const)
		t.is(
			await first({ ...plain, checksums: [name] }, lacking),
			`the boot with IMAGE will not mount /: ${module}, for ${name}, is not in it (/)`,
		);
});

test("md without its personality is told", async (t) => {
	const line = await first(
		{ disks: ["sata", "nvme"], raid: "raid5", fileSystem: "ext4" },
		without(world.files, "raid456"),
	);
	t.is(
		line,
		"the boot with IMAGE will not find its root disk: raid456 is not in it (/devices/virtual/block/md0: /dev/md0 <- /)",
	);
});

test("a thin volume without its target is told, and a linear one needs none though the target is in use", async (t) => {
	const thin: BootSketch = { disks: ["sata"], lvm: "thin", fileSystem: "ext4" };
	t.regex(await first(thin, without(world.files, "dm_thin_pool")), /: dm_thin_pool is not in it \(.*dm-2 <- \/\)$/);
	const capture = captureOf({ ...thin, lvm: "linear" });
	const files = { ...capture.files, "/proc/modules": `${capture.files["/proc/modules"]}dm_thin_pool 1 3 - Live 0x0\n` };
	t.is(bootStatus(await judge({ ...capture, files }, without(world.files, "dm_thin_pool"))), 0);
});

test("the personality of a volume in LVM's RAID is told", async (t) => {
	const whole = captureOf({ disks: ["sata"], lvm: "thin", fileSystem: "ext4" });
	const devices = whole.devices.map((one) => (one.devpath.endsWith("dm-2") ? { ...one, dmTargets: ["raid"] } : one));
	const modules = `${whole.files["/proc/modules"]}dm_raid 1 1 - Live 0x0\nraid1 1 1 - Live 0x0\nraid456 1 0 - Live 0x0\n`;
	const capture = { ...whole, devices, files: { ...whole.files, "/proc/modules": modules } };
	t.is(bootStatus(await judge(capture, without(world.files, "raid456"))), 0);
	t.is(bootStatus(await judge(capture, without(world.files, "dm_raid"))), 3);
	t.is(bootStatus(await judge(capture, without(world.files, "raid1"))), 3);
});

test("a keyboard with a driver of its own is served by hid_generic too", async (t) => {
	const whole = captureOf({ ...encrypted, keyboards: ["usb"] });
	const isKeyboard = (devpath: string) => devpath.endsWith("/0003:046D:C31C.0001");
	const own = { driver: "apple", driverModule: "hid_apple", modalias: "hid:b0003g0001v000005ACp00000250" };
	const devices = whole.devices.map((one) => (isKeyboard(one.devpath) ? { ...one, ...own } : one));
	const modules = `${whole.files["/proc/modules"]}hid_apple 1 1 - Live 0x0\n`;
	const capture = { ...whole, devices, files: { ...whole.files, "/proc/modules": modules } };
	t.is(bootStatus(await judge(capture, world.files)), 0);
	t.is(bootStatus(await judge(capture, without(world.files, "hid_apple"))), 0);
	t.is(bootStatus(await judge(capture, without(world.files, "hid_apple", "hid_generic"))), 3);
});

test("a disk that lies on something unknown leaves the answer open", async (t) => {
	const whole = captureOf(encrypted);
	const devices = [...whole.devices, { devpath: "/devices/virtual/block/loop0", subsystem: "block" }];
	const mounts = [{ at: "/", fileSystem: "ext4", devices: ["/devices/virtual/block/loop0"] }];
	const verdict = await judge({ ...whole, devices, mounts }, world.files);
	t.is(bootStatus(verdict), 1);
	t.is(
		formatBoot(verdict)[0],
		"whether the boot with IMAGE finds its root disk cannot be told: what /dev/loop0 lies on is not known",
	);
});

test("a file that is elsewhere than the indexes say is of no use", async (t) => {
	const moved = new Map([
		...without(world.files, "nvme_core"),
		[`usr/lib/modules/6.0.0/nvme_core.ko`, world.files.get(pathInImage("nvme_core"))!],
	]);
	t.regex(
		await first(encrypted, moved),
		/: its indexes do not lead to nvme_core, whose file \/usr\/lib\/modules\/6\.0\.0\/nvme_core\.ko is there \(/,
	);
});

test("a driver that the image blacklists is told with the line, unless the image loads it by name", async (t) => {
	const line = "# comment\nblacklist nvme\n";
	const blacklisted = withFile("etc/modprobe.d/mine.conf", line);
	t.regex(await first(encrypted, blacklisted), /: nvme is blacklisted in it at \/etc\/modprobe\.d\/mine\.conf:2 \(/);
	const named = new Map([...blacklisted, ["conf/modules", Buffer.from("# those\nnvme\n")]]);
	t.is(await first(encrypted, named), "IMAGE has every driver on the way to /");
});

test("a driver that the image replaces by a command that loads nothing is told with the line", async (t) => {
	const replaced = withFile("usr/lib/modprobe.d/mine.conf", "install nvme_core /bin/false\n");
	t.regex(
		await first(encrypted, replaced),
		/: nvme_core, which nvme needs, is replaced in it by a command that loads nothing, at \/usr\/lib\/modprobe\.d\/mine\.conf:1 \(/,
	);
});

test("a module whose file is there without an entry in the indexes is told", async (t) => {
	const { nvme: _, ...others } = bootModules;
	const stale = new Map([
		...writeBootWorld(others).files,
		[pathInImage("nvme"), world.files.get(pathInImage("nvme"))!],
	]);
	t.regex(
		await first(encrypted, stale),
		/: its indexes do not lead to nvme, whose file \/usr\/lib\/modules\/6\.0\.0\/kernel\/nvme\.ko is there \(/,
	);
});

test("an image without indexes is judged by those of the machine, for the files that it has", async (t) => {
	const bare = new Map([...world.files].filter(([path]) => path.endsWith(".ko")));
	const verdict = await judge(captureOf(encrypted), bare);
	t.is(bootStatus(verdict), 0);
	t.deepEqual(verdict.remarks, [
		"the image has no indexes of depmod: aliases were looked up in the machine's, and files in the image",
	]);
	t.regex(await first(encrypted, without(bare, "nvme_core")), /: nvme_core, which nvme needs, is not in it/);
});

test("modules that lie in no directory of a release count, as booster has them", async (t) => {
	const flat = new Map(
		[...world.files]
			.filter(([path]) => path.endsWith(".ko"))
			.map(([path, content]) => [`usr/lib/modules/${path.replace(/.*\//, "")}`, content] as const),
	);
	t.is(bootStatus(await judge(captureOf(encrypted), flat)), 0);
	const booster = new Map([
		...flat,
		["etc/booster.init.yaml", Buffer.from("kernel: 5.0.0\nmodulesforceload:\n  - nvme\n")],
	]);
	const verdict = await judge(captureOf(encrypted), booster);
	t.is(verdict.release, "5.0.0");
});

test("an image of another kernel is judged by its own indexes, and refused where a release is asked for that it has not", async (t) => {
	const capture = { ...captureOf(encrypted), release: "5.9.0" };
	const other = await judge(capture, world.files);
	t.is(bootStatus(other), 0);
	t.deepEqual(other.remarks, [
		"the image has the modules of 6.0.0, and the machine runs 5.9.0: the answer is about a boot of 6.0.0",
	]);
	t.is(bootStatus(await judge(capture, without(world.files, "nvme"))), 3);
	const unfit = await judge(capture, world.files, { release: "5.9.0" });
	t.regex(
		formatBoot(unfit)[0]!,
		/will not find its root disk: its modules are of the kernel 6\.0\.0, and nvme is of another \(/,
	);
});

test("a driver that another kernel has in its place is told by its name", async (t) => {
	const { ahci: _, ...others } = bootModules;
	const renamed = { ...others, ahci_new: { modinfo: ["alias=pci:v*d*sv*sd*bc01sc06i01*"] } };
	const capture = { ...captureOf({ disks: ["sata"], fileSystem: "ext4" }), release: "5.9.0" };
	const verdict = await judge(capture, writeBootWorld(renamed).files);
	const need = verdict.needs.find(({ name }) => name === "ahci");
	t.like(need?.verdict, { is: "in the image", module: "ahci_new", insteadOf: "ahci" });
});

test("a capture without indexes is judged by those of the image", async (t) => {
	const image = await imageOf(without(world.files, "nvme"));
	const verdict = judgeBoot({ capture: captureOf(encrypted), knowledge: undefined, image });
	t.is(bootStatus(verdict), 3);
	t.true(verdict.remarks.some((remark) => remark.startsWith("the indexes of the machine's kernel are not there")));
});

test("a capture that does not tell drivers is judged by aliases", async (t) => {
	const whole = captureOf({ disks: ["usb"], fileSystem: "ext4" });
	const devices = whole.devices.map(({ driver: _, driverModule: __, ...rest }) => rest);
	const capture: Capture = { ...whole, devices, lacks: ["devices.driver"] };
	t.is(bootStatus(await judge(capture, world.files)), 0);
	for (const module of ["xhci_pci", "usb_storage", "sd_mod", "scsi_mod"])
		t.is(bootStatus(await judge(capture, without(world.files, module))), 3, module);
});

test("where the way cannot be followed, that is said, and the status is 1", async (t) => {
	const { mounts: _, ...unknown } = captureOf(encrypted);
	const none = await judge(unknown, world.files);
	t.is(bootStatus(none), 1);
	t.is(
		formatBoot(none)[0],
		"whether the boot with IMAGE finds its root disk cannot be told: the machine does not tell what is mounted at /",
	);
	const lost = await judge({ ...unknown, mounts: [{ at: "/", fileSystem: "zfs", devices: [] }] }, world.files);
	t.is(bootStatus(lost), 1);
});

/** Every module that a need of the verdict has in the image, with all that it needs. */
const neededFiles = ({ needs }: BootVerdict): ReadonlySet<string> =>
	new Set(
		needs.flatMap(({ verdict, need }) =>
			// Of algorithms and keyboards another will do.
			verdict.is === "in the image" && need !== "algorithm" && need !== "keyboard"
				? [verdict.module, ...(world.knowledge.file(verdict.module)?.dependencies ?? [])]
				: [],
		),
	);

const randomSketch = (random: Random): BootSketch => {
	const disks = Array.from({ length: 1 + random.below(3) }, () => random.pick<Disk>(["nvme", "sata", "usb", "virtio"]));
	return {
		disks,
		raid: disks.length > 1 ? random.pick(["raid1", "raid5", undefined] as const) : undefined,
		luks: random.below(2) === 0,
		lvm: random.pick(["linear", "thin", undefined] as const),
		fileSystem: random.pick(["ext4", "btrfs"] as const),
		keyboards: random.pick([["ps2"], ["usb"], ["ps2", "usb"], []] as const),
		checksums: random.pick([[], ["sha256"], ["xxhash64"]] as const),
	};
};

test("an image with all modules lacks nothing, and each needed file that is taken out is told", async (t) => {
	const random = seededRandom(t);
	for (let round = 0; round < 8; round++) {
		const sketch = randomSketch(random);
		const capture = captureOf(sketch);
		const whole = await judge(capture, world.files);
		t.is(bootStatus(whole), 0, JSON.stringify(sketch));
		const needed = neededFiles(whole);
		t.true(needed.size > 3);
		for (const module of needed) {
			const verdict = await judge(capture, without(world.files, module));
			const told = verdict.needs.flatMap(({ verdict: one }) =>
				one.is === "missing" ? [("of" in one ? one.of : undefined) ?? one.module] : [],
			);
			t.true(told.includes(module), `${module} of ${JSON.stringify(sketch)}: ${told}`);
			t.is(bootStatus(verdict), 3);
		}
		for (const module of Object.keys(bootModules).filter((one) => !needed.has(one)))
			if (!/aes|xts|crc32c|_generic|kbd|hid|serio|8042|usb|xhci/.test(module))
				t.is(bootStatus(await judge(capture, without(world.files, module))), 0, `${module} is not needed`);
	}
});
