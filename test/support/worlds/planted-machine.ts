// A machine whose files have serials, addresses, UUIDs and the names of its host, its disks and its users in every place where a
// machine may have them. All values are made up.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { RELEASE, type World, worldFiles } from "./world.js";

/** Values that no capture may have, in any spelling. */
export const planted = {
	host: "gundula",
	domain: "kornfeld.example",
	user: "ottokar",
	fullName: "Ottokar Wunderlich",
	group: "speicher-vg",
	volume: "wurzel",
	label: "KORNDISK",
	partition: "Weizenplatte",
	btrfs: "haferflocken",
	diskSerial: "S4EWNX0N123456",
	usbSerial: "4C530001230415",
	productSerial: "PF2ABCDE",
	boardSerial: "L1HF0A1B2C3",
	assetTag: "INV-77-0815",
	wwid: "Z4YABC12XX",
	phone: "kopfhoerer-7731",
	mac: "00:1b:21:aa:bb:cc",
	otherMac: "3c:97:0e:12:34:56",
	bareMac: "a0c589f00d42",
	rootUuid: "2f6f4c0a-7b1d-4e5c-9a8b-1c2d3e4f5a6b",
	luksUuid: "91aa5b77-0d3e-4c11-8f6e-77d2c3b4a596",
	machineId: "8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b3a",
	fatUuid: "7C4E-19AB",
	vmbusUuid: "000d3a6c-f0d2-000d-3a6c-f0d2000d3a6c",
	wwn: "0x5000c500a1b2c3d4",
	eui: "0025385b71b0a2f1",
	lvmUuid: "Wq3mWmKZVdQXWV1SbTIsWzX5Mpp0bM2xYd0rMzS5Cnw0L0aJyT9c2kqfVh8pQ1aB",
	iqn: "iqn.2011-07.example.kornfeld:gundula.disk1",
	address: "198.18.77.42",
} as const;

/** A UUID that names a type, and stays: the alias of a device has it. */
export const TYPE_UUID = "05901221-D566-11D1-B2F0-00A0C9062910";
const MEI_UUID = "55213584-9a29-4916-badf-0fb7ed682aeb";

const world: World = {
	modules: {
		e1000e: ["ptp"],
		ptp: ["pps-core"],
		"pps-core": [],
		"usb-storage": [],
		thinkpad_acpi: [],
		mei_hdcp: [],
		hv_netvsc: [],
		btusb: [],
		e1000: [],
		korn_dock: [],
		sg: [],
	},
	aliases: {
		"pci:v00008086d000010D3*": ["e1000e", "e1000"],
		"usb:v0781p5581*": "usb-storage",
		"usb:v8087p0AAA*": "btusb",
		[`wmi:${TYPE_UUID}`]: "thinkpad_acpi",
		[`mei:*:${MEI_UUID}:*:*`]: "mei_hdcp",
		"vmbus:635161f83edfc546913ff2d2f965ed0e": "hv_netvsc",
		"dock:*": "korn_dock",
	},
};

const device = (path: string): string => `sys/devices/${path}`;
const PCI = device("pci0000:00/0000:00:19.0");
const NET = `${PCI}/net/enx001b21aabbcc`;
const USB = device("pci0000:00/0000:00:14.0/usb1/1-2");
const DISK = `${USB}/1-2:1.0/host4/target4:0:0/4:0:0:0/block/sdb`;
const WMI = device(`platform/PNP0C14:00/wmi_bus/wmi_bus-PNP0C14:00/${TYPE_UUID}`);
const MEI = device(`pci0000:00/0000:00:16.0/0000:00:16.0-${MEI_UUID}`);
const VMBUS = device(`LNXSYSTM:00/VMBUS:00/${planted.vmbusUuid}`);
const DOCK = device("platform/dock.0");
const MAPPER = device("virtual/block/dm-0");
const MAC_DOTTED = "001b.21aa.bbcc";

