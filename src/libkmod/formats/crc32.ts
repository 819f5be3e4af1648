// The CRC-32 of gzip and xz (IEEE 802.3, reflected, polynomial 0xEDB88320).

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
	let crc = byte;
	for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	return crc;
});

export function crc32(bytes: Uint8Array): number {
	let crc = 0xffffffff;
	for (let at = 0; at < bytes.length; at++) crc = TABLE[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
	return ~crc >>> 0;
}
