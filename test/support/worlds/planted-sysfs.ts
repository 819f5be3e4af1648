// A small /sys in a folder: a device of each kind that a reader of a captured machine must get right, with the links that a kernel
// makes. Real archivers and a real udevadm read it.
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";

type Planted = {
	/** Such as "bus/pci" or "class/block". */
	readonly subsystem?: string;
	readonly driver?: string;
	readonly attributes: Readonly<Record<string, string>>;
	/** Links by name, to paths below /sys. */
	readonly links?: Readonly<Record<string, string>>;
};

const PCI = "devices/pci0000:00";
const DISK = `${PCI}/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0`;
const HUB = `${PCI}/0000:00:14.0/usb1`;
const ACPI = "devices/LNXSYSTM:00/LNXSYBUS:00";
const LINK = "devices/virtual/devlink/platform:regulator--platform:consumer";
const DEEP = `devices/platform/${"soc-with-a-long-name/".repeat(18)}last.device`;

export const RELEASE_OF_HUB = "6.1.0-56-amd64";

const devices: Readonly<Record<string, Planted>> = {
	[PCI]: { attributes: { uevent: "" } },
	[`${PCI}/0000:00:1f.2`]: {
		subsystem: "bus/pci",
		driver: "ahci",
		attributes: {
			modalias: "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01\n",
			uevent:
				"DRIVER=ahci\nPCI_CLASS=10601\nPCI_ID=8086:2922\nMODALIAS=pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01\n",
			driver_override: "(null)\n",
			waiting_for_supplier: "0\n",
		},
	},
	[`${PCI}/0000:00:14.0`]: {
		subsystem: "bus/pci",
		driver: "xhci_hcd",
		attributes: {
			modalias: "pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30\n",
			uevent: "DRIVER=xhci_hcd\nPCI_CLASS=C0330\nMODALIAS=pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30\n",
		},
	},
	[HUB]: {
		subsystem: "bus/usb",
		driver: "usb",
		attributes: {
			uevent:
				"MAJOR=189\nMINOR=0\nDEVNAME=bus/usb/001/001\nDEVTYPE=usb_device\nDRIVER=usb\nPRODUCT=1d6b/2/601\nTYPE=9/0/1\n",
			manufacturer: `Linux ${RELEASE_OF_HUB} xhci-hcd\n`,
		},
	},
	[`${HUB}/1-0:1.0`]: {
		subsystem: "bus/usb",
		driver: "hub",
		attributes: {
			modalias: "usb:v1D6Bp0002d0601dc09dsc00dp01ic09isc00ip00in00\n",
			uevent: "DEVTYPE=usb_interface\nDRIVER=hub\nMODALIAS=usb:v1D6Bp0002d0601dc09dsc00dp01ic09isc00ip00in00\n",
		},
	},
	[DISK]: {
		subsystem: "bus/scsi",
		driver: "sd",
		attributes: { modalias: "scsi:t-0x00\n", uevent: "DEVTYPE=scsi_device\nDRIVER=sd\nMODALIAS=scsi:t-0x00\n" },
	},
	[`${DISK}/block/sda`]: {
		subsystem: "class/block",
		attributes: { uevent: "MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\nDISKSEQ=9\n" },
	},
	[`${DISK}/block/sda/sda1`]: {
		subsystem: "class/block",
		attributes: { uevent: "MAJOR=8\nMINOR=1\nDEVNAME=sda1\nDEVTYPE=partition\nPARTN=1\n" },
	},
	"devices/virtual/block/dm-0": {
		subsystem: "class/block",
		attributes: {
			uevent: "MAJOR=253\nMINOR=0\nDEVNAME=dm-0\nDEVTYPE=disk\n",
			"dm/uuid": "CRYPT-LUKS2-0123456789abcdef0123456789abcdef-root\n",
		},
		links: { "slaves/sda1": `${DISK}/block/sda/sda1` },
	},
	"devices/virtual/block/md0": {
		subsystem: "class/block",
		attributes: { uevent: "MAJOR=9\nMINOR=0\nDEVNAME=md0\nDEVTYPE=disk\n", "md/level": "raid1\n" },
		links: { "slaves/dm-0": "devices/virtual/block/dm-0" },
	},
	"devices/platform/fec/mdio_bus/fec-1/fec-1:00": {
		subsystem: "bus/mdio_bus",
		attributes: { uevent: "OF_NAME=ethernet-phy\nMODALIAS=mdio:00000000000000100001011000111011\n" },
	},
	[ACPI]: { subsystem: "bus/acpi", attributes: { modalias: "acpi:LNXSYBUS:\n", uevent: "MODALIAS=acpi:LNXSYBUS:\n" } },
	[`${ACPI}/PRP0001:00`]: {
		subsystem: "bus/acpi",
		attributes: {
			modalias: "acpi:PRP0001:\nof:NsensorT(null)Cti,tmp102\n",
			uevent: "MODALIAS=of:NsensorT(null)Cti,tmp102\nMODALIAS=acpi:PRP0001:\n",
		},
		links: { physical_node: "devices/platform/sensor", physical_node1: "devices/platform/consumer" },
	},
	"devices/platform/sensor": {
		subsystem: "bus/platform",
		attributes: {
			modalias: "platform:sensor\n",
			uevent: "MODALIAS=platform:sensor\n",
			driver_override: "vfio-platform\n",
		},
	},
	"devices/platform/regulator": {
		subsystem: "bus/platform",
		driver: "regulator",
		attributes: { modalias: "platform:regulator\n", uevent: "DRIVER=regulator\nMODALIAS=platform:regulator\n" },
	},
	"devices/platform/consumer": {
		subsystem: "bus/platform",
		driver: "consumer",
		attributes: {
			modalias: "platform:consumer\n",
			uevent: "DRIVER=consumer\nMODALIAS=platform:consumer\n",
			waiting_for_supplier: "1\n",
		},
		links: { "supplier:platform:regulator": LINK },
	},
	[LINK]: {
		subsystem: "class/devlink",
		attributes: { uevent: "" },
		links: { supplier: "devices/platform/regulator", consumer: "devices/platform/consumer" },
	},
	"devices/platform/pcspkr/input/input3": {
		subsystem: "class/input",
		attributes: {
			modalias: "input:b0010v001Fp0001e0100-e0,12,kramls1,2,fw\n",
			uevent:
				'PRODUCT=10/1f/1/100\nNAME="PC Speaker"\nEV=40001\nMODALIAS=input:b0010v001Fp0001e0100-e0,12,kramls1,2,fw\n',
		},
	},
	"devices/platform/caf\xe9 1": {
		subsystem: "bus/platform",
		attributes: { modalias: "platform:caf\xe9\n", uevent: "MODALIAS=platform:caf\xe9\n" },
	},
	[DEEP]: {
		subsystem: "bus/platform",
		attributes: { modalias: "platform:deep\n", uevent: "MODALIAS=platform:deep\n" },
	},
};

