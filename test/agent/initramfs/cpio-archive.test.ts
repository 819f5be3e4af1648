import test from "ava";
import { parseCpio } from "../../../src/agent/initramfs/cpio-archive.js";
import { DamagedImage } from "../../../src/agent/initramfs/damaged-image.js";

type Field = "inode" | "mode" | "links" | "size" | "nameSize" | "checksum";
const PLACES: Readonly<Record<Field, number>> = { inode: 0, mode: 1, links: 4, size: 6, nameSize: 11, checksum: 12 };

/** An entry, some of whose header's numbers are false. */
function entry(name: string, data = "", lies: Partial<Record<Field, number>> = {}, magic = "070701"): string {
	const numbers = Array<number>(13).fill(0);
	const told = { mode: 0o100644, links: 1, size: data.length, nameSize: name.length + 1, ...lies };
	for (const [field, number] of Object.entries(told)) numbers[PLACES[field as Field]] = number;
	const padded = (text: string): string => text + "\0".repeat((4 - (text.length % 4)) % 4);
	const header = magic + numbers.map((number) => number.toString(16).padStart(8, "0")).join("");
	return padded(`${header}${name}\0`) + padded(data);
}

const END = entry("TRAILER!!!");

function refusal(...entries: readonly string[]): string {
	const bytes = Buffer.from(entries.join(""), "latin1");
	try {
		parseCpio("IMAGE", bytes, 0, () => undefined);
	} catch (error) {
		if (error instanceof DamagedImage) return error.message;
		throw error;
	}
	return "no refusal";
}

test("entries come with their kind, name and data", (t) => {
	const told: unknown[] = [];
	const text = [
		entry(".", "", { mode: 0o040755 }),
		entry("./a", "content"),
		entry("b//c", "a", { mode: 0o120777 }),
		END,
	];
	const bytes = Buffer.from(text.join(""), "latin1");
	const end = parseCpio("IMAGE", bytes, 0, ({ name, kind, data }) => void told.push([name, kind, data.toString()]));
	t.is(end, bytes.length);
	t.deepEqual(told, [
		["", "directory", ""],
		["a", "file", "content"],
		["b/c", "link", "a"],
	]);
});

test("names that lead out of the image are refused", (t) => {
	t.is(
		refusal(entry("/etc/passwd"), END),
		"IMAGE is damaged: the name /etc/passwd is absolute (in the archive at byte 0)",
	);
	t.is(
		refusal(entry("a/../../b"), END),
		"IMAGE is damaged: the name a/../../b leads out of the image (in the archive at byte 0)",
	);
	t.is(refusal(entry(".."), END), "IMAGE is damaged: the name .. leads out of the image (in the archive at byte 0)");
});

test("sizes that lie are refused", (t) => {
	t.regex(
		refusal(entry("a", "x", { size: 0xffffffff }), END),
		/its end is missing: an entry claims 4294967295 bytes, and \d+ are left/,
	);
	t.regex(refusal(entry("a", "x", { nameSize: 0xffffffff }), END), /an entry claims a name of 4294967295 bytes/);
	t.regex(refusal(entry("a", "x", { nameSize: 0 }), END), /an entry claims a name of 0 bytes/);
	t.regex(refusal(entry("abcd", "x", { nameSize: 3 }), END), /an entry's name does not end where its header says/);
	t.regex(refusal(entry("a\0b", "x"), END), /an entry's name does not end where its header says/);
	t.regex(refusal(entry("abc", "x".repeat(40), { size: 3 }), END), /an entry does not begin with 070701 or 070702/);
	t.regex(refusal(entry("a", "y".repeat(5000), { mode: 0o120777 }), END), /the link a claims a target of 5000 bytes/);
});

test("an archive without its last entry is refused", (t) => {
	t.regex(refusal(entry("a", "x")), /its end is missing: no entry TRAILER!!! ends the archive/);
});

test("numbers that are no numbers are refused", (t) => {
	t.regex(refusal(entry("a").replace("00000000", "0000000g"), END), /other characters than hexadecimal digits/);
});

test("checksums of the format crc are compared", (t) => {
	const sum = 3 * "x".charCodeAt(0);
	t.is(refusal(entry("a", "xxx", { checksum: sum }, "070702"), END), "no refusal");
	t.regex(refusal(entry("a", "xxx", { checksum: sum + 1 }, "070702"), END), /the checksum of a is another/);
});
