// What udev sends on when its rules have run, made for the tests; src/agent/devices/udev-message.ts has the format.

/** Where its header is to differ from udev's own. */
export type UdevHeader = { magic?: number; size?: number; offset?: number; length?: number; prefix?: string };

/** @param properties strings of KEY=VALUE, each ended by NUL */
export function formatUdevMessage(properties: string, header: UdevHeader = {}): Buffer {
	const body = Buffer.from(properties, "latin1");
	const { magic = 0xfeedcafe, size = 40, offset = 40, length = body.length, prefix = "libudev\0" } = header;
	const head = Buffer.alloc(40);
	head.write(prefix, "latin1");
	head.writeUInt32BE(magic, 8);
	// The tests' machines are little-endian, as the captures' was.
	for (const [index, value] of [size, offset, length].entries()) head.writeUInt32LE(value, 12 + 4 * index);
	return Buffer.concat([head, body]);
}
