// Tells by its content what a file is that a machine can be read from. Pure.

import { printable } from "../../libkmod/text/printable.js";
import { withoutByteOrderMark, withoutColours } from "./report-text.js";
import { isZeroBlock, parseTarHeader, TAR_BLOCK_BYTES } from "./tar-header.js";
import { UnreadableReport } from "./unreadable-report.js";

export type CaptureKind = "capture" | "udev export" | "tar" | "nixos-facter report";

const EXPECTED =
	"a capture of hotplugd, the output of udevadm info --export-db, a tar archive of /sys, or a report of nixos-facter";

/**
 * @param bytes decompressed
 * @throws {UnreadableReport} with a sentence that says what was expected, and what the content looks like
 */
export function recogniseCapture(bytes: Buffer): CaptureKind {
	const kind = kindOf(bytes);
	if (kind === undefined) throw new UnreadableReport(`it is none of these: ${EXPECTED}; ${describe(bytes)}`);
	return kind;
}

function kindOf(bytes: Buffer): CaptureKind | undefined {
	if (isTar(bytes)) return "tar";
	const start = bytes.toString("latin1", 0, 4096);
	if (/^[ \t\r\n]*\{/.test(withoutByteOrderMark(start))) {
		if (bytes.includes('"hotplugdCapture"')) return "capture";
		return bytes.includes('"hardware"') ? "nixos-facter report" : undefined;
	}
	return hasRecord(bytes) ? "udev export" : undefined;
}

const isTar = (bytes: Buffer): boolean =>
	bytes.length >= TAR_BLOCK_BYTES &&
	(parseTarHeader(bytes.subarray(0, TAR_BLOCK_BYTES)) !== undefined || isEmptyTar(bytes));

const isEmptyTar = (bytes: Buffer): boolean =>
	bytes.length >= 2 * TAR_BLOCK_BYTES && isZeroBlock(bytes.subarray(0, 2 * TAR_BLOCK_BYTES));

/** A record begins with a line P, perhaps behind a few words of a bug report, or the colours of a terminal. */
function hasRecord(bytes: Buffer): boolean {
	const start = withoutColours(withoutByteOrderMark(bytes.toString("latin1", 0, 64 * 1024)));
	return /(?:^|\n)P: \/(?:devices|module|bus|class|block)\/[^\n]*\r?\n/.test(start);
}

const MAGICS: readonly (readonly [start: string, what: string])[] = [
	["\x1f\x8b", "is compressed by gzip once more"],
	["\xfd7zXZ\0", "is compressed by xz once more"],
	["\x28\xb5\x2f\xfd", "is compressed by zstd once more"],
	["BZh", "is compressed by bzip2, which is not supported"],
	["\x04\x22\x4d\x18", "is compressed by lz4, which is not supported"],
	["070701", "looks like an archive of cpio"],
	["070702", "looks like an archive of cpio"],
	["PK\x03\x04", "looks like an archive of zip"],
	["\x7fELF", "looks like a program or a module"],
	["!<arch>", "looks like an archive of ar, such as a package of Debian"],
	["<?xml", "looks like XML, such as of lshw"],
	["<html", "looks like a page of HTML"],
	["<!DOCTYPE", "looks like a page of HTML"],
];

function describe(bytes: Buffer): string {
	if (bytes.length === 0) return "it is empty";
	const start = withoutByteOrderMark(bytes.toString("latin1", 0, 64));
	const [, what] = MAGICS.find(([magic]) => start.startsWith(magic)) ?? [];
	if (what !== undefined) return `it ${what}`;
	if (/^[ \t\r\n]*\{/.test(start))
		return "it is JSON, and has neither the field hotplugdCapture nor the field hardware";
	if (/^[ \t\r\n]*\[/.test(start)) return "it looks like a list of JSON, such as of lshw -json or lsblk -J";
	return `it begins with "${printable(start.split("\n", 1).join("").slice(0, 32))}"`;
}
