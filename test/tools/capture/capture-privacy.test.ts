// A capture of a machine that has something of its own in every file: none of it is in the capture, and the plan stays.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { Capture } from "../../../src/agent/capture/capture.js";
import { formatCapture } from "../../../src/agent/capture/capture-format.js";
import { maskCapture } from "../../../src/agent/taking/masked-capture.js";
import { thisMachine } from "../../../src/this-machine.js";
import { captureMachine } from "../../../src/tools/capture/capture-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { writeCapturedFolder } from "../../support/worlds/captured-folder.js";
import {
	listSpellings,
	planted,
	plantedFiles,
	TYPE_UUID,
	writePlantedMachine,
} from "../../support/worlds/planted-machine.js";
import { RELEASE } from "../../support/worlds/world.js";

const root = mkdtempSync(join(tmpdir(), "planted-"));
writePlantedMachine(root, thisMachine.rulesDirectory);
test.after.always(() => rmSync(root, { recursive: true, force: true }));

const given = {
	dirname: root,
	setVersion: undefined,
	sysfs: undefined,
	log: undefined,
	socket: undefined,
	withoutIndexes: false,
} as const;

const USB_DISK = "/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host4/target4:0:0/4:0:0:0/block/sdb";

const MASKED_COMMAND_LINE =
	"BOOT_IMAGE=/boot/vmlinuz-6.0.0 root=UUID=00000000-0000-4000-8000-000000000002 ro quiet e1000e.IntMode=2 " +
	"rd.luks.name=00000000-0000-4000-8000-000000000004=maskeddisk3 resume=/dev/maskeddisk2/swap " +
	"rd.lvm.lv=maskeddisk2/maskeddisk3 systemd.machine_id=00000000000040008000000000000003 " +
	"ip=10.0.0.2::10.0.0.1:255.255.255.0:maskedhost1:enx020000000001:off " +
	"BOOTIF=01-02-00-00-00-00-01 usbdisk=/dev/disk/by-id/maskedname3:0 " +
	"efi=PARTUUID=maskedname1 swap=LABEL=maskeddisk1 systemd.hostname=maskedhost1 " +
	"mask=dev-disk-by\\x2duuid-00000000\\x2d0000\\x2d4000\\x2d8000\\x2d000000000002.swap " +
	"netroot=maskedname2:@10.0.0.2::3260::iqn.2000-01.example:1 wwn=0x5000000000000002 " +
	"eui.5000000000000001 bare=020000000003\n";

/** The capture without the packed contents of indexes, in which nothing is replaced. */
const textOf = (text: string): string => text.replaceAll(/"gzip":"[^"]*"/g, "");

test("nothing of the machine's own is in its capture, in any spelling", async (t) => {
	const { stdout, stderr, status } = await ourTool("hotplugd", "capture", "-d", root);
	t.is(stderr, "");
	t.is(status, 0);
	const text = textOf(stdout).toLowerCase();
	for (const [name, value] of Object.entries(planted))
		for (const spelling of listSpellings(value))
			t.false(text.includes(spelling.toLowerCase()), `${name}: ${spelling} at ${around(text, spelling.toLowerCase())}`);
});

const around = (text: string, word: string): string => {
	const at = text.indexOf(word);
	return at < 0 ? "" : text.slice(Math.max(0, at - 60), at + 60);
};

test("unmasked, everything that is taken is as it is", async (t) => {
	const { stdout } = await ourTool("hotplugd", "capture", "--unmasked", "-d", root);
	const capture: Capture = JSON.parse(stdout);
	t.false(capture.masked);
	t.is(capture.files["/proc/cmdline"], plantedFiles["proc/cmdline"]);
	t.true(stdout.includes(planted.vmbusUuid));
	t.false(stdout.includes(planted.partition), "a key that decides nothing is not taken");
	t.true(capture.files["/etc/modprobe.d/ottokar.conf"]?.includes(`disk=${planted.diskSerial}`));
	t.deepEqual(capture.log?.length, 3, "records that tell nothing of modules are not taken");
	t.deepEqual(capture.modules?.package, { name: "linux-image-6.0.0", version: "6.0.0-1" });
	t.deepEqual(capture.modules?.missing, undefined);
	t.deepEqual(capture.drivers, [{ module: "e1000e", bus: "pci", name: "e1000e" }]);
	t.deepEqual(capture.mounts, [
		{ at: "/", fileSystem: "ext4", devices: ["/devices/virtual/block/dm-0"] },
		{ at: "/usr", fileSystem: "btrfs", devices: [`${USB_DISK}/sdb1`] },
	]);
});

/** Files that have nothing but words of the kernel's: no value of the machine's own can stand in them. */
const OF_THE_KERNEL: readonly RegExp[] = [
	/^\/proc\/(?:modules|crypto|sys\/kernel\/(?:modules_disabled|osrelease|arch))$/,
	/^\/sys\/(?:kernel\/security\/lockdown|module\/compression|module\/module\/parameters\/sig_enforce)$/,
	/^\/lib\/modules\//,
	/^\/var\/lib\/dpkg\//,
];