/** By path below the root. */
export const plantedFiles: Readonly<Record<string, string>> = {
	"etc/hostname": `${planted.host}\n`,
	"etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${planted.host}.${planted.domain} ${planted.host}\n`,
	"etc/passwd": [
		"root:x:0:0:root:/root:/bin/sh",
		`${planted.user}:x:1000:1000:${planted.fullName},,,:/home/${planted.user}:/bin/sh`,
		"e1000:x:1001:1001::/home/e1000:/bin/sh",
		"nobody:x:65534:65534:nobody:/nonexistent:/bin/false",
		"",
	].join("\n"),
	"etc/modprobe.d/alpha.conf": [
		`# ${planted.fullName} wrote this on ${planted.host}, \\`,
		`and goes on here: ${planted.productSerial}`,
		"options e1000e IntMode=1",
		"blacklist e1000",
		"",
	].join("\n"),
	[`etc/modprobe.d/${planted.user}.conf`]: [
		`options e1000e name=${planted.user.toUpperCase()} peer=${planted.mac.toUpperCase()} \\`,
		`\tfirmware=/home/${planted.user}/fw.bin disk=${planted.diskSerial}`,
		`install usb-storage /home/e1000/bin/load ${planted.host}; /sbin/modprobe --ignore-install usb-storage`,
		"options usb-storage quirks=0781:5581:u",
		"",
	].join("\n"),
	"etc/modprobe.d/zebra.conf": `options e1000e Last=1 host=${planted.host}\nsoftdep e1000e pre: sg\n`,
	"etc/modules-load.d/modules.conf": `# ${planted.user}\n; ${planted.host}\nkorn_dock\n`,
	[`etc/modules-load.d/${planted.host}.conf`]: "sg\n",
	"etc/hotplugd.toml": `run_directory = "/run/hotplugd-${planted.host}" # ${planted.user} likes it so\n`,
	[`etc/hotplugd/rules.d/${planted.host}.toml`]: [
		`# For ${planted.fullName}`,
		"[[load]]",
		`property = { HID_UNIQ = "${planted.phone}", OWNER = "${planted.user} # no comment" }`,
		'load = "korn_dock"',
		"",
		"[[deny]]",
		'devpath = "*/enx*"',
		`property = { NAMED = "${planted.otherMac}" }`,
		'module = "sg"',
		"",
	].join("\n"),
	"proc/cmdline":
		`BOOT_IMAGE=/boot/vmlinuz-${RELEASE} root=UUID=${planted.rootUuid} ro quiet e1000e.IntMode=2 ` +
		`rd.luks.name=${planted.luksUuid}=${planted.volume} resume=/dev/${planted.group}/swap ` +
		`rd.lvm.lv=${planted.group}/${planted.volume} systemd.machine_id=${planted.machineId} ` +
		`ip=${planted.address}::198.18.77.1:255.255.255.0:${planted.host}:enx001b21aabbcc:off ` +
		`BOOTIF=01-${planted.mac.replaceAll(":", "-")} usbdisk=/dev/disk/by-id/usb-SanDisk_${planted.usbSerial}-0:0 ` +
		`efi=PARTUUID=${planted.fatUuid} swap=LABEL=${planted.label} systemd.hostname=${planted.host} ` +
		`mask=dev-disk-by\\x2duuid-${planted.rootUuid.replaceAll("-", "\\x2d")}.swap ` +
		`netroot=iscsi:@${planted.address}::3260::${planted.iqn} wwn=${planted.wwn} eui.${planted.eui} bare=${planted.bareMac}\n`,
	"proc/modules":
		"e1000e 290816 0 - Live 0xffffffffc0a00000\nptp 32768 1 e1000e, Live 0xffffffffc09f0000\npps_core 24576 1 ptp, Live 0xffffffffc09e0000\n",
	"proc/crypto": "name         : crc32c\ndriver       : crc32c-generic\nmodule       : kernel\n\n",
	"proc/sys/kernel/modules_disabled": "0\n",
	"proc/sys/kernel/hostname": `${planted.host}\n`,
	"proc/sys/kernel/domainname": `${planted.domain}\n`,
	"proc/sys/kernel/osrelease": `${RELEASE}\n`,
	"proc/sys/kernel/arch": "x86_64\n",
	"proc/self/mountinfo": [
		`21 1 253:0 / / rw - ext4 /dev/mapper/${planted.group.replaceAll("-", "--")}-${planted.volume} rw`,
		`22 21 0:40 / /usr rw - btrfs /dev/disk/by-label/${planted.label} rw,subvol=@${planted.user}`,
		"",
	].join("\n"),
	"dev/kmsg": [
		"6,1,1000,-;Linux version 6.0.0",
		`6,2,2000,-;usb 1-2: SerialNumber: ${planted.usbSerial}`,
		`4,3,3000,-;e1000e: unknown parameter '${planted.user}' ignored`,
		`3,4,4000,-;e1000e 0000:00:19.0: Direct firmware load for /home/${planted.user}/${planted.diskSerial}.bin failed with error -2`,
		`3,5,5000,-;e1000e 0000:00:19.0: deferred probe pending: waits for ${planted.mac} of ${planted.host}`,
		"",
	].join("\n"),
	"sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
	"sys/module/module/parameters/sig_enforce": "N\n",
	"sys/module/compression": "xz\n",
	"sys/module/firmware_class/parameters/path": `/home/${planted.user}/firmware\n`,
	"sys/kernel/debug/devices_deferred": `dock.0\tdock: waits for ${planted.host} (${planted.otherMac})\n`,
	"sys/firmware/devicetree/base/serial-number": `${planted.boardSerial}\0`,
	"sys/module/e1000e/refcnt": "0\n",
	"sys/module/ptp/refcnt": "0\n",
	[`${PCI}/uevent`]:
		"DRIVER=e1000e\nPCI_CLASS=20000\nPCI_ID=8086:10D3\nPCI_SLOT_NAME=0000:00:19.0\nMODALIAS=pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00\n",
	[`${PCI}/modalias`]: "pci:v00008086d000010D3sv00001AF4sd00001100bc02sc00i00\n",
	[`${NET}/uevent`]: `INTERFACE=enx001b21aabbcc\nIFINDEX=2\nNAMED=${planted.otherMac}\n`,
	[`${NET}/address`]: `${planted.mac}\n`,
	[`${USB}/uevent`]: `DEVTYPE=usb_device\nPRODUCT=781/5581/100\nDEVNAME=bus/usb/001/002\nOWNER=${planted.user} # no comment\n`,
	[`${USB}/serial`]: `${planted.usbSerial}\n`,
	[`${USB}/1-2:1.0/uevent`]: "DEVTYPE=usb_interface\nMODALIAS=usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00\n",
	[`${USB}/1-2:1.0/modalias`]: "usb:v0781p5581d0100dc00dsc00dp00ic08isc06ip50in00\n",
	[`${USB}/1-2:1.0/host4/target4:0:0/4:0:0:0/uevent`]: "DEVTYPE=scsi_device\n",
	[`${USB}/1-2:1.0/host4/target4:0:0/4:0:0:0/wwid`]: `t10.ATA     ST1000DM003 ${planted.wwid}\n`,
	[`${DISK}/uevent`]: `MAJOR=8\nMINOR=16\nDEVNAME=sdb\nDEVTYPE=disk\nDISKSEQ=7\n`,
	[`${DISK}/sdb1/uevent`]: `MAJOR=8\nMINOR=17\nDEVNAME=sdb1\nDEVTYPE=partition\nPARTN=1\nPARTNAME=${planted.partition}\n`,
	[`${WMI}/uevent`]: `MODALIAS=wmi:${TYPE_UUID}\n`,
	[`${WMI}/modalias`]: `wmi:${TYPE_UUID}\n`,
	[`${MEI}/uevent`]: `MODALIAS=mei::${MEI_UUID}:01:\n`,
	[`${MEI}/modalias`]: `mei::${MEI_UUID}:01:\n`,
	[`${VMBUS}/uevent`]: "MODALIAS=vmbus:635161f83edfc546913ff2d2f965ed0e\n",
	[`${VMBUS}/modalias`]: "vmbus:635161f83edfc546913ff2d2f965ed0e\n",
	[`${DOCK}/uevent`]: `MODALIAS=dock:korn\nHID_UNIQ=${planted.phone}\nHID_NAME=${planted.fullName}'s dock\nOWNER=${planted.user} # no comment\n`,
	[`${DOCK}/modalias`]: "dock:korn\n",
	[`${MAPPER}/uevent`]: "MAJOR=253\nMINOR=0\nDEVNAME=dm-0\nDEVTYPE=disk\n",
	[`${MAPPER}/dm/name`]: `${planted.group.replaceAll("-", "--")}-${planted.volume}\n`,
	[`${MAPPER}/dm/uuid`]: `LVM-${planted.lvmUuid}\n`,
	[`${device("virtual/dmi/id")}/uevent`]: "MODALIAS=dmi:bvnLENOVO:bvrN2HET\n",
	[`${device("virtual/dmi/id")}/modalias`]: "dmi:bvnLENOVO:bvrN2HET\n",
	[`${device("virtual/dmi/id")}/product_serial`]: `${planted.productSerial}\n`,
	[`${device("virtual/dmi/id")}/board_serial`]: `${planted.boardSerial}\n`,
	[`${device("virtual/dmi/id")}/chassis_asset_tag`]: `${planted.assetTag}\n`,
	[`${device("nvme/nvme0")}/uevent`]: `DEVNAME=nvme0\n`,
	[`${device("nvme/nvme0")}/serial`]: `${planted.diskSerial}      \n`,
	[`sys/fs/btrfs/${planted.rootUuid}/label`]: `${planted.btrfs}\n`,
	[`dev/disk/by-label/${planted.label}`]: "",
	"var/lib/dpkg/info/linux-image-6.0.0.list": `/.\n/lib/modules/${RELEASE}/modules.builtin\n`,
	"var/lib/dpkg/status":
		"Package: bash\nVersion: 5\n\nPackage: linux-image-6.0.0\nStatus: install ok installed\nVersion: 6.0.0-1\n",
	[`lib/modules/${RELEASE}/modules.dep`]: Object.keys(world.modules)
		.map((name) => `kernel/${name}.ko:\n`)
		.join(""),
	[`lib/modules/${RELEASE}/modules.builtin`]: "kernel/drivers/usb/core/usbcore.ko\n",
};

