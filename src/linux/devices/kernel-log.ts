// Reads the kernel's log from /dev/kmsg, where each read(2) gives one record (Documentation/ABI/testing/dev-kmsg), without waiting
// for records to come. A copy of /dev/kmsg in a captured machine is read as well.

import { constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { type KmsgRecord, LONGEST_RECORD_BYTES, parseKmsg, parseKmsgFile } from "../../libkmod/formats/kmsg.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import type { KernelLogRecord, Unreadable } from "../../ports/inspection.js";
import { readBounded } from "../files/bounded-read.js";
import { closeQuietly } from "../files/descriptor.js";
import { onDisk } from "../files/disk-path.js";
import { refusalFor } from "../files/refusal.js";
import { findWithin } from "../files/root-directory.js";

/** /dev/kmsg: major 1, minor 11, as Linux encodes them in a device number. */
const KMSG_DEVICE = 0x10b;

/**
 * The records that the kernel itself has written, the newest last: programs can write to /dev/kmsg too. At most as many bytes are
 * read as bounds.kernelLog has.
 * @param path of /dev/kmsg, or of a copy. A character device that is not /dev/kmsg is not read.
 * @param root where `path` is below the root directory of another machine, whose links are resolved there. Else ""
 */
export function readKernelLog(path: string, root = ""): readonly KernelLogRecord[] | Unreadable {
	try {
		return readRecords(root === "" ? path : findWithin(root, path))
			.filter(({ facility }) => facility === 0)
			.map(({ microseconds, text }) => ({ microseconds, text }));
	} catch (thrown) {
		return { unreadable: explainUnreadable(path, refusalFor("read", path, thrown)) };
	}
}

function readRecords(path: string): readonly KmsgRecord[] {
	const fd = openSync(onDisk(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	try {
		const stat = fstatSync(fd);
		if (stat.isFile()) return parseKmsgFile(readBounded(path, bounds.kernelLog).toString("latin1"));
		if (!isKmsg(stat)) throw new Refusal({ operation: "read", subject: path, code: "EINVAL", reason: NO_LOG });
		return [...drain(fd)];
	} finally {
		closeQuietly(fd);
	}
}

const isKmsg = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === KMSG_DEVICE;

const NO_LOG = "it is neither the kernel's log nor a copy of it";

/** The kernel's log may grow meanwhile, as fast as it is read: the bound ends that. */
function* drain(fd: number): Generator<KmsgRecord> {
	const buffer = Buffer.allocUnsafe(LONGEST_RECORD_BYTES);
	for (let left = bounds.kernelLog.bytes; left > 0; ) {
		const length = readNext(fd, buffer);
		if (length === undefined) return;
		// A record that was overwritten costs as much as a short one.
		left -= Math.max(length, SHORTEST_RECORD_BYTES);
		const record = parseKmsg(buffer.toString("latin1", 0, length));
		if (record !== undefined) yield record;
	}
}

const SHORTEST_RECORD_BYTES = 16;

/** The length of the next record; 0 when records were overwritten before they were read (EPIPE); undefined after the last. */
function readNext(fd: number, buffer: Buffer): number | undefined {
	try {
		return readSync(fd, buffer) || undefined;
	} catch (thrown) {
		const { code } = thrown as NodeJS.ErrnoException;
		if (code === "EAGAIN") return undefined;
		if (code === "EPIPE") return 0;
		throw thrown;
	}
}

function explainUnreadable(path: string, refusal: Refusal): string {
	const { code } = refusal;
	if (code === "EPERM" || code === "EACCES")
		return `the kernel's log, ${path}, may not be read by this user (${code}): ask again as root`;
	if (code === "ENOENT" || code === "ENOTDIR") return `the kernel's log cannot be read: there is no ${path}`;
	return `the kernel's log, ${path}, cannot be read: ${refusal.reason ?? formatErrno(refusal)}`;
}
