// Records of the kernel's log as /dev/kmsg has them (Documentation/ABI/testing/dev-kmsg): "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS;TEXT",
// and lines " KEY=VALUE" about the device that the text is about. Bytes that are not printable are written \xNN. Pure.

/** The most bytes of one record: the kernel's own limit (PRINTK_MESSAGE_MAX) is 2048, and each byte may be written as four. */
export const LONGEST_RECORD_BYTES = 16 * 2 ** 10;

export type KmsgRecord = {
	/** Who has written the record: 0 is the kernel, all others are programs (syslog(2)'s facilities). */
	readonly facility: number;
	/** Microseconds since the machine was booted. */
	readonly microseconds: number;
	/** The message, one character a byte, unescaped: it may hold any byte, line ends among them. */
	readonly text: string;
};

/** One record, or undefined when the text is none. Lines after the first are about the device, and are not read. */
export function parseKmsg(record: string): KmsgRecord | undefined {
	if (record.length > LONGEST_RECORD_BYTES) return undefined;
	const [, priority, microseconds, text = ""] = HEADER.exec(record) ?? [];
	if (priority === undefined || microseconds === undefined) return undefined;
	const time = Number(microseconds);
	if (!Number.isSafeInteger(time)) return undefined;
	return { facility: Number(priority) >> 3, microseconds: time, text: unescapeBytes(text) };
}

/** All records of a file that was copied from /dev/kmsg. What is no record, or is cut, is left out. */
export function parseKmsgFile(text: string): readonly KmsgRecord[] {
	return text
		.split(/\n(?! )/)
		.map(parseKmsg)
		.filter((record) => record !== undefined);
}

/** Fields that later kernels may add stand between the microseconds and the semicolon. */
const HEADER = /^([0-9]{1,9}),[0-9]{1,20},([0-9]{1,20}),[^;\n]*;([^\n]*)/;

function unescapeBytes(text: string): string {
	if (!text.includes("\\x")) return text;
	return text.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
