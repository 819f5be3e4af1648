// Captures as values: the least there can be, and one that has every field.
import type { Capture } from "../../../src/agent/capture/capture.js";

export const leastCapture = { hotplugdCapture: 1, by: "a test", masked: false, devices: [], files: {} } as const;

export const fullCapture: Capture = {
	...leastCapture,
	release: "6.1.0-56-amd64",
	architecture: "x86_64",
	rulesDirectory: "/usr/share/hotplugd/rules",
	devices: [
		{
			devpath: "/devices/pci0000:00/0000:00:02.0",
			subsystem: "pci",
			onBus: true,
			modalias: "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00",
			uevent: "DRIVER=e1000\nPCI_CLASS=20000",
			driver: "e1000",
			driverModule: "e1000",
			physicalNode: "/devices/pci0000:00",
			driverOverride: "vfio-pci",
			waitingForSupplier: true,
			suppliers: ["/devices/platform/a"],
		},
		{
			devpath: "/devices/virtual/block/dm-0",
			slaves: ["/devices/a"],
			dmKind: "LVM",
			dmTargets: ["linear"],
			mdLevel: "raid1",
		},
		{ devpath: "/module/e1000" },
	],
	files: { "/proc/cmdline": "quiet", "/etc/modprobe.d/\xe4.conf": "blacklist \xff\xe2\x82\xac\n" },
	modules: {
		directory: "/lib/modules/6.1.0-56-amd64",
		package: { name: "linux-image-6.1.0-56-amd64", version: "6.1.115-1" },
		files: { "modules.dep.bin": { bytes: 3, sha256: "a".repeat(64), gzip: "H4sI" } },
		missing: ["kernel/a.ko"],
	},
	drivers: [{ module: "e1000", bus: "pci", name: "e1000" }],
	log: [{ microseconds: 12, text: "e1000: \x1b[31mred" }],
	answers: [
		{
			module: "e1000",
			result: "failed",
			errno: "ENODEV",
			explanation: "no hardware",
			from: { kind: "log", source: { file: "/var/log/a", line: 3 } },
		},
		{
			module: "b",
			result: "inserted",
			explanation: "inserted",
			from: { kind: "agent", socket: "/run/hotplugd/control" },
		},
	],
	mounts: [{ at: "/", fileSystem: "ext4", devices: ["/devices/a"] }],
	lacks: ["/proc/modules", "devices.driver"],
};
