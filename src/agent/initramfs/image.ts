// Reads an initramfs image: archives one behind the other, uncompressed (microcode) or compressed, as the kernel unpacks them
// (init/initramfs.c). Compressed parts that follow each other without a gap are one content, as the kernel has it.

import { formatBytes } from "../../libkmod/kernel/bounds.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import { DamagedImage } from "./damaged-image.js";
import { endOfPadding, type PartKind, partAt } from "./image-parts.js";
import type { ImageTree } from "./image-tree.js";
import { Unpacking } from "./unpacking.js";

/** Bytes of an image's file, and of its decompressed parts together: Debian's largest have some 400 MiB. */
export const MOST_IMAGE_BYTES = 2 ** 30;
const MOST_UNPACKED_BYTES = 2 ** 30;
/** Compressed parts. Each costs memory. */
const MOST_PARTS_OF_IMAGE = 2 ** 14;

export type Image = {
	/** As the call names it. */
	readonly file: string;
	readonly tree: ImageTree;
	/** The parts in their order: the compression of each, or "none". */
	readonly parts: readonly ("none" | "gzip" | "xz" | "zstd")[];
	/** Entries of all archives. */
	readonly entries: number;
};

type Decompressing = Pick<CaptureFiles, "decompressPart">;

/**
 * @param file as the call names it
 * @param most bytes of all decompressed parts
 * @throws {DamagedImage} for what is no image, is damaged or compressed otherwise {Refusal} ENOMEM
 */
export async function readImage(
	file: string,
	bytes: Buffer,
	files: Decompressing,
	most = MOST_UNPACKED_BYTES,
): Promise<Image> {
	const unpacking = new Unpacking(file);
	const parts: Image["parts"][number][] = [];
	let left = most;
	for (let at = endOfPadding(bytes, 0); at < bytes.length; at = endOfPadding(bytes, at)) {
		if (parts.length >= MOST_PARTS_OF_IMAGE)
			throw new DamagedImage(file, `has more than ${MOST_PARTS_OF_IMAGE.toLocaleString("en")} parts`);
		const part = partAt(bytes, at);
		if (part?.kind === "archive") {
			parts.push("none");
			at = unpacking.add(bytes, at);
		} else if (part?.kind === "compressed") {
			const run = await decompressRun(file, bytes, at, { left, most, parts, decompress: files.decompressPart });
			left -= run.content.length;
			addArchives(file, unpacking, run.content, at);
			at = run.end;
		} else throw notReadable(file, at, part);
	}
	if (parts.length === 0) throw new DamagedImage(file, "is no initramfs image: there is nothing in it but zeros");
	return { file, tree: unpacking.tree, parts, entries: unpacking.entries };
}

function notReadable(file: string, at: number, part: (PartKind & { kind: "unsupported" }) | undefined): DamagedImage {
	if (at === 0 && part === undefined)
		return new DamagedImage(file, "is no initramfs image: it begins with neither a cpio archive nor a compression");
	const place = at === 0 ? "" : `has a part at byte ${at} that `;
	return new DamagedImage(file, `${place}${part?.why ?? "is neither a cpio archive nor compressed"}`);
}

type Run = {
	/** Bytes that may still be decompressed. */
	readonly left: number;
	readonly most: number;
	/** The compression of each part is added here. */
	readonly parts: Image["parts"][number][];
	readonly decompress: CaptureFiles["decompressPart"];
};

/** Decompresses parts that follow each other without a gap. */
async function decompressRun(
	file: string,
	bytes: Buffer,
	start: number,
	{ left, most, parts, decompress }: Run,
): Promise<{ readonly content: Buffer; readonly end: number }> {
	const contents: Buffer[] = [];
	let at = start;
	let size = 0;
	for (let part = partAt(bytes, at); part?.kind === "compressed"; part = partAt(bytes, at)) {
		const limits = { name: file, mostBytes: left - size };
		const decompressed = await decompress(bytes.subarray(at), limits).catch(explainPart(file, at, part.by, most));
		contents.push(decompressed.content);
		parts.push(part.by);
		size += decompressed.content.length;
		at += decompressed.packedBytes;
		if (parts.length >= MOST_PARTS_OF_IMAGE) break;
	}
	return { content: contents.length === 1 ? contents[0]! : Buffer.concat(contents, size), end: at };
}

function explainPart(file: string, at: number, by: string, most: number): (thrown: unknown) => never {
	return (thrown) => {
		if (!(thrown instanceof Refusal) || thrown.code === "ENOMEM") throw thrown;
		const why = thrown.code === "EFBIG" ? `more than ${formatBytes(most)} when decompressed` : thrown.why;
		const place = at === 0 ? "" : ` at byte ${at}`;
		throw new DamagedImage(file, `has a part${place}, compressed by ${by}, that cannot be decompressed: ${why}`);
	};
}

/** Unpacks the archives within a decompressed content. */
function addArchives(file: string, unpacking: Unpacking, content: Buffer, start: number): void {
	for (let at = endOfPadding(content, 0); at < content.length; at = endOfPadding(content, at)) {
		if (partAt(content, at)?.kind !== "archive")
			throw new DamagedImage(
				file,
				`has a compressed part at byte ${start} that holds something else than cpio archives`,
			);
		at = unpacking.add(content, at);
	}
}
