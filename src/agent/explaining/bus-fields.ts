// The fields of each bus's aliases, in the words of people: the formats are those of the kernel's scripts/mod/file2alias.c and of
// the buses' own uevents. A table, and the little language that the table is written in.

/**
 * How a pattern's value compares with a device's: "value" as one wildcard; "list" likewise, where the device has numbers and the
 * pattern some of them; "names" where the device has several and one has to agree; "text" by its words from the start;
 * "parts" where each part of the pattern has to agree with any part of the device.
 */
export type FieldKind = "value" | "list" | "names" | "text" | "parts";

export type BusField = {
	/** Such as "subsystem vendor". */
	readonly name: string;
	/** Whether the field says which device this is. The other fields only qualify that: class, subsystem, revision. */
	readonly identifies: boolean;
	readonly kind: FieldKind;
};

export type BusForm = {
	readonly fields: readonly BusField[];
	/** The values, in the order of the fields: "" where there is none. Undefined when the rest of the alias has another form. */
	split(rest: string): readonly (string | undefined)[] | undefined;
	/**
	 * What tells cheaply that a pattern may agree with these values of a device in any field: one that this does not match agrees
	 * in none. Absent where there is no cheap way.
	 */
	hintOfAgreement?(values: readonly string[]): RegExp;
};

/** The signs after a field's name in the tables, besides "!" and "~". */
const kinds: Readonly<Record<string, FieldKind>> = { "&": "list", "^": "names", "#": "text", "%": "parts" };

/**
 * Fields one after another, each `TAG NAME`, with commas between. After the name, "!" says that the field identifies, "~" that its
 * value may have small letters, "&" that it is a list. Other values have none (the kernel writes %X): so a tag ends a value.
 */
const tagged: Readonly<Record<string, string>> = {
	amba: "d id!",
	ap: "t type!",
	bcma: "m manufacturer!, id core!, rev revision, cl class",
	ccw: "t control unit type!, m control unit model, dt device type!, dm device model",
	cdx: "v vendor!, d device!, sv subsystem vendor, sd subsystem device, c class",
	coreboot: "t tag!",
	css: "t type!",
	cxl: "t type!",
	dax: "t type!",
	dfl: "t type!, f feature!",
	eisa: "s signature!",
	fsl_mc: "v vendor!, d object type~!",
	hid: "b bus, g group, v vendor!, p product!",
	idxd: "t type!",
	ieee1394: "ven vendor!, mo model!, sp specifier, ver version",
	input:
		"b bus, v vendor!, p product!, e version, _e events&, k keys&, r relative axes&, a absolute axes&, m miscellaneous events&, l LEDs&, s sounds&, f force feedback effects&, w switches&",
	ipack: "f format, v vendor!, d device!",
	mipscdmm: "t type!",
	nd: "t type~!",
	parisc: "t hardware type!, hv hardware version!, rev hardware revision, sv software version!",
	pci: "v vendor!, d device!, sv subsystem vendor, sd subsystem device, bc class, sc subclass, i interface",
	pcmcia:
		"m manufacturer!, c card!, f function id, fn function number, pfn device number, pa first product name!, pb second product name!, pc third product name, pd fourth product name",
	rapidio: "v vendor!, d device!, av assembly vendor, ad assembly device",
	sdio: "c class, v vendor!, d device!",
	sdw: "m manufacturer!, p part!, v version, c class",
	serio: "ty type!, pr protocol!, id id, ex extra",
	ssam: "d domain!, c category!, t target, i instance, f function",
	ssb: "v vendor!, id core!, rev revision",
	tbsvc: "k protocol key~!, p protocol!, v version, r revision",
	typec: "id standard or vendor!, m mode",
	ulpi: "v vendor~!, p product~!",
	usb: "v vendor!, p product!, d revision, dc device class, dsc device subclass, dp device protocol, ic interface class, isc interface subclass, ip interface protocol, in interface number",
	vfio_pci: "v vendor!, d device!, sv subsystem vendor, sd subsystem device, bc class, sc subclass, i interface",
	vio: "T type~!, S compatible~!",
	virtio: "d device!, v vendor",
	zorro: "i id!",
};