test("every file that is read has something of the machine's own", async (t) => {
	const read = new Set<string>();
	await captureMachine(given, {
		...thisMachine,
		async kernel(options) {
			const kernel = await thisMachine.kernel(options);
			return {
				...kernel,
				read(path, bound) {
					const content = kernel.read(path, bound);
					if (content !== undefined) read.add(path.slice(root.length));
					return content;
				},
			};
		},
	});
	t.true(read.size > 20);
	const empty = [...read].filter((path) => {
		const content = readFileSync(root + path, "latin1").toLowerCase() + path.toLowerCase();
		const isPlanted = Object.values(planted).some((value) =>
			listSpellings(value).some((spelling) => content.includes(spelling.toLowerCase())),
		);
		return !isPlanted && !OF_THE_KERNEL.some((some) => some.test(path));
	});
	t.deepEqual(empty, []);
});

test("the same value has the same placeholder everywhere, and what names a type stays", async (t) => {
	const { capture, rules } = await captureMachine(given, thisMachine);
	const masked = maskCapture(capture, rules);
	t.is(masked.maskText(planted.rootUuid), "00000000-0000-4000-8000-000000000002");
	const { files } = masked.capture;
	t.is(files["/proc/cmdline"], MASKED_COMMAND_LINE);
	t.is(
		files["/etc/modprobe.d/alpha.conf.maskeduser2.conf"],
		[
			"options e1000e name=maskeduser2 peer=02:00:00:00:00:01 \\",
			"\tfirmware=/home/maskeduser2/fw.bin disk=maskedserial2",
			"install usb-storage /home/maskeduser1/bin/load maskedhost1; /sbin/modprobe --ignore-install usb-storage",
			"options usb-storage quirks=0781:5581:u",
			"",
		].join("\n"),
	);
	t.is(files["/etc/modprobe.d/alpha.conf"], "\n\noptions e1000e IntMode=1\nblacklist e1000\n");
	t.is(files["/etc/modules-load.d/modules.conf"], "\n\nkorn_dock\n");
	t.is(files["/etc/hotplugd.toml"], 'run_directory = "/run/hotplugd-maskedhost1" \n');
	const devpaths = masked.capture.devices.map(({ devpath }) => devpath);
	t.true(devpaths.some((devpath) => devpath.endsWith(`/${TYPE_UUID}`)));
	t.true(devpaths.includes("/devices/LNXSYSTM:00/VMBUS:00/00000000-0000-4000-8000-000000000001"));
	t.true(devpaths.includes("/devices/pci0000:00/0000:00:19.0/net/enx020000000001"));
	const dock = masked.capture.devices.find(({ devpath }) => devpath.endsWith("dock.0"));
	t.is(dock?.uevent, "MODALIAS=dock:korn\nHID_UNIQ=maskedserial1\nOWNER=maskeduser2 # no comment");
	t.deepEqual(
		masked.capture.log?.map(({ text }) => text),
		[
			"e1000e: unknown parameter 'maskeduser2' ignored",
			"e1000e 0000:00:19.0: Direct firmware load for /home/maskeduser2/maskedserial2.bin failed with error -2",
			"e1000e 0000:00:19.0: deferred probe pending: waits for 02:00:00:00:00:01 of maskedhost1",
		],
	);
	t.is(masked.capture.release, RELEASE);
});

/** What a command prints of the machine in a folder, without the folder. */
async function askAbout(folder: string, tool: string, ...words: readonly string[]): Promise<string> {
	const { stdout, stderr } = await ourTool(tool, ...words, "-d", folder, "-S", RELEASE);
	return `${stdout}${stderr}`.replaceAll(folder, "");
}

test("the plan of the masked capture is the plan of the machine after the same replacement", async (t) => {
	const { capture, rules } = await captureMachine(given, thisMachine);
	const masked = maskCapture(capture, rules);
	const folder = mkdtempSync(join(tmpdir(), "masked-"));
	try {
		writeCapturedFolder(folder, masked.capture);
		const calls: readonly (readonly [string, ...string[]])[] = [
			["coldplug", "-n", "--json"],
			["hotplugd", "explain", "--json", "e1000e", "usb-storage", "e1000", "korn_dock", "sg"],
			["hotplugd", "check", "--json"],
		];
		for (const [tool, ...words] of calls) {
			const live = await askAbout(root, tool, ...words);
			const told = await askAbout(folder, tool, ...words);
			t.true(live.length > 100, live);
			t.is(told, masked.maskText(live), words.join(" "));
		}
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});

test("so is the plan that --machine gives of it, masked or not", async (t) => {
	const { capture, rules } = await captureMachine(given, thisMachine);
	const masked = maskCapture(capture, rules);
	const live = await askAbout(root, "coldplug", "-n", "--json");
	const folder = mkdtempSync(join(tmpdir(), "captures-"));
	try {
		for (const [told, expected] of [
			[capture, live],
			[masked.capture, masked.maskText(live)],
		] as const) {
			writeFileSync(join(folder, "machine.json"), formatCapture(told), "latin1");
			const file = join(folder, "machine.json");
			const { stdout, stderr } = await ourTool("coldplug", "-n", "--json", "--cold", "--machine", file);
			t.is(`${stdout}${stderr}`, expected);
		}
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
