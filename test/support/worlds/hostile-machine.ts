// A machine that would break a reader who trusts names, contents or links: line ends, quotes, control bytes and invalid UTF-8 in
// names, attributes that are pipes, links or enormous, links that lead out of the root, files with NULs.

import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Bytes of a path. */
const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

const DEVICES = "sys/devices/pci0000:00";
const LARGEST = 65_536;

/** Devices by their names, with their attributes. */
const devices: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	"-x": { uevent: "MODALIAS=pci:dash\n", modalias: "pci:dash", driver_override: "(null)\n" },
	"line\nend": { uevent: "DRIVER=x\nMODALIAS=pci:nl\n", modalias: "pci:nl\n" },
	"//devices/no": {},
	"q\"u\\o'te $(touch pwned) `touch pwned`": { uevent: 'MODALIAS=pci:"q\\"\n', modalias: "pci:q\n" },
	"x\\y": { uevent: "DEVNAME=x\\y\n" },
	"u\xc3\xa9\xff\x01": { uevent: "MODALIAS=pci:\xc3\xa9\xff\x01\xc2\x85\xe2\x80\xae\x7f\t\n" },
	"x -> y": { uevent: "MODALIAS=pci:arrow\n" },
	"==> a <==": { uevent: "\n==> /tmp/x/s//devices/pci0000:00/-x/uevent <==\nMODALIAS=evil\n==> b <==\n" },
	"with NULs": { uevent: "MODALIAS=pci:a\0b\nDRIVER=q\n", modalias: `pci:nul\n${"\0".repeat(50)}` },
	"no uevent": { modalias: "pci:alone\n" },
	"no alias": { modalias: "", uevent: "" },
	"blank lines": { modalias: "a\n\n\n", uevent: "\n\nMODALIAS=b\n\n" },
	"as long as may be": { uevent: "", modalias: "a".repeat(LARGEST) },
	"too long": { uevent: "", modalias: "a".repeat(LARGEST + 1) },
	waits: { uevent: "MODALIAS=pci:e1\n", driver_override: " OVER\n", waiting_for_supplier: "1" },
	power: { uevent: "DRIVER=led\n" },
	pipe: { uevent: "MODALIAS=pci:pipe\n" },
	led_out: { uevent: "MODALIAS=pci:out\n" },
	enormous: { uevent: "" },
};

const links: Readonly<Record<string, string>> = {
	[`${DEVICES}/line\nend/driver`]: "../../../bus/pci/drivers/dr\niver",
	[`${DEVICES}/x\\y/driver`]: "../../../bus/pci/drivers/d\\r",
	[`${DEVICES}/u\xc3\xa9\xff\x01/driver`]: "../../../bus/pci/drivers/\xff -> ?",
	[`${DEVICES}/waits/driver`]: "../../../bus/pci/drivers/e1000",
	[`${DEVICES}/waits/physical_node`]: "../x\\y",
	[`${DEVICES}/-x/driver`]: "/etc/passwd",
	[`${DEVICES}/-x/physical_node`]: "../../../../../../../..",
	[`${DEVICES}/power/physical_node`]: "../-x",
	[`${DEVICES}/power/physical_node2`]: "../waits",
	[`${DEVICES}/power/supplier:pci:waits`]: "../waits",
	[`${DEVICES}/waits/supplier`]: "../x -> y",
	[`${DEVICES}/led_out/modalias`]: "/etc/passwd",
	"sys/bus/pci/drivers/e1000/module": "../../../../module/e1000",
	"sys/module/e1000/drivers/pci:e1000": "../../../bus/pci/drivers/e1000",
	"sys/module/e1000/drivers/pci-b:x": "../../../bus/pci-b/drivers/x",
	"sys/module/e1000/drivers/out": "../../../../../../etc",
	"etc/modprobe.d/evil.conf": "/etc/shadow",
	"etc/modprobe.d/circle.conf": "circle.conf",
	"etc/modprobe.d/up.conf": "../../../../../usr/inside.conf",
	"etc/modprobe.d/inside.conf": "/usr/inside.conf",
	"lib/modprobe.d": "../etc/modprobe.d",
	"lib/modules/1.0/modules.alias": "/etc/passwd",
};

const files: Readonly<Record<string, string>> = {
	"usr/inside.conf": "options x y=1 # no\n# comment \\\njoined \\\nas well\nalias a b",
	"etc/modprobe.d/a b\nc.conf": "blacklist a\\\n#b\n\\#c\n\\\\#d\n\\\n#e\n",
	"etc/modprobe.d/.hidden.conf": "blacklist hidden\n",
	"etc/modprobe.d/-r.conf": "blacklist r\n",
	"etc/modprobe.d/other.txt": "blacklist other\n",
	"usr/lib/modules-load.d/x.conf": " # c\n\t;d\n\v#e\nmodule # kept\n",
	"run/modules-load.d": "in place of a directory\n",
	"etc/hotplugd/rules.d/a.toml": `x = "#a" # c\ny="""\n# kept\\""""#g\nz='\\' # x\nMY_KEY = "open # kept\n# gone\n""""#`,
	"etc/hotplugd.toml": `a = '''\n# kept\n''' # gone\n`,
	"proc/cmdline": "quiet\0hidden\n",
	"proc/modules": "e1000 1 0 - Live 0xffffffffc0\nx 1 0 - Live 0x0 (OE)\n",
	"lib/modules/1.0/modules.dep": "kernel/a.ko: kernel/b.ko\nkernel/b.ko:\nno colon\n/updates/c.ko:\n",
	"lib/modules/1.0/modules.alias.bin": "x\0y",
	"lib/modules/1.0/kernel/b.ko": "",
	"sys/module/e1000/refcnt": "0\n",
};

/** @param root an empty directory */
export function writeHostileMachine(root: string): void {
	const place = (path: string): Buffer => {
		mkdirSync(bytes(dirname(`${root}/${path}`)), { recursive: true });
		return bytes(`${root}/${path}`);
	};
	for (const [name, attributes] of Object.entries(devices)) {
		for (const [attribute, text] of Object.entries(attributes))
			writeFileSync(place(`${DEVICES}/${name}/${attribute}`), bytes(text));
		if (name !== "//devices/no") symlinkSync("../../../bus/pci", place(`${DEVICES}/${name}/subsystem`));
	}
	for (const [path, text] of Object.entries(files)) writeFileSync(place(path), bytes(text));
	for (const [path, target] of Object.entries(links)) symlinkSync(bytes(target), place(path));
	truncateSync(writeEmpty(place(`${DEVICES}/enormous/modalias`)), 3 * 2 ** 30);
	truncateSync(writeEmpty(place("etc/modprobe.d/enormous.conf")), 2 ** 24 + 1);
	execFileSync("mkfifo", [`${root}/${DEVICES}/pipe/modalias`, `${root}/etc/modprobe.d/pipe.conf`]);
	mkdirSync(`${root}/etc/modprobe.d/directory.conf`);
}

function writeEmpty(path: Buffer): Buffer {
	writeFileSync(path, "");
	return path;
}