/** The same fields for aliases without such tags: a group of the expression is the value of a field. */
const grouped: Readonly<Record<string, readonly [form: RegExp, fields: string]>> = {
	auxiliary: [/^([^.]*)\.(.*)$/s, "module!, function!"],
	cpu: [
		/^type:([^,:]*)(?:,ven([^a-z]*)fam([^a-z]*)mod([^a-z]*))?:feature:(.*)$/s,
		"type, vendor!, family!, model, features&",
	],
	hdaudio: [/^v(\*|[^a-z]{4})([^a-z]*)r([^a-z]*)a([^a-z]*)$/, "vendor!, codec!, revision, interface"],
	ishtp: [/^(.*)$/s, "GUID!"],
	// 22 bits are the maker's (OUI), 6 are its model, 4 the revision: IEEE 802.3, 22.2.4.3.1.
	mdio: [/^([01?]{22})([01?]{6})([01?]{4})\*?$/, "vendor!, model!, revision"],
	mei: [/^([^:]*):([^:]*):([^:]*):(.*)$/s, "name, UUID!, version, rest"],
	pnp: [/^d(.{3})([^:]*)$/s, "vendor!, device!"],
	scsi: [/^t_(.*)$/s, "type!"],
	slim: [/^([^:]*):([^:]*):?(.*)$/s, "manufacturer!, product!, rest"],
	tee: [/^(.*)$/s, "UUID!"],
	vmbus: [/^(.*)$/s, "GUID!"],
	wmi: [/^(.*)$/s, "GUID!"],
	x86cpu: [/^vendor:([^:]*):family:([^:]*):model:([^:]*):feature:(.*)$/s, "vendor!, family!, model, features&"],
};

/** Buses whose aliases are a name alone. A bus that is not in any table counts as one of these. */
const NAMED = parseFields("name!#").map(({ field }) => field);

/** DMI's tags (drivers/firmware/dmi-id.c), in the order in which the kernel writes them. */
const dmiTags = parseFields(
	"bvn BIOS vendor, bvr BIOS version, bd BIOS date, br BIOS release, efr firmware release, svn system vendor!, pn product!, pvr product version, rvn board vendor!, rn board!, rvr board version, cvn chassis vendor, ct chassis type, cvr chassis version, sku stock number",
	true,
);
const dmiFields = [...dmiTags.map(({ field }) => field), ...parseFields("any field%").map(({ field }) => field)];

const forms = new Map<string, BusForm>();

/** The form of a bus's aliases, by the text before the colon, where a dash is an underscore. */
export function formOfBus(bus: string): BusForm {
	let form = forms.get(bus);
	if (form === undefined) {
		form = makeForm(bus);
		// Any text may stand before a colon: only what the tables have is kept.
		if (form.fields !== NAMED) forms.set(bus, form);
	}
	return form;
}

/** The form of an alias that has none of its bus: one name. */
export const namedForm: BusForm = { fields: NAMED, split: (rest) => [rest] };

/** The buses that have fields of their own. */
export const busesWithFields: readonly string[] = [
	...Object.keys(tagged),
	...Object.keys(grouped),
	"acpi",
	"of",
	"dmi",
];

function makeForm(bus: string): BusForm {
	if (bus === "acpi") return { fields: named("vendor!^, id!^"), split: splitAcpi };
	if (bus === "of") return { fields: named("name, type, vendor!^, compatible!^"), split: splitOf };
	if (bus === "dmi") return { fields: dmiFields, split: splitDmi };
	const group = Object.hasOwn(grouped, bus) ? grouped[bus] : undefined;
	if (group !== undefined) return { fields: named(group[1]), split: (rest) => group[0].exec(rest)?.slice(1) };
	const tags = Object.hasOwn(tagged, bus) ? tagged[bus] : undefined;
	if (tags === undefined) return namedForm;
	return makeTaggedForm(parseFields(tags, true));
}

