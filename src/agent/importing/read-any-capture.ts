// A machine out of any file that tells of one: a capture, or what bug reports hold already. Pure.

import type { Capture } from "../capture/capture.js";
import type { IndexPacking } from "../capture/packed-index.js";
import { readFacterReport } from "./facter-report.js";
import { recogniseCapture } from "./recognise-capture.js";
import { withoutByteOrderMark } from "./report-text.js";
import { readTar } from "./tar-capture.js";
import { readUdevExport } from "./udev-export.js";
import { UnreadableReport } from "./unreadable-report.js";

/** The most bytes of a file that are read, decompressed. A tar of a large server's /sys has some 500 MiB of zeros. */
export const MOST_REPORT_BYTES = 2 ** 30;

// A text becomes one string, of which node.js makes none of more than 512 MiB.
const MOST_TEXT_BYTES = 2 ** 28;

/**
 * @param bytes decompressed
 * @param pack the port's functions, for an archive that holds a kernel's indexes
 * @param parseCapture the reader of captures
 * @throws {UnreadableReport} or what parseCapture throws: an error with a sentence about the file
 */
export function readAnyCapture(bytes: Buffer, pack: IndexPacking, parseCapture: (bytes: Buffer) => Capture): Capture {
	const kind = recogniseCapture(bytes);
	if (kind === "capture") return parseCapture(bytes);
	if (kind === "tar") return readTar(bytes, pack);
	if (bytes.length > MOST_TEXT_BYTES)
		throw new UnreadableReport(`it has more than ${MOST_TEXT_BYTES / 2 ** 20} MiB, the limit for a text`);
	const text = withoutByteOrderMark(bytes.toString("latin1"));
	return kind === "udev export" ? readUdevExport(text) : readFacterReport(text);
}
