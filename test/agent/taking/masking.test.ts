// The rules of masking, each by texts: what is replaced, and what stays.
import test from "ava";
import { maskCapture } from "../../../src/agent/taking/masked-capture.js";
import type { MaskRules } from "../../../src/agent/taking/masking.js";

const rules: MaskRules = {
	release: "6.1.0-erna",
	typeUuids: new Set(["05901221d56611d1b2f000a0c9062910"]),
	protectedNames: new Set([
		"e1000e",
		"e1000",
		"usb_storage",
		"snd_hda_intel",
		"modprobe",
		"options",
		"home",
		"dev",
		"x",
	]),
	slotKinds: new Map([
		["e1000", "user"],
		["x", "host"],
		["erna", "user"],
		["vg0_root", "disk"],
	]),
	known: new Map([
		["erna", "user"],
		["erna_laptop", "host"],
		["erna_laptop.example.org", "host"],
		["intel", "host"],
		["vg0_root", "disk"],
		["wd_wcc4e1", "serial"],
		["j\xc3\xbcrgen", "user"],
	]),
};

/** Masks one text, as a word of the command line and as a line of modprobe.d: the same unless told. */
function mask(text: string, path = "/proc/cmdline"): string {
	const capture = { hotplugdCapture: 1, by: "", masked: false, devices: [], files: { [path]: text } } as const;
	return Object.values(maskCapture(capture, rules).capture.files)[0] ?? "";
}

const replaced: readonly (readonly [text: string, expected: string])[] = [
	["2f6f4c0a-7b1d-4e5c-9a8b-1c2d3e4f5a6b", "00000000-0000-4000-8000-000000000001"],
	["2F6F4C0A_7B1D_4E5C_9A8B_1C2D3E4F5A6B", "00000000_0000_4000_8000_000000000001"],
	["a2f6f4c0a-7b1d-4e5c-9a8b-1c2d3e4f5a6bx", "a2f6f4c0a-7b1d-4e5c-9a8b-1c2d3e4f5a6bx"],
	[
		"x\\x2f 2f6f4c0a\\x2d7b1d\\x2d4e5c\\x2d9a8b\\x2d1c2d3e4f5a6b.swap",
		"x\\x2f 00000000\\x2d0000\\x2d4000\\x2d8000\\x2d000000000001.swap",
	],
	[
		"2f6f4c0a7b1d4e5c9a8b1c2d3e4f5a6b 2f6f4c0a-7b1d-4e5c-9a8b-1c2d3e4f5a6b",
		"00000000000040008000000000000001 00000000-0000-4000-8000-000000000001",
	],
	["androidboot.serialno=R58M12ABCDE serialnob=R58", "androidboot.serialno=maskedname1 serialnob=R58"],
	["00:1b:21:aa:bb:cc 00-1B-21-AA-BB-CC 001b.21aa.bbcc", "02:00:00:00:00:01 02-00-00-00-00-01 0200.0000.0001"],
	["001b21aabbcc enx001b21aabbcc wlx001b21aabbcd", "020000000001 enx020000000001 wlx020000000002"],
	["BOOTIF=01-00-1b-21-aa-bb-cc", "BOOTIF=01-02-00-00-00-00-01"],
	["80:00:02:08:fe:80:00:00:00:00:00:00", "02:00:00:00:00:00:00:00:00:00:00:01"],
	["00:1b:21:aa:bb 0000:00:1f.2 046d:c52b:0111", "00:1b:21:aa:bb 0000:00:1f.2 046d:c52b:0111"],
	["/dev/disk/by-id/wwn-0x5000c500a1b2c3d4-part1", "/dev/disk/by-id/maskedname1"],
	["lun=0x5000c500a1b2c3d4 mask=0xffffffffffffffff", "lun=0x5000000000000001 mask=0xffffffffffffffff"],
	[
		"mpath.wwids=360050768018105231000000000000f2a,35000c500a1b2c3d4 naa.60050768018105231000000000000f2a",
		"mpath.wwids=350000000000000000000000000000002,35000000000000001 naa.50000000000000000000000000000002",
	],
	[
		"36005076801810523100000000000012ab 340050768 45000c500a1b2c3d4",
		"36005076801810523100000000000012ab 340050768 45000c500a1b2c3d4",
	],
	["naa.5000c500a1b2c3d4 eui.0025385b71b0a2f1", "naa.5000000000000002 eui.5000000000000001"],
	["iqn.2011-07.org.erna:disk1,1", "iqn.2000-01.example:1,1"],
	["nqn.2014-08.org:uuid:1-2", "nqn.2000-01.example:1"],
	["10.1.2.3 127.0.0.1 255.255.255.0 0.0.0.0 1.2.3.4.5", "10.0.0.1 127.0.0.1 255.255.255.0 0.0.0.0 1.2.3.4.5"],
	["usb 1-1.2.3.4: x; 1-1.2.3.4.5:1.0", "usb 1-1.2.3.4: x; 1-1.2.3.4.5:1.0"],
	["ip=[fe80::1:2]:dhcp [a:b] [0-9]", "ip=[fd00::1]:dhcp [a:b] [0-9]"],
	["/home/hubert/x /home/e1000 /home/.erna", "/home/maskedname1/x /home/maskeduser1 /home/.maskeduser2"],
	["/media/hubert/Urlaub/x", "/media/maskedname1/maskedname2/x"],
	["root=/dev/mapper/vg0-root /dev/mapper/other", "root=/dev/mapper/maskeddisk1 /dev/mapper/maskedname1"],
	["root=LABEL=korn UUID=7C4E-19AB", "root=LABEL=maskedname2 UUID=maskedname1"],
	['PARTLABEL="Weizen platte"', 'PARTLABEL="maskedname1 platte"'],
	["mod.Password = hunter2 user=root", "mod.Password = maskedname1 user=maskedname2"],
	[
		"password=$hun/ter:2,x y psk='a b'",
		"password=$maskedname3/maskedname4:maskedname1,maskedhost1 y psk='maskedname2 b'",
	],
	["host=x xhost=x x", "host=maskedhost1 xhost=x x"],
	["ip=10.1.2.3::::klara:eth0:off", "ip=10.0.0.1::::maskedname1:eth0:off"],
	["ip=dhcp ip=eth0:dhcp", "ip=dhcp ip=eth0:dhcp"],
	["rd.luks.name=korn:x,tries=3 rd.luks=0", "rd.luks.name=maskedname1:x,maskedname2=3 rd.luks=0"],
	["rd.lvm.lv=korn/wurzel", "rd.lvm.lv=maskedname1/maskedname2"],
	["ERNA Erna_x erna2 erna-laptop erna_laptop", "maskeduser1 maskeduser1_x erna2 maskedhost1 maskedhost1"],
	["http://erna-laptop.example.org/", "http://maskedhost1/"],
	["/opt/WD WCC4E1/x WD-WCC4E1", "/opt/maskedserial1/x maskedserial1"],
	["/srv/j\xc3\xbcrgen j\xc3\xbcrgens", "/srv/maskeduser1 j\xc3\xbcrgens"],
	["BOOT_IMAGE=/vmlinuz-6.1.0-erna 6.1.0-erna-x", "BOOT_IMAGE=/vmlinuz-6.1.0-erna 6.1.0-erna-x"],
	["snd-hda-intel.model=intel usb-storage.x=1", "snd-hda-intel.model=maskedhost1 usb-storage.x=1"],
	["modprobe.blacklist=erna,intel module_blacklist=erna", "modprobe.blacklist=erna,intel module_blacklist=erna"],
	["/lib/modules/6.1/erna.ko /usr/lib/modules/erna", "/lib/modules/6.1/erna.ko /usr/lib/modules/erna"],
	[
		"wmi:05901221-D566-11D1-B2F0-00A0C9062911 x:05901221-D566-11D1-B2F0-00A0C9062910",
		"wmi:05901221-D566-11D1-B2F0-00A0C9062911 x:05901221-D566-11D1-B2F0-00A0C9062910",
	],
	["of:NernaTintel platform:erna", "of:NernaTintel platform:erna"],
	["", ""],
	["\0\x01 -- ..", "\0\x01 -- .."],
];