function makeTaggedForm(parsed: readonly ParsedField[]): BusForm {
	const form = new RegExp(`^${parsed.map(({ tag, any }) => `${tag}${any ? "(.*?)" : "([^a-z]*)"}`).join("")}$`, "s");
	const fields = parsed.map(({ field }) => field);
	const split = (rest: string) => form.exec(rest)?.slice(1);
	if (parsed.some(({ any, field }) => any || field.kind !== "value")) return { fields, split };
	// A value is named in full after its tag, or has wildcards: brackets, a question mark, or a star after other characters.
	const hintOfAgreement = (values: readonly string[]): RegExp => {
		const named = parsed.map(({ tag }, at) => tag + values[at]!.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
		return new RegExp(`${named.join("|")}|[[?\\\\]|[^a-z*]\\*|\\*[^a-z]`);
	};
	return { fields, split, hintOfAgreement };
}

type ParsedField = { readonly tag: string; readonly any: boolean; readonly field: BusField };

function parseFields(text: string, withTags = false): ParsedField[] {
	return text.split(", ").map((word) => {
		const signs = /[!~&^#%]*$/.exec(word)?.[0] ?? "";
		const [tag, name] = withTags
			? splitOnce(word.slice(0, word.length - signs.length))
			: ["", word.slice(0, word.length - signs.length)];
		const kind = kinds[signs.replace(/[!~]/g, "")] ?? "value";
		return { tag, any: signs.includes("~"), field: { name, identifies: signs.includes("!"), kind } };
	});
}

const named = (text: string): readonly BusField[] => parseFields(text).map(({ field }) => field);

function splitOnce(word: string): [string, string] {
	const at = word.indexOf(" ");
	return [word.slice(0, at), word.slice(at + 1)];
}

/** The separator within a value of the kind "names". No alias has one. */
export const BETWEEN_NAMES = "\0";

/** The ids of an ACPI device, `ID:ID:`. The letters at the start of an id are its vendor's (ACPI 6.1.5: PNP and ACPI ids). */
function splitAcpi(rest: string): readonly string[] {
	const ids = rest.split(":").filter((id) => id !== "" && id !== "*");
	return [unique(ids.map((id) => /^[A-Z]*/.exec(id)?.[0] ?? "")).join(BETWEEN_NAMES), ids.join(BETWEEN_NAMES)];
}

/**
 * A node of a device tree, `NnameTtypeCcompatibleCcompatible`. Names begin with a small letter or a digit, which tells the C before
 * them from the C of a part number. In a pattern, `C*` at the end stands for further names.
 */
function splitOf(rest: string): readonly string[] | undefined {
	const found = /^N(.*?)T(.*?)(?:\*?C(.*))?$/s.exec(rest);
	if (found === null) return undefined;
	const [, name = "", type = "", compatible = ""] = found;
	const all = compatible.split(/C(?=[a-z0-9*])/).filter((one) => one !== "" && one !== "*");
	const vendors = unique(all.filter((one) => one.includes(",")).map((one) => one.slice(0, one.indexOf(","))));
	return [name, type, vendors.join(BETWEEN_NAMES), all.join(BETWEEN_NAMES)];
}

/** The names of a machine's maker and the like, `TAGvalue:TAGvalue:`. A pattern may have them without tag. */
function splitDmi(rest: string): readonly string[] {
	const values = dmiFields.map(() => "");
	const untagged: string[] = [];
	for (const part of rest.split(":")) {
		const place = dmiTags.findIndex(({ tag }) => part.startsWith(tag));
		if (place >= 0 && values[place] === "") values[place] = part.slice(dmiTags[place]!.tag.length);
		else if (part !== "" && part !== "*") untagged.push(part);
	}
	values[values.length - 1] = untagged.join(BETWEEN_NAMES);
	return values;
}

const unique = (names: readonly string[]): string[] => [...new Set(names)].filter((name) => name !== "");
