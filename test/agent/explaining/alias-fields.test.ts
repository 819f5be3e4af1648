// Aliases and patterns, split into fields by the form of their bus.
import test from "ava";
import {
	busOf,
	compareField,
	countCommonWords,
	DIFFERS,
	LITERAL,
	listFields,
	OPEN,
	restOfPattern,
	splitAlias,
} from "../../../src/agent/explaining/alias-fields.js";

const named = (alias: string) =>
	listFields(alias)
		?.fields.filter(({ value }) => value !== "")
		.map(({ name, value }) => `${name} ${value}`)
		.join("; ");

/** An alias of each kind of form, or a pattern, and its fields. */
const aliases: readonly (readonly [string, string])[] = [
	[
		"pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00",
		"vendor 00008086; device 0000100E; subsystem vendor 00001AF4; subsystem device 00001100; class 02; subclass 00; interface 00",
	],
	[
		"usb:v0403p6001d0400dc00dsc00dp00icFFisc01ip02in03",
		"vendor 0403; product 6001; revision 0400; device class 00; device subclass 00; device protocol 00; interface class FF; interface subclass 01; interface protocol 02; interface number 03",
	],
	[
		"usb:v04B4p8613d010[0-5]dc*dsc*dp*ic*isc*ip*in*",
		"vendor 04B4; product 8613; revision 010[0-5]; device class *; device subclass *; device protocol *; interface class *; interface subclass *; interface protocol *; interface number *",
	],
	["hid:b0003g0001v00000627p00000001", "bus 0003; group 0001; vendor 00000627; product 00000001"],
	[
		"input:b0011v0001p0002e0100-e0,1,k74,r0,amlsfw",
		"bus 0011; vendor 0001; product 0002; version 0100; events 0,1,; keys 74,; relative axes 0,",
	],
	["acpi:INT34D2:PNP0C0F:", "vendor INT, PNP; id INT34D2, PNP0C0F"],
	["acpi*:PNP0C0F:*", "vendor PNP; id PNP0C0F"],
	[
		"of:NsensorT<NULL>Cti,tmp102Cnational,LM75C",
		"name sensor; type <NULL>; vendor ti, national; compatible ti,tmp102, national,LM75C",
	],
	["of:N*T*Cnxp,PCA9555C*", "name *; vendor nxp; compatible nxp,PCA9555"],
	["pnp:dPNP0501", "vendor PNP; device 0501"],
	["virtio:d00000001v00001AF4", "device 00000001; vendor 00001AF4"],
	["vmbus:635161f83edfc546913ff2d2f965ed0e", "GUID 635161f83edfc546913ff2d2f965ed0e"],
	["sdio:c07v02D0d4329", "class 07; vendor 02D0; device 4329"],
	["serio:ty06pr00id00ex00", "type 06; protocol 00; id 00; extra 00"],
	["mdio:00000000000000000011000111000011", "vendor 0000000000000000001100; model 011100; revision 0011"],
	["hdaudio:v10EC0255r00100002a01", "vendor 10EC; codec 0255; revision 00100002; interface 01"],
	[
		"cpu:type:x86,ven0000fam0006mod009E:feature:,0000,0001",
		"type x86; vendor 0000; family 0006; model 009E; features ,0000,0001",
	],
	["cpu:type:aarch64:feature:,0000", "type aarch64; features ,0000"],
	["bcma:m04BFid0812rev17cl00", "manufacturer 04BF; core 0812; revision 17; class 00"],
	["ssb:v4243id0812rev0D", "vendor 4243; core 0812; revision 0D"],
	["scsi:t-0x05", "type 0x05"],
	["wmi:8D9DDCBC-A997-11DA-B012-B622A1EF5492", "GUID 8D9DDCBC_A997_11DA_B012_B622A1EF5492"],
	["typec:idFF01m01", "standard or vendor FF01; mode 01"],
	["tee:14b3c9c2-7a24-4f2b-9d27-8ad3b1c8b1b1*", "UUID 14b3c9c2_7a24_4f2b_9d27_8ad3b1c8b1b1*"],
	[
		"tbsvc:knetworkp00000001v00000001r00000001",
		"protocol key network; protocol 00000001; version 00000001; revision 00000001",
	],
	["ishtp:{33AECD58-B679-4E54-9BD9-A04D34F0C226}", "GUID {33AECD58_B679_4E54_9BD9_A04D34F0C226}"],
	[
		"mei:pn544:0bb17a78-2a8e-4c50-94d4-50266723775c:01:",
		"name pn544; UUID 0bb17a78_2a8e_4c50_94d4_50266723775c; version 01",
	],
	[
		"ieee1394:ven00000A07mo00000002sp0000A02Dver00010001",
		"vendor 00000A07; model 00000002; specifier 0000A02D; version 00010001",
	],
	["ccw:t3990mE9dt3390dm0A", "control unit type 3990; control unit model E9; device type 3390; device model 0A"],
	["amba:d00041011", "id 00041011"],
	[
		"parisc:t0Ahv0003rev00sv00000073",
		"hardware type 0A; hardware version 0003; hardware revision 00; software version 00000073",
	],
	["eisa:sABP7401", "signature ABP7401"],
	["rapidio:v0038d0374av0038ad0374", "vendor 0038; device 0374; assembly vendor 0038; assembly device 0374"],
	["fsl-mc:v00001957ddpni", "vendor 00001957; object type dpni"],
	["mhi:IPCR", "name IPCR"],
	["auxiliary:mlx5_core.eth", "module mlx5_core; function eth"],
	["dfl:t0000f0010", "type 0000; feature 0010"],
	["slim:217:1a0:*", "manufacturer 217; product 1a0; rest *"],
	["sdw:m025Dp0711v02c01", "manufacturer 025D; part 0711; version 02; class 01"],
	["ssam:d01c02t01i01f00", "domain 01; category 02; target 01; instance 01; function 00"],
	[
		"pcmcia:m0105c000Af02fn00pfn00pa01234567pb89ABCDEFpc00000000pd00000000",
		"manufacturer 0105; card 000A; function id 02; function number 00; device number 00; first product name 01234567; second product name 89ABCDEF; third product name 00000000; fourth product name 00000000",
	],
	["vio:TnetworkSIBM,l-lan", "type network; compatible IBM,l_lan"],
	[
		"dmi:bvnSeaBIOS:bvr1.16:bd04/01/2014:svnQEMU:pnStandardPC:pvrpc-q35:cvnQEMU:ct1:",
		"BIOS vendor SeaBIOS; BIOS version 1.16; BIOS date 04/01/2014; system vendor QEMU; product StandardPC; product version pc_q35; chassis vendor QEMU; chassis type 1",
	],
	["dmi:*:*Acer*:pnAspire*One*:*", "product Aspire*One*; any field *Acer*"],
	["i2c:at24", "name at24"],
	["spi:mcp4921", "name mcp4921"],
	["platform:i8042", "name i8042"],
	["mmc:block", "name block"],
	["nobody:knows:it", "name knows:it"],
	["pci:nonsense", "name nonsense"],
];

