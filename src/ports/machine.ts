// The port to the machine that a tool runs on. main.ts passes the real one, tests pass an object literal. All strings are byte
// strings: one character a byte.
import type { ModuleTree } from "../libkmod/depmod/module-tree.js";
import type { Kernel, ModuleFiles, Problem } from "../libkmod/kernel/kernel.js";
import type { CaptureFiles } from "./capture-files.js";
import type { CapturedFacts, CaptureRequest } from "./captured-machine.js";
import type { DeviceSources } from "./devices.js";
import type { Fleet } from "./fleet.js";
import type { Inspection } from "./inspection.js";
import type { Reports } from "./output.js";
import type { ServiceMachine } from "./service.js";

export type Machine = {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** An absolute path. */
	workingDirectory(): string;
	/** The directory of the policy rules that come with the package. */
	readonly rulesDirectory: string;
	/** uname(2)'s machine, such as x86_64. */
	architecture(): Promise<string>;
	/** Writes to standard output, and returns when everything is written. */
	print(text: string | Uint8Array): void;
	/** The same to standard error. */
	complain(text: string): void;
	/**
	 * The same to standard output, for text that terminal.ts has styled: sequences that set colours stay. Absent where a command's
	 * output is not guarded (guarded-machine.ts), since print() then leaves every sequence.
	 */
	printStyled?(text: string): void;
	/**
	 * Writes a line at standard error, a terminal, in place of the last one that it wrote there; "" removes that one. Never waits.
	 * Absent where a command's output may wait.
	 */
	showProgress?(line: string): void;
	/** Whether standard output (1) or standard error (2) is a terminal. When absent, neither is. */
	isTerminal?(descriptor: 1 | 2): boolean;
	/** The width in columns of the terminal at standard output or standard error. Undefined when unknown, or no terminal is there. */
	columns?(descriptor: 1 | 2): number | undefined;
	/** Standard output and standard error for a command that must never block on a slow reader. */
	openReports(): Promise<Reports>;
	/** Opens syslog(3) under a program's name. The function sends one message: priorities are 0, the most severe, to 7. */
	openSyslog(program: string): Promise<(priority: number, text: string) => void>;
	/** Writes a file, or overwrites it, and makes the directories above it. @throws {Refusal} by "mkdir" or "write" */
	writeFile(path: string, content: string | Uint8Array): Promise<void>;
	/**
	 * Writes a regular file, or replaces it: whole or not at all, even when the power fails. Makes no directories.
	 * @throws {Refusal} by "write" or "replace"
	 */
	writeWholeFile(path: string, content: string | Uint8Array): Promise<void>;
	/**
	 * The running kernel. When `root` is not "", symbolic links below it are resolved as on the machine whose root directory it is.
	 * Loaded only by commands that need a kernel: --help does not.
	 */
	kernel(options?: { readonly root?: string }): Promise<Kernel & ModuleFiles>;
	/**
	 * Parses the settings of hotplugd that concern modprobe from the bytes of a file. A mistake in the file is a problem with its
	 * line.
	 */
	parseSettings(
		file: string,
		bytes: string,
	): Promise<{ readonly value: { readonly honour_every_line: boolean }; readonly problems: readonly Problem[] }>;
	/** Trees of module files, for depmod. */
	moduleTree(): Promise<ModuleTree>;
	/** The devices below a sysfs such as /sys, and the uevent socket. Links below `root` are resolved as in `kernel`. */
	devices(sysfs: string, options?: { readonly root?: string }): Promise<DeviceSources>;
	/**
	 * What a sysfs such as /sys shows of devices and drivers, and the kernel's log. Links below `root` are resolved as in `kernel`,
	 * and the log is the one at `root`/dev/kmsg.
	 */
	inspect(sysfs: string, options?: { readonly root?: string }): Promise<Inspection>;
	/** Reads the files of captures, initramfs images and bug reports. */
	captureFiles(): Promise<CaptureFiles>;
	/** Threads for the captures of a fleet. */
	fleet(): Promise<Fleet>;
	/**
	 * Opens the machine that a file has captured: what replaces this machine's own.
	 * @param file "-" is standard input
	 * @throws {HotplugdError} whose message is a sentence about the file, without its name
	 */
	openCaptured(file: string, request: CaptureRequest): Promise<CapturedParts>;
	/** Set when this is a captured machine: nothing of this host counts then but what an option names. */
	readonly captured?: CapturedFacts;
	/**
	 * Sizes libuv's thread pool for `insertions` at once, and `more` threads for insertions that hang or must not wait. Must be
	 * called before any other asynchronous function.
	 */
	sizeThreadPool(insertions: number, more?: number): Promise<void>;
	/**
	 * Starts a child process for insertions, so that this process can exit while an insertion hangs. When the child cannot be
	 * started, `kernel` inserts in this process. Links below `root` are resolved as in `kernel`.
	 */
	beginInsertionProcess(
		kernel: Pick<Kernel, "insert">,
		options?: { readonly root?: string },
	): Promise<InsertionProcess>;
	/** How many files may be open. Resolves with undefined when it is not known. When the function is absent there is no limit. */
	openFiles?(): Promise<OpenFiles | undefined>;
	/**
	 * Ends this process with an exit status, without waiting for threads that are in system calls: process.exit() would wait for
	 * them. All output must have been written before.
	 */
	endNow(status: number): Promise<void>;
	/** Collects all garbage and returns free memory to the kernel, which takes as long as a full garbage collection. */
	trimMemory(): Promise<void>;
	/** Calls the listener on SIGTERM and SIGINT. The process then no longer ends by these signals. */
	onStopSignal(listener: (signal: string) => void): void;
	/** Calls the listener on SIGHUP. */
	onReloadSignal(listener: () => void): void;
	service(): Promise<ServiceMachine>;
};

/** The parts of a machine that a captured machine has in place of this one. */
export type CapturedParts = Pick<
	Machine,
	"beginInsertionProcess" | "devices" | "inspect" | "kernel" | "rulesDirectory" | "service"
> & { readonly captured: CapturedFacts };

export type InsertionProcess = {
	/** Sets how many insertions may run at once. Called once, before the first insertion. */
	size(insertions: number): void;
	readonly insert: Kernel["insert"];
	/**
	 * Called when no more insertions follow. Resolves when the process has ended, in a second at most. A process with insertions in
	 * flight is left to end alone.
	 */
	close(): Promise<void>;
};

/** How many files this process may have open. */
export type OpenFiles = {
	/** How many more may be opened. */
	readonly left: number;
	/** How many may be open in all. Absent when that could not be read. */
	readonly most?: number;
};
