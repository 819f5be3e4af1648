import test from "ava";
import { filesOfImage } from "../../../src/agent/initramfs/image-files.js";
import { listNamedModules, parseNamedModules } from "../../../src/agent/initramfs/named-modules.js";
import { imageOf } from "../../support/worlds/boot-world.js";

const names = (file: string, text: string): readonly string[] =>
	parseNamedModules(file, text).map(({ name, source }) => `${name}:${source.line}`);

test("conf/modules of initramfs-tools has a name and parameters on each line", (t) => {
	t.deepEqual(names("/conf/modules", "# those\nnvme\n\nusbhid quirks=0x1\n"), ["nvme:2", "usbhid:4"]);
});

test("cmdline.d of dracut has words of a kernel command line", (t) => {
	t.deepEqual(names("/etc/cmdline.d/20.conf", "rd.luks=0 rd.driver.pre=nvme,ahci\nroot=/dev/sda\n"), [
		"nvme:1",
		"ahci:1",
	]);
});

test("/config of mkinitcpio has a list of the shell's", (t) => {
	t.deepEqual(names("/config", 'EARLYHOOKS="udev"\nMODULES="vmd nvme"\n'), ["vmd:2", "nvme:2"]);
	t.deepEqual(names("/config", "MODULES=(btrfs)\n"), ["btrfs:1"]);
});

test("booster.init.yaml of booster has a list of YAML", (t) => {
	const text = "kernel: 6.1.0\nmodulesforceload:\n- nvme\n- usbhid\nbuiltinmodules:\n- pcieport\n";
	t.deepEqual(names("/etc/booster.init.yaml", text), ["nvme:3", "usbhid:4"]);
});

test("all lists of an image count, by the normalised names", async (t) => {
	const files = new Map([
		["conf/modules", "xhci-pci\n"],
		["usr/lib/modules-load.d/a.conf", "dm-crypt\n"],
		["etc/cmdline.d/b.conf", "rd.driver.pre=vmd\n"],
	]);
	const image = await imageOf(new Map([...files].map(([path, text]) => [path, Buffer.from(text)])));
	t.deepEqual(
		[...listNamedModules(filesOfImage(image.tree))],
		[
			["xhci_pci", { file: "/conf/modules", line: 1 }],
			["dm_crypt", { file: "/usr/lib/modules-load.d/a.conf", line: 1 }],
			["vmd", { file: "/etc/cmdline.d/b.conf", line: 1 }],
		],
	);
});
