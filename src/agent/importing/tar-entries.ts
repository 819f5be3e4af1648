// The entries of a tar archive in memory, as GNU tar, busybox tar and bsdtar write it: ustar, GNU tar's own format with its long
// names, and pax. Contents are not copied: a sparse file alone is put together, when its content is asked for. The library's own
// reader, since those of the registry that read in memory decode names as UTF-8, and so lose bytes, know no sparse files, or take
// a header without its checksum. Pure.

import { printable } from "../../libkmod/text/printable.js";
import { shorten } from "../../libkmod/text/shorten.js";
import { parsePaxRecords } from "./pax-records.js";
import { isZeroBlock, parseTarHeader, TAR_BLOCK_BYTES, type TarHeader } from "./tar-header.js";
import { expandSparse, parseGnuSparse, parsePaxSparse, type SparseMap } from "./tar-sparse.js";
import { UnreadableReport } from "./unreadable-report.js";

export type TarEntry = {
	/** As the archive has it, one character a byte. */
	readonly name: string;
	readonly kind: "file" | "directory" | "link" | "hard link" | "other";
	/** The target of a link, or the name of the entry that a hard link shares its content with. */
	readonly target: string;
	/** Whether only parts of the file that hold data were stored. */
	readonly sparse: boolean;
	/** The content of a file. Undefined when it has more bytes than that, or its map is damaged. */
	content(mostBytes: number): Buffer | undefined;
};

// A long name, or the records of one entry. Linux has no path longer than 4096 bytes.
const MOST_NAME_BYTES = 2 ** 20;

/** @throws {UnreadableReport} when a header is damaged, or the end is missing */
export function* readTarEntries(bytes: Buffer): Generator<TarEntry> {
	const position = { at: 0, last: "" };
	for (let next = nextEntry(bytes, position); next !== undefined; next = nextEntry(bytes, position)) yield next;
}

type Position = { at: number; last: string };

/** The names and sizes that headers in front of an entry give it. */
type Ahead = { name?: string; target?: string; records?: ReadonlyMap<string, string> };

function nextEntry(bytes: Buffer, position: Position): TarEntry | undefined {
	const ahead: Ahead = {};
	for (;;) {
		const block = bytes.subarray(position.at, position.at + TAR_BLOCK_BYTES);
		if (block.length < TAR_BLOCK_BYTES) throw cutAfter(position.last);
		if (isZeroBlock(block)) {
			if (isEnd(bytes, position.at)) return undefined;
			position.at += TAR_BLOCK_BYTES;
			continue;
		}
		const header = parseTarHeader(block);
		if (header === undefined) throw damagedAfter(position.last);
		if (!takeAhead(bytes, position, header, ahead)) return makeEntry(bytes, position, header, ahead);
	}
}

/** Two blocks of zeros end an archive. One alone is passed over, as in GNU tar, unless nothing follows. */
function isEnd(bytes: Buffer, at: number): boolean {
	const following = bytes.subarray(at + TAR_BLOCK_BYTES, at + 2 * TAR_BLOCK_BYTES);
	return following.length < TAR_BLOCK_BYTES || isZeroBlock(following);
}

/** Whether the header only describes the entry behind it, or nothing that counts. */
function takeAhead(bytes: Buffer, position: Position, header: TarHeader, ahead: Ahead): boolean {
	const { type } = header;
	// Records for all entries (g) hold a comment or times; a volume's label (V), its continuation (M) and access lists (A) no file.
	if (!"xXLKgVMA".includes(type)) return false;
	const content = stored(bytes, position, header.size);
	position.at = behind(position.at, header.size);
	if (!"xXLK".includes(type)) return true;
	if (content.length > MOST_NAME_BYTES) throw damagedAfter(position.last);
	if (type === "L") ahead.name = untilNul(content);
	else if (type === "K") ahead.target = untilNul(content);
	else {
		const records = parsePaxRecords(content);
		if (records === undefined) throw damagedAfter(position.last);
		ahead.records = records;
	}
	return true;
}

function makeEntry(bytes: Buffer, position: Position, header: TarHeader, { records, ...ahead }: Ahead): TarEntry {
	const name = records?.get("GNU.sparse.name") ?? records?.get("path") ?? ahead.name ?? header.name;
	const kind = kindOf(header.type, name);
	const told = records?.get("size");
	const told15 = told !== undefined && /^\d{1,15}$/.test(told) ? Number(told) : undefined;
	// Links and directories have no content, whatever size they tell; a directory of an incremental archive (D) has a list.
	const size = kind === "file" || header.type === "D" ? (told15 ?? header.size) : 0;
	const gnu = header.type === "S" ? parseGnuSparse(bytes, position.at) : undefined;
	if (header.type === "S" && gnu === undefined) throw damagedAfter(position.last);
	const start: Position = { at: position.at + (gnu?.mapBytes ?? 0), last: name };
	const content = stored(bytes, start, size);
	position.at = behind(start.at, size);
	position.last = name;
	const map = gnu ?? (records === undefined ? undefined : parsePaxSparse(records, content));
	return {
		name,
		kind,
		target: records?.get("linkpath") ?? ahead.target ?? header.target,
		sparse: map !== undefined,
		content: (mostBytes) => expand(content, map, gnu === undefined, mostBytes),
	};
}

function expand(content: Buffer, map: SparseMap | undefined, isPax: boolean, mostBytes: number): Buffer | undefined {
	if (map === undefined) return content.length > mostBytes ? undefined : content;
	return map.size > mostBytes ? undefined : expandSparse(map, isPax ? content.subarray(map.mapBytes) : content);
}

function kindOf(type: string, name: string): TarEntry["kind"] {
	// The oldest archives tell a directory by its name alone.
	if ("07S".includes(type)) return name.endsWith("/") ? "directory" : "file";
	if (type === "1") return "hard link";
	if (type === "2") return "link";
	return "5D".includes(type) ? "directory" : "other";
}

/** The content behind the header at a position. @throws {UnreadableReport} when the archive ends within */
function stored(bytes: Buffer, { at, last }: Position, size: number): Buffer {
	const start = at + TAR_BLOCK_BYTES;
	if (start + size > bytes.length) throw cutAfter(last);
	return bytes.subarray(start, start + size);
}

const behind = (at: number, size: number): number =>
	at + TAR_BLOCK_BYTES + Math.ceil(size / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;

function untilNul(content: Buffer): string {
	const end = content.indexOf(0);
	return content.toString("latin1", 0, end < 0 ? content.length : end);
}

const place = (last: string): string => (last === "" ? "at its beginning" : `at or behind ${printable(shorten(last))}`);

const cutAfter = (last: string): UnreadableReport =>
	new UnreadableReport(
		`it is a tar archive whose end is missing: it is cut ${place(last)} (busybox's tar gives up at the first file of /sys, and leaves such an archive)`,
	);

const damagedAfter = (last: string): UnreadableReport =>
	new UnreadableReport(`it is a tar archive that is damaged: the header ${place(last)} is none`);
