// System calls that node does not offer, through koffi: finit_module(2), init_module(2), delete_module(2), setsockopt(2),
// getsockopt(2), flock(2), datagrams to Unix sockets by socket(2) and sendto(2), syslog(3), and _exit(2). The symbols come from
// the process's global scope, so that a preloaded library can replace libc.

import { constants } from "node:os";
import { loadKoffi, type Native } from "./koffi.js";
import { inPool } from "./thread-pool.js";

/** Operations of flock(2). */
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;

/** The return value of a system call, and its errno: 0 when it has not failed. */
export type SyscallResult = { readonly result: number; readonly errno: number };

/**
 * All strings are byte strings, one character a byte. The calls on modules block a thread of libuv's pool for as long as the
 * driver's init or exit takes.
 */
export type Syscalls = {
	finitModule(fd: number, parameters: string, flags: number): Promise<SyscallResult>;
	initModule(image: Buffer, parameters: string): Promise<SyscallResult>;
	deleteModule(name: string, flags: number): Promise<SyscallResult>;
	/** For options of type int. */
	setSocketOption(fd: number, level: number, option: number, value: number): SyscallResult;
	/** The option's value is written into the buffer `value`, whose length is the size that is asked for. */
	getSocketOption(fd: number, level: number, option: number, value: Buffer): SyscallResult;
	/** flock(2). */
	lockFile(fd: number, operation: number): SyscallResult;
	/** socket(2): the result is a descriptor. */
	openSocket(domain: number, type: number): SyscallResult;
	/** sendto(2). The address is the bytes of a sockaddr. */
	sendTo(fd: number, datagram: Buffer, flags: number, address: Buffer): SyscallResult;
	/**
	 * syslog(3), to be called once. The function that it returns sends one message under the program's name, with facility
	 * "daemon".
	 */
	openSyslog(program: string): (priority: number, text: string) => void;
	/** _exit(2): ends this process even if threads are in system calls, for which process.exit() would wait. Never returns. */
	exitNow(status: number): void;
	/** The name of an errno, such as EKEYREJECTED. node itself knows only the errnos of its own system calls. */
	errnoName(errno: number): string;
};

// The number of finit_module(2) by architecture, since libc has no wrapper for it. Elsewhere init_module(2) is used.
const FINIT_MODULE: Readonly<Record<string, number>> = {
	x64: 313,
	ia32: 350,
	arm: 379,
	arm64: 273,
	riscv64: 273,
	loong64: 273,
	ppc64: 353,
	s390x: 344,
};

const LOG_CONS = 2;
const LOG_DAEMON = 24;
const LONGEST_PROGRAM = 255;
const programs: Buffer[] = [];

let opened: Promise<Syscalls> | undefined;

/** Loads koffi, at the first call only: most commands never need it. */
export function openSyscalls(): Promise<Syscalls> {
	opened ??= bind();
	return opened;
}

async function bind(): Promise<Syscalls> {
	const koffi = await loadKoffi();
	const library = koffi.load(null);
	const natives = declareNatives((prototype) => once((): Native => library.func(prototype)));
	const names = once(() => namesByNumber(koffi.os.errno));
	const outcomeOf = (result: number): SyscallResult => ({ result, errno: result < 0 ? koffi.errno() : 0 });
	return {
		...bindModuleCalls(natives, outcomeOf),
		...bindDescriptorCalls(natives, outcomeOf),
		openSyslog: (program) => openSyslog(natives, program),
		exitNow: (status) => void natives.exit()(status),
		errnoName: (errno) => names().get(errno) ?? `E${errno}`,
	};
}