/** The module of a driver. Drivers that are not listed are built in. */
const modules: Readonly<Record<string, string>> = { ahci: "ahci", xhci_hcd: "xhci_pci" };

const moduleFiles: Readonly<Record<string, string>> = {
	"module/ahci/initstate": "live\n",
	"module/ahci/refcnt": "0\n",
	"module/ahci/coresize": "49152\n",
	"module/xhci_pci/initstate": "live\n",
	"module/xhci_pci/refcnt": "0\n",
	"module/xhci_pci/coresize": "28672\n",
	"module/xhci_hcd/initstate": "live\n",
	"module/xhci_hcd/refcnt": "1\n",
	"module/xhci_hcd/coresize": "331776\n",
	"module/kernel/parameters/panic": "0\n",
};

/** Bytes of a path. */
const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

/** Plants the tree in a new folder. Returns the root of the machine, below which it is `sys`. */
export function plantSysfs(): string {
	const root = mkdtempSync(join(tmpdir(), "planted-"));
	const sys = join(root, "sys");
	const write = (path: string, text: string): void => {
		mkdirSync(bytes(dirname(join(sys, path))), { recursive: true });
		writeFileSync(bytes(join(sys, path)), bytes(text));
	};
	const link = (path: string, target: string): void => {
		mkdirSync(bytes(dirname(join(sys, path))), { recursive: true });
		symlinkSync(bytes(relative(dirname(`/${path}`), `/${target}`)), bytes(join(sys, path)));
	};
	for (const [path, { subsystem, driver, attributes, links = {} }] of Object.entries(devices)) {
		for (const [name, text] of Object.entries(attributes)) write(`${path}/${name}`, text);
		for (const [name, target] of Object.entries(links)) link(`${path}/${name}`, target);
		if (subsystem === undefined) continue;
		link(`${path}/subsystem`, subsystem);
		const listed = subsystem.startsWith("bus/") ? `${subsystem}/devices` : subsystem;
		link(`${listed}/${path.slice(path.lastIndexOf("/") + 1)}`, path);
		if (driver !== undefined) plantDriver({ write, link }, path, subsystem, driver);
	}
	for (const [path, text] of Object.entries(moduleFiles)) write(path, text);
	link("module/xhci_hcd/holders/xhci_pci", "module/xhci_pci");
	return root;
}

type Planting = {
	readonly write: (path: string, text: string) => void;
	readonly link: (path: string, to: string) => void;
};

function plantDriver({ write, link }: Planting, path: string, subsystem: string, driver: string): void {
	const directory = `${subsystem}/drivers/${driver}`;
	write(`${directory}/uevent`, "");
	link(`${path}/driver`, directory);
	const module = modules[driver];
	if (module === undefined) return;
	link(`${directory}/module`, `module/${module}`);
	link(`module/${module}/drivers/${subsystem.replace("bus/", "")}:${driver}`, directory);
}
