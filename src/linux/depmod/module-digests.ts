// Reads thousands of module files for depmod. Plain ones go one after the other through one buffer, which is faster than any
// two threads are. To unpack takes nearly all the time of those that are compressed: several are unpacked at once, on libuv's
// threads where the decoder works there, else on threads that run JavaScript.

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

/** Starting threads takes as long as unpacking so many modules. */
const FEWEST_FOR_THREADS = 40;

/** A file that cannot be read has a digest that says so. */
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
 * On so many threads; here, where they would be one, or fail, as where there is no memory to begin one: without depmod a new kernel has
 * no modules. @param script of the threads, where tests have their own
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

/** After so many milliseconds the event loop turns once: threads wait for their answers, and a caller may have other work. */
const TURN = 20;

async function digestInTurn(directory: string, queue: string[], digester: ModuleDigester): Promise<ModuleDigest[]> {
	const reader = new ModuleReader(directory);
	const modules: ModuleDigest[] = [];
	let turned = performance.now();
	for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
		modules.push(await reader.digest(path, digester));
		if (performance.now() - turned < TURN) continue;
		await new Promise((resolve) => setImmediate(resolve));
		turned = performance.now();
	}
	return modules;
}

/** Beyond so many bytes a reader keeps no buffer of its own. */
const KEPT = 2 ** 24;

/** Reads files into one buffer, and unpacks them into another, that each of them has for as long as it is being digested. */
export class ModuleReader {
	readonly #directory: string;
	readonly #image = new Lent();
	readonly #content = new Lent();

	constructor(directory: string) {
		this.#directory = directory;
	}

	// Not async: where nothing is to be unpacked, there is nothing to wait for.
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
				// Before the room is given back: whoever has it next has the buffers too.
				this.#image.end();
				this.#content.end();
			}
		});
	}

	#allocate(size: number): Buffer {
		if (size <= KEPT) dropLargeBuffer();
		return this.#content.take(size);
	}

	#end(fd: number): void {
		closeQuietly(fd);
		this.#image.end();
		this.#content.end();
	}
}

/** A buffer of one's own, or, where it would be large, one that is borrowed. */
class Lent {
	#own = Buffer.alloc(0);
	#borrowed: Buffer | undefined;

	/** What was taken before is given back. */
	take(size: number): Buffer {
		this.end();
		if (size > KEPT) this.#borrowed = borrowBuffer(size);
		else if (size > this.#own.length) this.#own = Buffer.allocUnsafeSlow(Math.min(2 * size, KEPT));
		return (this.#borrowed ?? this.#own).subarray(0, size);
	}

	end(): void {
		if (this.#borrowed !== undefined) returnBuffer(this.#borrowed);
		this.#borrowed = undefined;
	}
}

/** Smaller files are read at once, and of larger ones no less than this. */
const LEAST = 1 << 14;
/** A file that is asked for in more parts is read whole, lest they be looked through again and again. */
const MOST_READS = 64;

/** Reads the parts of a file to their places in the image, each at most once. */
function partialReader(fd: number, image: Buffer): ReadRange {
	const parts: { readonly start: number; readonly end: number }[] = [];
	return (start, end) => {
		for (const part of parts) if (start >= part.start && end <= part.end) return;
		const whole = parts.length === MOST_READS;
		if (whole) parts.length = 0;
		const part = whole
			? { start: 0, end: image.length }
			: { start, end: Math.min(image.length, Math.max(end, start + LEAST)) };
		const read = readSync(fd, image, part.start, part.end - part.start, part.start);
		if (start + read < end) throw new MalformedModule("it became shorter while it was read");
		parts.push(part);
	};
}

function failed(path: string, file: string, thrown: unknown): ModuleDigest {
	if (thrown instanceof MalformedModule) return digestOfUnreadable(path, thrown.reason);
	return digestOfUnreadable(path, formatErrno(refusalFor("read", file, thrown)));
}
