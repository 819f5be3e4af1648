import test from "ava";
import { readTarEntries } from "../../../src/agent/importing/tar-entries.js";
import { UnreadableReport } from "../../../src/agent/importing/unreadable-report.js";
import { paxRecord, tarArchive, tarEntry } from "../../support/worlds/tar-archive.js";

const MOST = 2 ** 16;

const list = (archive: Buffer) =>
	[...readTarEntries(archive)].map(({ name, kind, target, content }) => ({
		...{ name, kind },
		...(target !== "" && { target }),
		...(kind === "file" && { content: content(MOST)?.toString("latin1") }),
	}));

/** Checks what is said of an archive. */
function refused(archive: Buffer, check: (message: string) => void): void {
	let message = "it was read";
	try {
		list(archive);
	} catch (thrown) {
		if (!(thrown instanceof UnreadableReport)) throw thrown;
		message = thrown.message;
	}
	check(message);
}

test("files, directories, links and nodes are told apart", (t) => {
	const archive = tarArchive([
		{ name: "d/", type: "5" },
		{ name: "d/f", content: "abc" },
		{ name: "d/old", type: "\0", content: "x" },
		{ name: "d/oldest/", type: "\0" },
		{ name: "d/l", type: "2", target: "../x" },
		{ name: "d/h", type: "1", target: "d/f" },
		{ name: "d/n", type: "3" },
		{ name: "d/u", type: "Z" },
	]);
	t.deepEqual(list(archive), [
		{ name: "d/", kind: "directory" },
		{ name: "d/f", kind: "file", content: "abc" },
		{ name: "d/old", kind: "file", content: "x" },
		{ name: "d/oldest/", kind: "directory" },
		{ name: "d/l", kind: "link", target: "../x" },
		{ name: "d/h", kind: "hard link", target: "d/f" },
		{ name: "d/n", kind: "other" },
		{ name: "d/u", kind: "other" },
	]);
});

test("long names come from ustar's prefix, from GNU tar's entries and from pax records, and count for one entry alone", (t) => {
	const long = `${"long/".repeat(60)}caf\xe9`;
	const archive = tarArchive([
		{ name: "end", content: "1", over: { 345: "some/prefix" } },
		{ name: "././@LongLink", type: "L", content: `${long}\0` },
		{ name: "././@LongLink", type: "K", content: `../${long}\0` },
		{ name: "cut", type: "2", target: "cut" },
		{
			name: "pax",
			type: "x",
			content: paxRecord("path", long) + paxRecord("linkpath", "a=b\nc") + paxRecord("size", "3"),
		},
		{ name: "cut", content: "abc", size: 0 },
		{ name: "g", type: "g", content: paxRecord("path", "everywhere") },
		{ name: "plain", content: "2" },
	]);
	t.deepEqual(list(archive), [
		{ name: "some/prefix/end", kind: "file", content: "1" },
		{ name: long, kind: "link", target: `../${long}` },
		{ name: long, kind: "file", target: "a=b\nc", content: "abc" },
		{ name: "plain", kind: "file", content: "2" },
	]);
});

test("sparse files are put together: GNU tar's map, and the three of pax", (t) => {
	const number = (value: number): string => `${value.toString(8).padStart(11, "0")}\0`;
	const whole = `ab${"\0".repeat(6)}cd`;
	const old = { over: { 257: "ustar  \0", 386: number(0) + number(2) + number(8) + number(2), 483: number(10) } };
	const pax = (...records: readonly (readonly [string, string])[]) => ({
		...{ name: "pax", type: "x", content: records.map(([key, value]) => paxRecord(key, value)).join("") },
	});
	const archive = tarArchive([
		{ name: "old", type: "S", content: "abcd", ...old },
		pax(
			...([
				["GNU.sparse.size", "10"],
				["GNU.sparse.numblocks", "2"],
			] as const),
			...([
				["GNU.sparse.offset", "0"],
				["GNU.sparse.numbytes", "2"],
			] as const),
			...([
				["GNU.sparse.offset", "8"],
				["GNU.sparse.numbytes", "2"],
			] as const),
		),
		{ name: "pax 0.0", content: "abcd" },
		pax(["GNU.sparse.size", "10"], ["GNU.sparse.map", "0,2,8,2"], ["GNU.sparse.name", "pax 0.1"]),
		{ name: "GNUSparseFile.0/x", content: "abcd" },
		pax(
			["GNU.sparse.major", "1"],
			["GNU.sparse.minor", "0"],
			["GNU.sparse.realsize", "10"],
			["GNU.sparse.name", "pax 1.0"],
		),
		{ name: "GNUSparseFile.0/x", content: `${"2\n0\n2\n8\n2\n".padEnd(512, "\0")}abcd` },
		{ name: "hole", type: "S", over: { 257: "ustar  \0", 386: number(0) + number(0), 483: number(4096) } },
	]);
	t.deepEqual(list(archive), [
		{ name: "old", kind: "file", content: whole },
		{ name: "pax 0.0", kind: "file", content: whole },
		{ name: "pax 0.1", kind: "file", content: whole },
		{ name: "pax 1.0", kind: "file", content: whole },
		{ name: "hole", kind: "file", content: "\0".repeat(4096) },
	]);
});

