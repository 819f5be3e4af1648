// Unpacks the archives of an initramfs into one tree, in their order: a later entry replaces an earlier one of its path. Bounded:
// how many entries there are, how long their names, and how much content is kept.

import { formatBytes } from "../../libkmod/kernel/bounds.js";
import { type CpioEntry, parseCpio } from "./cpio-archive.js";
import { DamagedImage } from "./damaged-image.js";
import { type ImageFile, ImageTree } from "./image-tree.js";
import { isKept, MOST_KEPT_BYTES, MOST_KEPT_FILE_BYTES } from "./kept-files.js";

/** Entries of all archives: some fifty times as many as Debian's largest image has. */
export const MOST_ENTRIES = 2 ** 18;
/** Characters of all names. */
const MOST_NAME_BYTES = 2 ** 26;

export class Unpacking {
	readonly tree = new ImageTree();
	readonly #file: string;
	#entries = 0;
	#nameBytes = 0;
	#keptBytes = 0;

	/** @param file for messages */
	constructor(file: string) {
		this.#file = file;
	}

	/** @returns the offset of the end of the archive at `start` @throws {DamagedImage} */
	add(bytes: Buffer, start: number): number {
		/** By identity: the file that has several names, and the contents of which may come with a later one. */
		const linked = new Map<string, Linked>();
		return parseCpio(this.#file, bytes, start, (entry) => this.#place(entry, linked));
	}

	#place(entry: CpioEntry, linked: Map<string, Linked>): void {
		this.#count(entry);
		const { name, kind, data } = entry;
		if (name === "") return;
		if (kind === "directory") this.#put(name, { kind, names: new Map() });
		else if (kind === "link") this.#put(name, { kind, target: data.toString("latin1").replace(/\0.*$/s, "") });
		else if (kind === "special") this.#put(name, { kind });
		else this.#putFile(entry, linked);
	}

	#putFile({ name, identity, data }: CpioEntry, linked: Map<string, Linked>): void {
		const known = identity === undefined ? undefined : linked.get(identity);
		const file: ImageFile = known?.file ?? { kind: "file", bytes: 0 };
		const path = this.#put(name, file);
		const isAsked = known?.isAsked === true || isKept(`/${name}`) || (path !== undefined && isKept(path));
		if (identity !== undefined) linked.set(identity, { file, isAsked });
		// The data of hard links come with the last of their names. An empty file has none.
		if (data.length > 0) file.bytes = data.length;
		if (!isAsked || (known !== undefined && data.length === 0)) return;
		this.#keptBytes += data.length;
		if (data.length > MOST_KEPT_FILE_BYTES || this.#keptBytes > MOST_KEPT_BYTES)
			throw this.#tooMuch(`${formatBytes(data.length)} in ${name}`);
		// A copy, so that the decompressed part need not stay in memory.
		file.content = Buffer.from(data);
	}

	#put(name: string, node: Parameters<ImageTree["place"]>[1]): string | undefined {
		const path = this.tree.place(name, node);
		if (this.tree.isSpent) throw this.#tooMuch("links that lead on to links");
		return path;
	}

	#count({ name }: CpioEntry): void {
		this.#entries++;
		this.#nameBytes += name.length;
		if (this.#entries > MOST_ENTRIES) throw this.#tooMuch(`more than ${MOST_ENTRIES.toLocaleString("en")} entries`);
		if (this.#nameBytes > MOST_NAME_BYTES) throw this.#tooMuch(`names of more than ${formatBytes(MOST_NAME_BYTES)}`);
	}

	get entries(): number {
		return this.#entries;
	}

	#tooMuch(what: string): DamagedImage {
		return new DamagedImage(this.#file, `has more than an initramfs may have here: ${what}`);
	}
}

type Linked = { readonly file: ImageFile; readonly isAsked: boolean };
