// Digests thousands of module files for depmod. Plain files are read one after the other into one buffer, which is faster than
// two threads. Decompression takes nearly all the time of a compressed file: several are decompressed at once, on libuv's threads
// if the decoder runs there, otherwise on worker threads.

import { readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { digestOfUnreadable, type ModuleDigest, ModuleDigester } from "../../libkmod/depmod/module-digest.js";
import type { Digests } from "../../libkmod/depmod/module-tree.js";
import { SymbolNames } from "../../libkmod/depmod/symbol-names.js";
import { MalformedModule, type ReadRange } from "../../libkmod/formats/elf.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { borrowBuffer, dropBuffers, dropLargeBuffer, returnBuffer } from "../decoding/large-buffers.js";
import { inRoom } from "../decoding/memory-budget.js";
import { type Compression, compressionOf, decompress, findDecoder, MAGIC_SIZE } from "../decoding/module-file.js";
import { DECODERS_AT_ONCE } from "../decoding/native-decoders.js";
import { checkRegular, openUnwaiting } from "../files/bounded-read.js";
import { closeQuietly } from "../files/descriptor.js";
import { refusalFor } from "../files/refusal.js";
import { digestInThreads } from "./digest-threads.js";

/** Starting threads takes about as long as decompressing so many modules. */
const FEWEST_FOR_THREADS = 40;

/** Digests module files. A file that cannot be read gets a digest that says why. */
export async function digestModules(directory: string, paths: readonly string[]): Promise<Digests> {
	const digester = new ModuleDigester(new SymbolNames());
	const { plain, native, scripted } = await divide(paths);
	const threads = Math.min(availableParallelism(), Math.ceil(scripted.length / FEWEST_FOR_THREADS));
	const all = [digestInTurn(directory, plain, digester), digestScripted(threads, directory, scripted, digester)];
	for (let n = 0; n < Math.min(DECODERS_AT_ONCE, native.length); n++)
		all.push(digestInTurn(directory, native, digester));
	const modules = await Promise.all(all);
	dropBuffers();
	return { modules: modules.flat(), names: digester.names };
}

/**
 * Digests files on worker threads. With a single thread, or when the threads fail, for example for want of memory, the files are
 * digested on this thread: without depmod a new kernel has no modules.
 * @param script the path of another script for the threads, for tests
 */
export async function digestScripted(
	threads: number,
	directory: string,
	paths: readonly string[],
	digester: ModuleDigester,
	script?: string,
): Promise<ModuleDigest[]> {
	const shared = threads > 1 ? digestInThreads(threads, directory, paths, digester.names, script) : undefined;
	const here = () => digestInTurn(directory, [...paths], digester);
	return shared === undefined ? await here() : await shared.catch(here);
}

/** Divides the files by the kind of their decoder, according to their names' extensions. */
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

/** Milliseconds after which the event loop gets a turn: threads wait for answers, and a caller may have other work. */
const TURN_MILLISECONDS = 20;

async function digestInTurn(directory: string, queue: string[], digester: ModuleDigester): Promise<ModuleDigest[]> {
	const reader = new ModuleReader(directory);
	const modules: ModuleDigest[] = [];
	let turned = performance.now();
	for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
		modules.push(await reader.digest(path, digester));
		if (performance.now() - turned < TURN_MILLISECONDS) continue;
		await new Promise((resolve) => setImmediate(resolve));
		turned = performance.now();
	}
	return modules;
}

/** The size in bytes of the largest buffer that a reader keeps as its own. */
const LARGEST_OWN_BYTES = 2 ** 24;

/** Reads each file into one buffer, and decompresses it into another. Both are used again for the next file. */
export class ModuleReader {
	readonly #directory: string;
	readonly #image = new Lent();
	readonly #content = new Lent();

	constructor(directory: string) {
		this.#directory = directory;
	}

	// Not async: a plain file is digested synchronously.
	digest(path: string, digester: ModuleDigester): ModuleDigest | Promise<ModuleDigest> {
		const file = path.startsWith("/") ? path : `${this.#directory}/${path}`;
		try {
			const fd = openUnwaiting(file);
			let unpacking = false;
			try {
				const image = this.#image.take(checkRegular(fd, file, bounds.module));
				const load = partialReader(fd, image);
				load(0, Math.min(image.length, MAGIC_SIZE));
				const compression = compressionOf(image.subarray(0, MAGIC_SIZE));
				if (compression === undefined) return digester.digest(path, image, load);
				unpacking = true;
				return this.#unpack(compression, { image, load, file }, (content) => digester.digest(path, content))
					.catch((thrown) => failed(path, file, thrown))
					.finally(() => closeQuietly(fd));
			} finally {
				if (!unpacking) this.#end(fd);
			}
		} catch (thrown) {
			return failed(path, file, thrown);
		}
	}

	#unpack<T>(
		compression: Compression,
		{ image, load, file }: { readonly image: Buffer; readonly load: ReadRange; readonly file: string },
		use: (content: Buffer) => T,
	): Promise<T> {
		return inRoom(async (room) => {
			try {
				await room.take(image.length);
				load(0, image.length);
				return use(await decompress(compression, image, file, { room, allocate: (size) => this.#allocate(size) }));
			} finally {
				// The buffers are returned before the room is closed, so that the file that gets the memory next can borrow them.
				this.#image.end();
				this.#content.end();
			}
		});
	}

	#allocate(size: number): Buffer {
		if (size <= LARGEST_OWN_BYTES) dropLargeBuffer();
		return this.#content.take(size);
	}

	#end(fd: number): void {
		closeQuietly(fd);
		this.#image.end();
		this.#content.end();
	}
}

/** The reader's own buffer, or, for a large file, a borrowed one. */
class Lent {
	#own = Buffer.alloc(0);
	#borrowed: Buffer | undefined;

	/** A buffer of `size` bytes. The buffer of the call before is returned. */
	take(size: number): Buffer {
		this.end();
		if (size > LARGEST_OWN_BYTES) this.#borrowed = borrowBuffer(size);
		else if (size > this.#own.length) this.#own = Buffer.allocUnsafeSlow(Math.min(2 * size, LARGEST_OWN_BYTES));
		return (this.#borrowed ?? this.#own).subarray(0, size);
	}

	end(): void {
		if (this.#borrowed !== undefined) returnBuffer(this.#borrowed);
		this.#borrowed = undefined;
	}
}

/** The least bytes of one read: a smaller file is read at once. */
const LEAST_READ_BYTES = 1 << 14;
/** The most parts of a file. A file of which more are asked for is read whole, since every part is searched at each call. */
const MOST_READS = 64;

/** Returns a function that reads a range of a file to its place in the image, unless an earlier read has covered it. */
function partialReader(fd: number, image: Buffer): ReadRange {
	const parts: { readonly start: number; readonly end: number }[] = [];
	return (start, end) => {
		for (const part of parts) if (start >= part.start && end <= part.end) return;
		const whole = parts.length === MOST_READS;
		if (whole) parts.length = 0;
		const part = whole
			? { start: 0, end: image.length }
			: { start, end: Math.min(image.length, Math.max(end, start + LEAST_READ_BYTES)) };
		const read = readSync(fd, image, part.start, part.end - part.start, part.start);
		if (start + read < end) throw new MalformedModule("it became shorter while it was read");
		parts.push(part);
	};
}

function failed(path: string, file: string, thrown: unknown): ModuleDigest {
	if (thrown instanceof MalformedModule) return digestOfUnreadable(path, thrown.reason);
	return digestOfUnreadable(path, formatErrno(refusalFor("read", file, thrown)));
}
