// Inserting, removing and reading modules: finit_module(2), init_module(2), delete_module(2).

import { constants as file, read, readSync } from "node:fs";
import { constants } from "node:os";
import { setTimeout as afterwards, clearTimeout } from "node:timers";
import { setTimeout } from "node:timers/promises";
import { Damage } from "../../libkmod/formats/damage.js";
import { MalformedModule } from "../../libkmod/formats/elf.js";
import { forceModule } from "../../libkmod/formats/forced-module.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import { type InsertFlags, Refusal, type RemoveFlags } from "../../libkmod/kernel/kernel.js";
import { isReadByKernel } from "../../libkmod/knowledge/kernel-decompression.js";
import { inRoom, type Room } from "../decoding/memory-budget.js";
import {
	type CompressedFile,
	type Compression,
	compressionOf,
	decompress,
	decompressFile,
	MAGIC_SIZE,
	walkCompressed,
} from "../decoding/module-file.js";
import { checkRegular, openUnwaiting } from "../files/bounded-read.js";
import { closeQuietly } from "../files/descriptor.js";
import { refusalFor } from "../files/refusal.js";
import { openSyscalls, type SyscallResult } from "../native/syscalls.js";

const IGNORE_MODVERSIONS = 1;
const IGNORE_VERMAGIC = 2;
const COMPRESSED_FILE = 4;

const NO_FILE = -1;

const { EINTR, ENOSYS } = constants.errno;
const ATTEMPTS = 6;
/** An init that takes longer, in milliseconds, may take as long as it likes. */
const LONG_INIT = 10_000;

/** What is to be inserted, and how. */
type Insertion = {
	readonly path: string;
	readonly fd: number;
	readonly parameters: string;
	readonly forced: InsertFlags;
	readonly room: Room;
};

/**
 * The module's init runs once at most, whatever it answers but EINTR. EAGAIN is an init's own answer: the kernel's loader has none
 * (kernel/module/main.c). EINTR may be the loader's, before any init: a signal came while it waited for another process's load of the
 * same module. An init that a signal interrupts answers the same, and nothing tells the two apart: after both the module may be absent
 * from /proc/modules. So both calls are made again, as the kernel itself does after a handler with SA_RESTART.
 */
export async function insertModule(
	path: string,
	parameters: string,
	forced: InsertFlags,
	kernelUnpacks: (compression: Compression) => boolean,
): Promise<void> {
	const fd = openModule(path);
	try {
		// Of a FIFO not even the first bytes can be asked for at their place.
		checkRegular(fd, path, bounds.module, "insert");
		await inRoom(async (room) => {
			const insertion = { path, fd, parameters, forced, room };
			const compression = compressionOf(readHead(fd));
			if (compression === undefined) await insertFile(insertion, 0, () => readWhole(insertion));
			else await insertCompressed(insertion, compression, kernelUnpacks(compression));
		});
	} finally {
		closeQuietly(fd);
	}
}

/** By the kernel's own decoder, where it has one that reads the file. */
async function insertCompressed(insertion: Insertion, compression: Compression, kernelUnpacks: boolean): Promise<void> {
	const image = await unpackForKernel(insertion, compression, kernelUnpacks);
	if (image !== undefined) return await insertImage(insertion, image);
	await insertFile(insertion, COMPRESSED_FILE, () => readUnpacked(insertion, compression));
}

/** Undefined for what the kernel is to unpack. The packed file is forgotten, and its room given back: an init may take minutes. */
async function unpackForKernel(
	insertion: Insertion,
	compression: Compression,
	kernelUnpacks: boolean,
): Promise<Buffer | undefined> {
	const { path, room } = insertion;
	let image: Buffer | undefined;
	try {
		const file = walkCompressed(compression, await readWhole(insertion), path);
		if (!kernelUnpacks || !doesKernelRead(file)) image = await decompressFile(file, path, { room });
	} catch (thrown) {
		if (!kernelUnpacks || !isUnsupported(thrown)) throw thrown;
	}
	room.keep(image?.buffer.byteLength ?? 0);
	return image;
}

async function readUnpacked(insertion: Insertion, compression: Compression): Promise<Buffer> {
	return await decompress(compression, await readWhole(insertion), insertion.path, { room: insertion.room });
}

/** What is damaged is refused here, with the reason. */
function doesKernelRead(file: CompressedFile): boolean {
	try {
		return isReadByKernel(file);
	} catch (thrown) {
		if (thrown instanceof Damage) return false;
		throw thrown;
	}
}

function isUnsupported(thrown: unknown): boolean {
	return thrown instanceof Refusal && thrown.cause instanceof Damage && thrown.cause.kind === "unsupported";
}

