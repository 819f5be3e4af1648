// Inserts, removes and reads modules: finit_module(2), init_module(2), delete_module(2).

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
/** Milliseconds after which an insertion counts as long: its memory no longer makes others wait. */
const LONG_INIT_MILLISECONDS = 10_000;

type Insertion = {
	readonly path: string;
	readonly fd: number;
	readonly parameters: string;
	readonly forced: InsertFlags;
	readonly room: Room;
};

/**
 * Inserts a module file. The module's init runs at most once, unless the call answers EINTR, the only errno that is retried.
 * EAGAIN is the answer of an init: the kernel's loader never gives it (kernel/module/main.c). EINTR may come from the loader
 * before any init has run: a signal arrived while the loader waited for another process to load the same module. An init that a
 * signal interrupts answers EINTR as well, and the two cannot be told apart: after either the module may be absent from
 * /proc/modules. So the call is made again in both cases, as the kernel itself restarts a system call after a handler with
 * SA_RESTART.
 */
export async function insertModule(
	path: string,
	parameters: string,
	forced: InsertFlags,
	kernelUnpacks: (compression: Compression) => boolean,
): Promise<void> {
	const fd = openModule(path);
	try {
		// Checked before the first read: a FIFO does not support reads at a position.
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

/** The kernel's own decoder decompresses the file when it can read it. Otherwise the file is decompressed here. */
async function insertCompressed(insertion: Insertion, compression: Compression, kernelUnpacks: boolean): Promise<void> {
	const image = await unpackForKernel(insertion, compression, kernelUnpacks);
	if (image !== undefined) return await insertImage(insertion, image);
	await insertFile(insertion, COMPRESSED_FILE, () => readUnpacked(insertion, compression));
}

/**
 * Undefined when the kernel is to decompress the file itself. The compressed bytes are dropped and their share of the memory
 * budget is released before the insertion, since an init may take minutes.
 */
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

/** False for a damaged file, so that the decoder here refuses the file and gives the reason. */
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

/** @param read reads the module's image, for kernels before 3.8, which lack finit_module(2) */
async function insertFile(insertion: Insertion, flags: number, read: () => Promise<Buffer>): Promise<void> {
	const { path, fd, parameters, forced, room } = insertion;
	const force = (forced.forceModversion ? IGNORE_MODVERSIONS : 0) | (forced.forceVermagic ? IGNORE_VERMAGIC : 0);
	const { finitModule } = await openSyscalls();
	const outcome = await insertWith(room, () => finitModule(fd, parameters, flags | force));
	// ENOSYS may also come from the module's init. A second call with an invalid descriptor tells whether the kernel has the system
	// call.
	if (outcome.errno !== ENOSYS || (await finitModule(NO_FILE, "", 0)).errno !== ENOSYS)
		return await accept("insert", path, outcome);
	await insertImage(insertion, await read());
}

/** init_module(2) takes no flags: a forced insertion changes the image instead. */
async function insertImage({ path, parameters, forced, room }: Insertion, unpacked: Buffer): Promise<void> {
	const isForced = forced.forceModversion || forced.forceVermagic;
	if (isForced) await room.take(unpacked.length);
	const image = isForced ? forceImage(path, unpacked, forced) : unpacked;
	const { initModule } = await openSyscalls();
	await accept("insert", path, await insertWith(room, () => initModule(image, parameters)));
}

/**
 * The kernel may read the image for as long as the call lasts, so the image keeps its share of the memory budget and other
 * insertions wait for memory. After LONG_INIT_MILLISECONDS they stop waiting.
 */
async function insertWith(room: Room, call: () => Promise<SyscallResult>): Promise<SyscallResult> {
	const long = afterwards(() => room.holdForLong(), LONG_INIT_MILLISECONDS).unref();
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
		// The kernel answers ENOEXEC for such a file too.
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
	// EAGAIN means that the module is in use: whether to wait is the caller's choice.
	await accept("remove", module, await persistently(() => deleteModule(module, flags)));
}

/** Retries a call that a signal has interrupted (EINTR), with a growing pause, and returns its last outcome. */
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

// The file is opened, and its first bytes read, synchronously: to wake a thread of the pool takes several times as long as both,
// and at boot that time is taken from the drivers. The kernel reads the bulk of the file on the thread of the insertion.
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

/** Takes the file's size from the memory budget, and does not give it back. */
async function readWhole({ fd, path, room }: Pick<Insertion, "fd" | "path" | "room">): Promise<Buffer> {
	const size = checkRegular(fd, path, bounds.module);
	await room.take(size);
	const content = Buffer.allocUnsafeSlow(size);
	let length = 0;
	// Reads by position, from the file's start: the descriptor's own offset does not matter.
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
