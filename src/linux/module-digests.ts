// Reads thousands of module files for depmod. Plain ones go one after the other through one buffer, which is faster than any
// two threads are. To unpack takes nearly all the time of those that are compressed: several are unpacked at once, on libuv's
// threads where the decoder works there, else on threads that run JavaScript.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type ModuleDigest, ModuleDigester, unreadable } from "../libkmod/depmod/module-digest.js";
import type { Digests } from "../libkmod/depmod/module-tree.js";
import { SymbolNames } from "../libkmod/depmod/symbol-names.js";
import { formatErrno } from "../libkmod/error-text.js";
import { type Load, MalformedModule } from "../libkmod/formats/elf.js";
import { Refusal } from "../libkmod/kernel.js";
import { digestInThreads } from "./digest-threads.js";
import { onDisk } from "./disk-path.js";
import { type Compression, compressionOf, decompress, findDecoder, MAGIC_SIZE } from "./module-file.js";
import { DECODERS_AT_ONCE } from "./native-decoders.js";
import { refusalFor } from "./refusal.js";

/** Starting threads takes as long as unpacking so many modules. */
const FEWEST_FOR_THREADS = 40;

/** A file that cannot be read has a digest that says so. */
export async function digestModules(directory: string, paths: readonly string[]): Promise<Digests> {
	const digester = new ModuleDigester(new SymbolNames());
	const { plain, native, scripted } = await divide(paths);
	const threads = Math.min(availableParallelism(), Math.ceil(scripted.length / FEWEST_FOR_THREADS));
	const shared = threads > 1 ? digestInThreads(threads, directory, scripted, digester.names) : undefined;
	const queue = [...plain, ...(shared === undefined ? scripted : [])];
	const here = [digestInTurn(directory, queue, digester)];
	for (let n = 0; n < Math.min(DECODERS_AT_ONCE, native.length); n++)
		here.push(digestInTurn(directory, native, digester));
	const modules = await Promise.all([...here, shared ?? []]);
	return { modules: modules.flat(), names: digester.names };
}

/** By what unpacks them, as far as their names tell how they are compressed. */
async function divide(paths: readonly string[]) {
	const divided = { plain: [] as string[], native: [] as string[], scripted: [] as string[] };
	for (const path of paths) {
		const compression = COMPRESSIONS[path.slice(path.lastIndexOf(".") + 1)];
		if (compression === undefined) divided.plain.push(path);
		else divided[(await findDecoder(compression)).onThreads ? "native" : "scripted"].push(path);
	}
	return divided;
}

const COMPRESSIONS: Readonly<Record<string, Compression>> = { gz: "gzip", xz: "xz", zst: "zstd" };

async function digestInTurn(directory: string, queue: string[], digester: ModuleDigester): Promise<ModuleDigest[]> {
	const reader = new ModuleReader(directory);
	const modules: ModuleDigest[] = [];
	for (let path = queue.shift(); path !== undefined; path = queue.shift())
		modules.push(await reader.digest(path, digester));
	return modules;
}

/** Reads files into one buffer, and unpacks them into another, that each of them has for as long as it is being digested. */
export class ModuleReader {
	readonly #directory: string;
	#buffer = Buffer.allocUnsafeSlow(1 << 22);
	#unpacked = Buffer.alloc(0);

	constructor(directory: string) {
		this.#directory = directory;
	}

	// Not async: where nothing is to be unpacked, there is nothing to wait for.
	digest(path: string, digester: ModuleDigester): ModuleDigest | Promise<ModuleDigest> {
		const file = path.startsWith("/") ? path : `${this.#directory}/${path}`;
		try {
			return this.#reading(file, (fd, image) => {
				const load = partialReader(fd, image);
				load(0, Math.min(image.length, MAGIC_SIZE));
				const compression = compressionOf(image.subarray(0, MAGIC_SIZE));
				if (compression === undefined) return digester.digest(path, image, load);
				load(0, image.length);
				return decompress(compression, image, file, { allocate: this.#allocate }).then(
					(unpacked) => digester.digest(path, unpacked),
					(thrown) => failed(path, thrown),
				);
			});
		} catch (thrown) {
			return failed(path, thrown);
		}
	}

	readonly #allocate = (size: number): Buffer => {
		if (size > this.#unpacked.length) this.#unpacked = Buffer.allocUnsafeSlow(size + (size >> 1));
		return this.#unpacked.subarray(0, size);
	};

	#reading<T>(file: string, use: (fd: number, image: Buffer) => T): T {
		try {
			const fd = openSync(onDisk(file), "r");
			try {
				const { size } = fstatSync(fd);
				if (size > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(2 * size);
				return use(fd, this.#buffer.subarray(0, size));
			} finally {
				closeSync(fd);
			}
		} catch (thrown) {
			if (thrown instanceof MalformedModule) throw thrown;
			throw refusalFor("read", file, thrown);
		}
	}
}

/** Smaller files are read at once, and of larger ones no less than this. */
const LEAST = 1 << 14;

/** Reads the parts of a file to their places in the image, each at most once. */
function partialReader(fd: number, image: Buffer): Load {
	const parts: { readonly start: number; readonly end: number }[] = [];
	return (start, end) => {
		for (const part of parts) if (start >= part.start && end <= part.end) return;
		const part = { start, end: Math.min(image.length, Math.max(end, start + LEAST)) };
		const read = readSync(fd, image, part.start, part.end - part.start, part.start);
		if (start + read < end) throw new MalformedModule("it became shorter while it was read");
		parts.push(part);
	};
}

function failed(path: string, thrown: unknown): ModuleDigest {
	if (thrown instanceof MalformedModule) return unreadable(path, thrown.reason);
	if (!(thrown instanceof Refusal)) throw thrown;
	return unreadable(path, formatErrno(thrown));
}