const links: Readonly<Record<string, string>> = {
	[`${PCI}/subsystem`]: "../../../bus/pci",
	[`${PCI}/driver`]: "../../../bus/pci/drivers/e1000e",
	"sys/bus/pci/drivers/e1000e/module": "../../../../module/e1000e",
	"sys/bus/pci/drivers/e1000e/0000:00:19.0": "../../../../devices/pci0000:00/0000:00:19.0",
	"sys/module/e1000e/drivers/pci:e1000e": "../../../bus/pci/drivers/e1000e",
	[`${NET}/subsystem`]: "../../../../../class/net",
	[`${USB}/subsystem`]: "../../../../../bus/usb",
	[`${USB}/1-2:1.0/subsystem`]: "../../../../../../bus/usb",
	[`${USB}/1-2:1.0/host4/target4:0:0/4:0:0:0/subsystem`]: "../../../../../../../../../bus/scsi",
	[`${DISK}/subsystem`]: "../../../../../../../../../../../class/block",
	[`${DISK}/sdb1/subsystem`]: "../../../../../../../../../../../../class/block",
	[`${MAPPER}/subsystem`]: "../../../../class/block",
	[`${MAPPER}/slaves/sdb1`]: `../../../../../${DISK.slice("sys/".length)}/sdb1`,
	"sys/dev/block/253:0": "../../devices/virtual/block/dm-0",
	[`sys/fs/btrfs/${planted.rootUuid}/devices/sdb1`]: `../../../../${DISK.slice("sys/".length)}/sdb1`,
	[`${WMI}/subsystem`]: "../../../../../../bus/wmi",
	[`${DOCK}/subsystem`]: "../../../bus/platform",
	[`dev/disk/by-label/${planted.label}`]: "../../sdb1",
};

