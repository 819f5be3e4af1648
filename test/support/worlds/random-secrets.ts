// Machines of random names and contents, in which values of a machine's own stand beside what looks like them: what two maskers
// must make the same of.

import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Random } from "./random-numbers.js";

const RELEASE = "6.1.0-56-amd64";
const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

const SEPARATORS = [
	...[" ", " ", "=", "=", "/", ":", "-", "_", ".", ",", '"', "'", "[", "]", "(", ")", "\t", "@", "+", "", "\\x2d", "|"],
	...["&", "$", "`", "<", "~", "%", "#", ";", "\\", "0", "\xc3\xa9", "\xff", "\x01"],
];
const KNOWN = [
	...["myhost", "my-host", "My_Host.example.org", "example.org", "alice", "Alice", "Alice Liddell", "Liddell"],
	...["bob-smith", "vg0", "root-lv", "vg--data-home", "DATA DISK", "DATA_DISK", "S3R14LNO", "WD-WX11A", "xyz", "ser"],
	...["12345", "e1000", "disk"],
];
const KEYS = [
	...["label", "UUID", "host", "HostName", "serial", "rd.luks.uuid", "rd.lvm.lv", "root", "ip", "netroot", "zfs"],
	...["modprobe.blacklist", "rd.driver.pre", "module_blacklist", "xhost", "user", "iscsi_initiator", "dm-mod.create"],
	...["cryptdevice", "password", "blacklist", "options", "alias", "softdep", "install"],
];
const PATHS = [
	...["/home/", "/media/", "/media/alice/", "/dev/mapper/", "/dev/md/", "/dev/disk/by-id/", "/dev/disk/by-label/"],
	...["/lib/modules/", "/dev/", "/devices/"],
];
const ALIASES = ["pci:", "usb:", "wmi:", "of:", "acpi:", "xpci:", "platform:", "hid:"];

/** Texts for one machine. */
class Secrets {
	readonly random: Random;
	readonly #typeUuid: string;
	readonly #tokens: readonly (() => string)[];

	constructor(random: Random) {
		this.random = random;
		const { pick, below } = random;
		const digits = (count: number) => this.#hex(count);
		this.#typeUuid = this.#uuid("-");
		this.#tokens = [
			() => this.#uuid(pick(["-", "_", "\\x2d", "\\X2D", ":"])),
			...[32, 12].map((count) => () => digits(count)),
			() => `0x${pick(["1", "5", "4", "3"])}${digits(15)}`,
			() => `3${pick(["5", "6", "4"])}${digits(pick([15, 31, 30]))}`,
			() => `naa.${digits(pick([16, 32, 24]))}`,
			() => `eui.${digits(16)}`,
			() => Array.from({ length: pick([5, 6, 6, 7, 8]) }, () => digits(2)).join(pick([":", "-", "_", "."])),
			() => `01-${[2, 2, 2, 2, 2, 2].map(digits).join("-")}`,
			() => [4, 4, 4].map(digits).join("."),
			() => pick(["enx", "wlX", "ibx", "abx"]) + digits(12),
			() => `${pick(["iqn", "nqn", "IQN"])}.2001-04.com.example:disk-${below(9)}${pick(["", "_x", "/y"])}`,
			() => [300, 300, 300, 300].map(below).join("."),
			() => pick(["127.0.0.1", "1-1.2.3.4", `[${pick(["fe80::1", `2001:db8::${digits(2)}`, "::1", "a:b"])}]`]),
			() => pick(KNOWN),
			() => pick(KNOWN).toUpperCase(),
			() => pick(KEYS) + pick(["=", "= ", '="', "='", ""]),
			() => pick(PATHS),
			() => pick(ALIASES),
			() => pick([RELEASE, "6.1.0", "ext4", "dm-crypt", "dm_crypt", "test", "local-host", "pci"]),
			() => String(below(100_000)),
			() => `v${digits(8)}d${digits(8)}`,
			() => pick([this.#typeUuid, this.#typeUuid.replaceAll("-", "")]),
			() => `ip=1.2.3.4::5.6.7.8:255.0.0.0:${pick(KNOWN)}:eth0`,
		];
	}

	#hex(count: number): string {
		return this.random.text("0123456789abcdefABCDEF", count, count);
	}

	#uuid(separator: string): string {
		return [8, 4, 4, 4, 12].map((count) => this.#hex(count)).join(separator);
	}