for (const [text, expected] of replaced)
	test(`masked, ${JSON.stringify(text)} is ${JSON.stringify(expected)}`, (t) => {
		t.is(mask(text), expected);
	});

const inModprobe: readonly (readonly [text: string, expected: string])[] = [
	["alias erna intel # erna", "alias erna intel # maskeduser1"],
	["\tblacklist  erna", "\tblacklist  erna"],
	['options erna name=erna host="erna"', 'options erna name=maskeduser1 host="maskeduser1"'],
	["install intel /home/erna/x erna", "install intel /home/maskeduser1/x maskeduser1"],
	["softdep erna pre: intel post: erna", "softdep erna pre: intel post: erna"],
	["weakdep erna intel", "weakdep erna intel"],
	["erna intel", "maskeduser1 maskedhost1"],
];

for (const [text, expected] of inModprobe)
	test(`in modprobe.d, ${JSON.stringify(text)} is ${JSON.stringify(expected)}`, (t) => {
		t.is(mask(text, "/etc/modprobe.d/x.conf"), expected);
	});

test("numbers are in the order of the values, whatever the order in which they are found", (t) => {
	t.is(
		mask("/home/c /home/a /home/b /home/A"),
		"/home/maskedname3 /home/maskedname1 /home/maskedname2 /home/maskedname1",
	);
});

test("files of configuration stay in their order, whatever their names become", (t) => {
	const names = ["zebra", "erna", "intel-b", "intel-a", "20-x", "fbdev"];
	const paths = names.map((name, at) => `${at % 2 === 0 ? "/etc" : "/usr/lib"}/modprobe.d/${name}.conf`);
	const files = Object.fromEntries([...paths, "/run/modprobe.d/erna.conf"].map((path) => [path, path]));
	const { capture, maskText } = maskCapture(
		{ hotplugdCapture: 1, by: "", masked: false, devices: [], files, lacks: ["/lib/modprobe.d/erna2.conf"] },
		rules,
	);
	const renamed = new Map(Object.keys(files).map((path, at) => [path, Object.keys(capture.files)[at] ?? ""]));
	const inOrder = (some: readonly string[]) => [...some].sort((a, b) => (lastPart(a) < lastPart(b) ? -1 : 1));
	t.deepEqual(
		inOrder(Object.keys(capture.files)).map(lastPart),
		inOrder(Object.keys(files)).map((path) => lastPart(renamed.get(path) ?? "")),
	);
	t.is(renamed.get("/usr/lib/modprobe.d/erna.conf"), "/usr/lib/modprobe.d/20-x.conf.maskeduser1.conf");
	t.is(renamed.get("/run/modprobe.d/erna.conf"), "/run/modprobe.d/20-x.conf.maskeduser1.conf");
	t.is(maskText("see /usr/lib/modprobe.d/erna.conf:3"), "see /usr/lib/modprobe.d/20-x.conf.maskeduser1.conf:3");
	t.deepEqual(capture.lacks, ["/lib/modprobe.d/erna2.conf"]);
});

const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

test("a long line takes time in proportion to its length", (t) => {
	const begun = performance.now();
	mask("rd.luks.name=a:erna ".repeat(25_000));
	const line = performance.now() - begun;
	mask("a/".repeat(250_000));
	t.true(performance.now() - begun < 30_000, `${line} ms`);
});