const SHIPPED_RULES = [
	`# The package of ${planted.host} has this one.`,
	"[[load]]",
	'subsystem = "scsi"',
	`property = { DEVTYPE = "scsi_device" }`,
	'load = "sg"',
	"",
	"[[load]]",
	`property = { OWNER = "${planted.user}" }`,
	'load = "ptp"',
	"",
].join("\n");

/** Writes the machine's root directory. @param rulesDirectory of the rules that came with the package, an absolute path */
export function writePlantedMachine(root: string, rulesDirectory: string): void {
	write(join(root, rulesDirectory, `${planted.host}-shipped.toml`), (place) => writeFileSync(place, SHIPPED_RULES));
	const indexes = [...worldFiles(world)].filter(([path]) => path.startsWith("/lib/modules/"));
	for (const [path, content] of [
		...Object.entries(plantedFiles),
		...indexes.map(([path, bytes]) => [path, bytes] as const),
	])
		if (links[path] === undefined) write(join(root, path), (place) => writeFileSync(place, content));
	write(join(root, "dev/sdb1"), (place) => writeFileSync(place, ""));
	for (const [path, target] of Object.entries(links)) write(join(root, path), (place) => symlinkSync(target, place));
	for (const name of Object.keys(world.modules))
		write(join(root, `lib/modules/${RELEASE}/kernel/${name}.ko`), (place) => writeFileSync(place, "no module"));
}

function write(place: string, act: (place: string) => void): void {
	mkdirSync(dirname(place), { recursive: true });
	act(place);
}

/** The spellings of a value under which a search would find it. */
export function listSpellings(value: string): readonly string[] {
	const bare = value.replaceAll(/[^0-9A-Za-z]/g, "");
	const isHex = /^[0-9a-f]{12,}$/i.test(bare);
	const pairs = bare.match(/../g) ?? [];
	const separated = isHex ? [":", "-", ".", "_", " "].map((separator) => pairs.join(separator)) : [];
	const all = [value, bare, ...separated, ...(isHex ? [[...pairs].reverse().join("")] : []), encodeURIComponent(value)];
	const folded = [
		...all,
		value.replaceAll("-", "_"),
		value.replaceAll("-", "--"),
		value.replaceAll("-", "\\x2d"),
		MAC_DOTTED,
	];
	const encoded = [0, 1, 2].map((shift) =>
		Buffer.from("x".repeat(shift) + value)
			.toString("base64")
			.slice(4, -4),
	);
	return [
		...new Set([...folded, ...encoded, Buffer.from(value).toString("hex"), [...value].reverse().join("")]),
	].filter((spelling) => spelling.length >= 5);
}