for (const [alias, fields] of aliases) test(`${alias} has these fields: ${fields}`, (t) => t.is(named(alias), fields));

test("a text without a colon, and one that is longer than any alias, has no fields", (t) => {
	for (const text of ["e1000", "", ":x", "x".repeat(9), `pci:${"x".repeat(4092)}`]) t.is(listFields(text), undefined);
	t.truthy(listFields(`pci:${"x".repeat(4091)}`));
	t.is(splitAlias("e1000"), undefined);
});

test("brackets that are open, and bytes of any kind, are parts of a value", (t) => {
	t.is(named("pci:v[d\x1b[31m\n\xff"), "name v[d\x1b[31m\n\xff");
	t.is(named("platform:a-b]\0"), "name a_b]\0");
});

test("the rest of a pattern is told for its own bus alone", (t) => {
	t.is(restOfPattern("acpi*:PNP0C0F:*", "acpi"), "PNP0C0F:*");
	t.is(restOfPattern("usb:v1", "usb"), "v1");
	for (const other of ["usbfunc:x", "us", "usb", "usb*", "pci:x"]) t.is(restOfPattern(other, "usb"), undefined);
});

test("the bus of an alias is the text before its colon", (t) => {
	t.is(busOf("fsl-mc:v1"), "fsl_mc");
	t.is(busOf("dmi*:x:y"), "dmi");
	t.is(busOf("e1000"), undefined);
	t.is(busOf(":x"), undefined);
});

test("a field that takes anything is open, and a wildcard that matches names the value", (t) => {
	const value = { name: "x", identifies: true, kind: "value" } as const;
	t.is(compareField(value, "*", "0001"), OPEN);
	t.is(compareField(value, "", "0001"), OPEN);
	t.is(compareField(value, "????", "0001"), OPEN);
	t.is(compareField(value, "000[0-3]", "0001"), LITERAL);
	t.is(compareField(value, "0001*", "0001"), LITERAL);
	t.is(compareField(value, "0002", "0001"), DIFFERS);
	t.is(compareField({ ...value, kind: "names" }, "b", "a\0b"), LITERAL);
	t.is(compareField({ ...value, kind: "parts" }, "*b*\0c", "abc\0d"), DIFFERS);
});

test("words count whole: a number that only begins like another is another word", (t) => {
	t.is(countCommonWords("dev_12_x", "dev_12_y"), 7);
	t.is(countCommonWords("dev_12", "dev_123"), 4);
	t.is(countCommonWords("abc", "abd"), 0);
	t.is(countCommonWords("abc", "abc"), 3);
	t.is(countCommonWords("", "abc"), 0);
});
