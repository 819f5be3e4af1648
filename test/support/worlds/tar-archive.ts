// Tar archives made by hand, for what no archiver writes: hostile names, damaged headers, sizes that are not there.

export type HandMadeEntry = {
	readonly name: string;
	/** Of the header. Default: "0", a file. */
	readonly type?: string;
	readonly target?: string;
	readonly content?: string | Buffer;
	/** The size that the header tells, where it is not that of the content. */
	readonly size?: number | string;
	/** Bytes put over the header before its checksum is made, by their place. */
	readonly over?: Readonly<Record<number, string | Buffer>>;
	/** Whether the checksum is wrong. */
	readonly broken?: boolean;
};

const bytesOf = (text: string | Buffer): Buffer => (typeof text === "string" ? Buffer.from(text, "latin1") : text);

export function tarEntry({
	name,
	type = "0",
	target = "",
	content = "",
	size,
	over = {},
	broken,
}: HandMadeEntry): Buffer {
	const data = bytesOf(content);
	const header = Buffer.alloc(512);
	const put = (at: number, text: string | Buffer): void => void bytesOf(text).copy(header, at);
	put(0, name.slice(0, 100));
	put(100, "0000644\x000000000\x000000000\0");
	put(124, typeof size === "string" ? size : `${(size ?? data.length).toString(8).padStart(11, "0")}\0`);
	put(136, "00000000000\0");
	put(156, type);
	put(157, target.slice(0, 100));
	put(257, "ustar\x0000");
	for (const [at, text] of Object.entries(over)) put(Number(at), text);
	header.fill(" ", 148, 156);
	const sum = header.reduce((total, byte) => total + byte, 0) + (broken ? 1 : 0);
	put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
	return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);

export const tarArchive = (entries: readonly HandMadeEntry[]): Buffer => Buffer.concat([...entries.map(tarEntry), END]);

/** A record of a pax header: its length counts its own digits. */
export function paxRecord(key: string, value: string): string {
	const rest = ` ${key}=${value}\n`.length;
	let length = rest + 1;
	while (`${length}`.length + rest !== length) length = `${length}`.length + rest;
	return `${length} ${key}=${value}\n`;
}