/** Each symbol is looked up at its first call. */
function declareNatives(declare: (prototype: string) => () => Native) {
	return {
		finitModule: declare("long syscall(long number, int fd, const void *parameters, int flags)"),
		initModule: declare("int init_module(const void *image, unsigned long size, const void *parameters)"),
		deleteModule: declare("int delete_module(const void *name, unsigned int flags)"),
		setsockopt: declare("int setsockopt(int fd, int level, int name, const int *value, unsigned int size)"),
		getsockopt: declare("int getsockopt(int fd, int level, int name, void *value, unsigned int *size)"),
		flock: declare("int flock(int fd, int operation)"),
		socket: declare("int socket(int domain, int type, int protocol)"),
		sendto: declare(
			"long sendto(int fd, const void *data, unsigned long size, int flags, const void *address, unsigned int length)",
		),
		openlog: declare("void openlog(const void *program, int options, int facility)"),
		syslog: declare("void syslog(int priority, const char *format, ...)"),
		exit: declare("void _exit(int status)"),
	};
}

type Natives = ReturnType<typeof declareNatives>;

type OutcomeOf = (result: number) => SyscallResult;

/** Binds the calls that block for as long as a driver's init or exit takes: each runs on a thread. */
function bindModuleCalls(
	{ finitModule, initModule, deleteModule }: Natives,
	outcomeOf: OutcomeOf,
): Pick<Syscalls, "finitModule" | "initModule" | "deleteModule"> {
	const onThread = (native: Native, ...values: unknown[]): Promise<SyscallResult> =>
		new Promise((resolve, reject) => {
			native.async(...values, (error: unknown, result: number) => {
				if (error) reject(error);
				// koffi's errno is valid only inside this callback: after an await it may be that of another call.
				else resolve(outcomeOf(result));
				values.length = 0; // koffi keeps no reference to buffers: `values` has kept them alive until here.
			});
		});
	return {
		async finitModule(fd, parameters, flags) {
			const number = FINIT_MODULE[process.arch];
			if (number === undefined) return { result: -1, errno: constants.errno.ENOSYS };
			return inPool(() => onThread(finitModule(), number, fd, terminated(parameters), flags));
		},
		initModule: (image, parameters) =>
			inPool(() => onThread(initModule(), image, image.length, terminated(parameters))),
		deleteModule: (name, flags) => inPool(() => onThread(deleteModule(), terminated(name), flags)),
	};
}

/** Binds the calls that do not block. */
function bindDescriptorCalls(
	{ setsockopt, getsockopt, flock, socket, sendto }: Natives,
	outcomeOf: OutcomeOf,
): Pick<Syscalls, "setSocketOption" | "getSocketOption" | "lockFile" | "openSocket" | "sendTo"> {
	return {
		setSocketOption: (fd, level, option, value) => outcomeOf(setsockopt()(fd, level, option, [value], 4)),
		getSocketOption: (fd, level, option, value) => outcomeOf(getsockopt()(fd, level, option, value, [value.length])),
		lockFile: (fd, operation) => outcomeOf(flock()(fd, operation)),
		openSocket: (domain, type) => outcomeOf(socket()(domain, type, 0)),
		sendTo: (fd, datagram, flags, address) =>
			outcomeOf(sendto()(fd, datagram, datagram.length, flags, address, address.length)),
	};
}

function openSyslog({ openlog, syslog }: Natives, program: string): (priority: number, text: string) => void {
	// openlog(3) keeps the pointer, not a copy of the text. V8 does not move a buffer of this size.
	const name = Buffer.alloc(LONGEST_PROGRAM + 1);
	name.write(program.slice(0, LONGEST_PROGRAM), "latin1");
	openlog()(name, LOG_CONS, LOG_DAEMON);
	programs.push(name);
	return (priority, text) => syslog()(priority, "%s", "void *", terminated(text));
}

/** A NUL-terminated C string of a byte string. koffi would encode a JavaScript string as UTF-8. */
function terminated(bytes: string): Buffer {
	return Buffer.from(`${bytes}\0`, "latin1");
}

function once<T>(make: () => T): () => T {
	let made: { readonly value: T } | undefined;
	return () => {
		made ??= { value: make() };
		return made.value;
	};
}

/** The names of errnos by number. When two names share a number, as EAGAIN and EWOULDBLOCK do, the first one counts. */
function namesByNumber(numbers: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
	const names = new Map<number, string>();
	for (const [name, number] of Object.entries(numbers)) if (!names.has(number)) names.set(number, name);
	return names;
}