	line(most = 10): string {
		const { below, pick } = this.random;
		return Array.from({ length: 1 + below(most) }, () => pick(this.#tokens)() + pick(SEPARATORS)).join("");
	}

	name(): string {
		return this.line(3).replaceAll("/", "") || "x";
	}

	alias(): string {
		return this.random.pick([`wmi:${this.#typeUuid}`, `pci:${this.line(2)}`]);
	}
}

/** Writes a machine's root directory. */
export function writeRandomSecrets(root: string, random: Random): void {
	const write = (path: string, text: string): void => {
		mkdirSync(bytes(dirname(root + path)), { recursive: true });
		writeFileSync(bytes(root + path), bytes(text));
	};
	const secrets = new Secrets(random);
	for (const [path, text] of Object.entries(listFiles(secrets))) write(path, text);
	const devpaths: string[] = [];
	while (devpaths.length < 25) {
		const parent = devpaths.length < 10 ? "/devices/pci0000:00" : random.pick(devpaths);
		const devpath = `${parent}/${random.pick([secrets.name(), `usb${devpaths.length}`, random.pick(KNOWN)])}`;
		if (devpaths.includes(devpath) || devpath.length > 900) continue;
		devpaths.push(devpath);
		for (const [name, text] of Object.entries(listAttributes(secrets))) write(`/sys${devpath}/${name}`, text);
		const subsystem = random.pick(["class/block", "bus/pci", "bus/usb", "class/power_supply", "class/net"]);
		symlinkSync(`../../../${subsystem}`, bytes(`${root}/sys${devpath}/subsystem`));
	}
	mkdirSync(`${root}/sys/module/test_mod`, { recursive: true });
}

function listFiles(secrets: Secrets): Readonly<Record<string, string>> {
	const { below, pick } = secrets.random;
	const lines = (count: number): string => Array.from({ length: count }, () => secrets.line()).join("\n");
	const configuration = Array.from({ length: 6 }, (_, place): [string, string] => [
		`/${place < 4 ? "etc/modprobe.d" : "usr/lib/modules-load.d"}/${secrets.name()}.conf`,
		lines(20),
	]);
	return {
		"/proc/sys/kernel/osrelease": `${RELEASE}\n`,
		"/proc/sys/kernel/hostname": "myhost\n",
		"/etc/hostname": "My_Host.example.org\n",
		"/etc/hosts": `127.0.1.1\tmy-host myhost.lan\n::1 localhost ip6-box\n10.0.0.1 other\n127.3 ${secrets.name()}\n`,
		"/etc/passwd":
			"root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000:Alice Liddell,,,:/home/al//:/bin/sh\n" +
			"bob-smith:x:1001:1:Bob -Smith-:/home/bob:\nnobody:x:65534:1:n:/n:\nab:x:1002:1::/:\n" +
			`x:x:1003::${secrets.name()}:/home/${secrets.name()}:\n`,
		...Object.fromEntries(configuration),
		"/etc/modprobe.d/50-x.conf": "x\n",
		"/proc/cmdline": secrets.line(40),
		[`/etc/hotplugd/rules.d/${secrets.name()}.toml`]: `MYKEY = "${secrets.line()}" # x\n'''\n${lines(2)}`,
		[`/lib/modules/${RELEASE}/modules.dep`]: "kernel/fs/ext4/ext4.ko.xz: a\nkernel/dm-crypt.ko:\n",
		"/proc/modules": "e1000 1 0 - Live 0xffffffffa\n",
		"/dev/disk/by-label/DATA\\x20DISK": "",
		"/dev/disk/by-label/DATA_DISK": "",
		[`/dev/disk/by-partlabel/${secrets.name()}`]: "",
		"/sys/fs/btrfs/a/label": `${secrets.name()}\n`,
		"/dev/kmsg": Array.from({ length: 30 }, (_, place) => `6,${place},${place}00,-;${writeRecord()}\n`).join(""),
	};

	function writeRecord(): string {
		const text = pick([
			() => `e1000: unknown parameter '${secrets.line(2)}' ignored`,
			() => `pci 0000:00:1f.2: loading ${secrets.line(2)} failed with error -2`,
			() => `(NULL device *): Direct firmware load for ${secrets.line(1)} failed with error -${below(99_999)}`,
			() => `${pick(["", "module: "])}Module ${pick(KNOWN)} is blacklisted`,
			() => `Lockdown: ${secrets.line(4)}: unsigned module loading is restricted; see man kernel_lockdown.7`,
			() => `e1000: probe of ${secrets.name().replaceAll(/[ \t]/g, "")} failed with error -12`,
			() => `usb 1-1: deferred probe pending: ${secrets.line(2)}`,
			() => secrets.line(),
		])();
		return [...text].map((byte) => (/[ -~]/.test(byte) ? byte : `\\x${hexCode(byte)}`)).join("");
	}
}

const hexCode = (byte: string): string => byte.charCodeAt(0).toString(16).padStart(2, "0");

function listAttributes(secrets: Secrets): Readonly<Record<string, string>> {
	const { below, pick } = secrets.random;
	const lines = [
		`DEVNAME=${secrets.line(2)}`,
		`INTERFACE=${secrets.name()}`,
		`MODALIAS=${pick(ALIASES)}${secrets.line(2)}`,
		`PARTNAME=${secrets.name()}`,
		`PCI_ID=${secrets.name()}`,
		`MYKEY=${secrets.line(3)}`,
		`HID_UNIQ="${secrets.name()}"`,
		`SECRET=${secrets.line()}`,
	];
	const serials = [secrets.name(), "S3R14LNO", "WD-WX11A  ", "  Model X S3R14LNO ", "12345", "11111111"];
	return {
		uevent: `${lines.filter(() => below(4) > 0).join("\n")}\n`,
		...(below(2) === 0 && { modalias: `${secrets.alias()}\n` }),
		...(below(3) === 0 && { serial: `${pick(serials)}\n` }),
		...(below(4) === 0 && {
			"dm/name": `${pick(["vg0-root--lv", "vg--data-home", secrets.name()])}\n`,
			"dm/uuid": `${pick(["LVM-abc", "CRYPT-LUKS2-0-x", "part1-mpath-9", "x"])}\n`,
		}),
	};
}