test("a size of many GiB that is not there, and a negative one, are refused, and no memory is taken for a hole of that size", (t) => {
	refused(tarEntry({ name: "a", size: 2 ** 33 - 1 }), (message) => t.regex(message, /whose end is missing/));
	const binary = (...bytes: readonly number[]): string => String.fromCharCode(...bytes).padEnd(12, "\0");
	refused(tarEntry({ name: "a", size: binary(0x80, 0, 0, 0, 0, 0, 0, 1) }), (message) =>
		t.regex(message, /whose end is missing/),
	);
	refused(tarEntry({ name: "a", size: binary(0xff, 0xff) }), (message) => t.regex(message, /that is damaged/));
	refused(tarEntry({ name: "a", size: "99999999999\0" }), (message) => t.regex(message, /that is damaged/));
	const hole = tarArchive([{ name: "hole", type: "S", over: { 257: "ustar  \0", 483: "77777777777\0" } }]);
	t.deepEqual(list(hole), [{ name: "hole", kind: "file", content: undefined }]);
});

test("an archive that is cut anywhere is refused, but where only blocks of zeros are missing", (t) => {
	const archive = tarArchive([
		{ name: "sys/", type: "5" },
		{ name: "x", type: "x", content: paxRecord("path", "sys/longer") },
		{ name: "sys/l", content: "abc" },
		{ name: "sys/last", type: "2", target: "l" },
	]);
	const whole = list(archive);
	for (let length = 1; length < archive.length - 512; length++)
		refused(archive.subarray(0, length), (message) =>
			t.regex(message, /^it is a tar archive whose end is missing: it is cut at /, `${length} bytes`),
		);
	for (let length = archive.length - 512; length <= archive.length; length++)
		t.deepEqual(list(archive.subarray(0, length)), whole);
});

test("a header whose checksum is wrong, and a pax record of a wrong length, are refused with the place", (t) => {
	const broken = Buffer.concat([
		tarEntry({ name: "sys/first" }),
		tarEntry({ name: "b", broken: true }),
		Buffer.alloc(1024),
	]);
	refused(broken, (message) =>
		t.is(message, "it is a tar archive that is damaged: the header at or behind sys/first is none"),
	);
	for (const content of ["5 a=b\n", "7 a=b\n", "0 a=b\n", "x", "6 =ab\n", "99999999999 a=b\n"])
		refused(tarArchive([{ name: "p", type: "x", content }, { name: "a" }]), (message) =>
			t.regex(message, /that is damaged: the header at its beginning/, content),
		);
	t.deepEqual(list(tarArchive([{ name: "p", type: "x", content: "6 a=b\n" }, { name: "a" }])), [
		{ name: "a", kind: "file", content: "" },
	]);
});

test("one block of zeros amid an archive is passed over, and what follows two is not read", (t) => {
	const [one, two] = [tarEntry({ name: "one" }), tarEntry({ name: "two" })];
	const names = (archive: Buffer) => [...readTarEntries(archive)].map(({ name }) => name);
	t.deepEqual(names(Buffer.concat([one, Buffer.alloc(512), two, Buffer.alloc(1024)])), ["one", "two"]);
	t.deepEqual(names(Buffer.concat([one, Buffer.alloc(1024), two, Buffer.alloc(1024)])), ["one"]);
});

test("names of terminal codes are no part of a message as they are", (t) => {
	const archive = Buffer.concat([tarEntry({ name: "\x1b[31mred" }), tarEntry({ name: "b", broken: true })]);
	refused(archive, (message) => t.true(message.includes("\\x1b[31mred"), message));
});