/** @param read the image, for kernels before 3.8. */
async function insertFile(insertion: Insertion, flags: number, read: () => Promise<Buffer>): Promise<void> {
	const { path, fd, parameters, forced, room } = insertion;
	const force = (forced.forceModversion ? IGNORE_MODVERSIONS : 0) | (forced.forceVermagic ? IGNORE_VERMAGIC : 0);
	const { finitModule } = await openSyscalls();
	const outcome = await insertWith(room, () => finitModule(fd, parameters, flags | force));
	// The module's init can answer ENOSYS too. A call without a file says whether it was that.
	if (outcome.errno !== ENOSYS || (await finitModule(NO_FILE, "", 0)).errno !== ENOSYS)
		return await accept("insert", path, outcome);
	await insertImage(insertion, await read());
}

/** init_module takes no flags: to force, the image itself is changed. */
async function insertImage({ path, parameters, forced, room }: Insertion, unpacked: Buffer): Promise<void> {
	const isForced = forced.forceModversion || forced.forceVermagic;
	if (isForced) await room.take(unpacked.length);
	const image = isForced ? forceImage(path, unpacked, forced) : unpacked;
	const { initModule } = await openSyscalls();
	await accept("insert", path, await insertWith(room, () => initModule(image, parameters)));
}

/** The kernel may read the image for as long as the call lasts, which others who want memory wait for, but not for ever. */
async function insertWith(room: Room, call: () => Promise<SyscallResult>): Promise<SyscallResult> {
	const long = afterwards(() => room.holdForLong(), LONG_INIT).unref();
	try {
		return await persistently(call);
	} finally {
		clearTimeout(long);
	}
}

function forceImage(path: string, image: Buffer, forced: InsertFlags): Buffer {
	try {
		return forceModule(image, forced);
	} catch (thrown) {
		if (!(thrown instanceof MalformedModule)) throw thrown;
		// What the kernel itself says of such a file.
		throw new Refusal({ operation: "insert", subject: path, code: "ENOEXEC", cause: thrown });
	}
}

export async function readModule(path: string): Promise<Buffer> {
	const fd = openModule(path);
	try {
		return await inRoom(async (room) => {
			const content = await readWhole({ fd, path, room });
			const compression = compressionOf(content.subarray(0, MAGIC_SIZE));
			return compression ? await decompress(compression, content, path, { room }) : content;
		});
	} finally {
		closeQuietly(fd);
	}
}

export async function unloadModule(module: string, { force }: RemoveFlags): Promise<void> {
	const { deleteModule } = await openSyscalls();
	const flags = file.O_NONBLOCK | (force ? file.O_TRUNC : 0);
	// EAGAIN says that the module is in use: to wait for that is the caller's choice.
	await accept("remove", module, await persistently(() => deleteModule(module, flags)));
}

/** Makes the call again where a signal has interrupted it. */
async function persistently(call: () => Promise<SyscallResult>): Promise<SyscallResult> {
	for (let attempt = 1; ; attempt++) {
		const outcome = await call();
		if (attempt === ATTEMPTS || outcome.errno !== EINTR) return outcome;
		await setTimeout(2 ** attempt);
	}
}

async function accept(operation: string, subject: string, { result, errno }: SyscallResult): Promise<void> {
	if (result >= 0) return;
	const { errnoName } = await openSyscalls();
	throw new Refusal({ operation, subject, code: errnoName(errno), errno });
}

// Opening and the first bytes are read at once, not on a thread: waking one takes several times as long as both, and at
// boot that is time taken from the drivers. What is large, the kernel reads on the thread of the insertion.
function openModule(path: string): number {
	try {
		return openUnwaiting(path, "open");
	} catch (thrown) {
		throw refusalFor("open", path, thrown);
	}
}

function readHead(fd: number): Buffer {
	const head = Buffer.alloc(MAGIC_SIZE);
	return head.subarray(0, readSync(fd, head, 0, MAGIC_SIZE, 0));
}

/** What it takes of the room stays taken. */
async function readWhole({ fd, path, room }: Pick<Insertion, "fd" | "path" | "room">): Promise<Buffer> {
	const size = checkRegular(fd, path, bounds.module);
	await room.take(size);
	const content = Buffer.allocUnsafeSlow(size);
	let length = 0;
	// From the file's start, wherever it was read to before.
	for (let got = 1; got > 0 && length < size; length += got) got = await readAt(fd, content, length, path);
	return content.subarray(0, length);
}

function readAt(fd: number, content: Buffer, at: number, path: string): Promise<number> {
	return new Promise((resolve, reject) =>
		read(fd, content, at, content.length - at, at, (error, got) =>
			error ? reject(refusalFor("read", path, error)) : resolve(got),
		),
	);
}
