// Makes udev's messages for the tests: udev sends them after its rules have run. The format: src/agent/devices/udev-message.ts.

/** The fields of the header that differ from udev's own. */
export type UdevHeader = { magic?: number; size?: number; offset?: number; length?: number; prefix?: string };

/** @param properties strings of KEY=VALUE, each ended by NUL */
export function formatUdevMessage(properties: string, header: UdevHeader = {}): Buffer {
	const body = Buffer.from(properties, "latin1");
	const { magic = 0xfeedcafe, size = 40, offset = 40, length = body.length, prefix = "libudev\0" } = header;
	const head = Buffer.alloc(40);
	head.write(prefix, "latin1");
	head.writeUInt32BE(magic, 8);
	// The tests run on little-endian machines only, and the captures come from one.
	for (const [index, value] of [size, offset, length].entries()) head.writeUInt32LE(value, 12 + 4 * index);
	return Buffer.concat([head, body]);
}
