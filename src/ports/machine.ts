// What a tool is given of the machine it runs on. main.ts plugs in the real one; a test's is an object literal. All strings are byte
// strings: one character a byte.
import type { ModuleTree } from "../libkmod/depmod/module-tree.js";
import type { Kernel, ModuleFiles, Problem } from "../libkmod/kernel/kernel.js";
import type { DeviceSources } from "./devices.js";
import type { Reports } from "./output.js";
import type { ServiceMachine } from "./service.js";

export type Machine = {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** An absolute path. */
	workingDirectory(): string;
	/** Where the package's own rules of policy are. */
	readonly rulesDirectory: string;
	/** Writes to standard output: everything is written when it returns. */
	print(text: string | Uint8Array): void;
	/** The same to standard error. */
	complain(text: string): void;
	/** Whether a terminal shows standard output (1) or standard error (2): none does where absent. */
	isTerminal?(descriptor: 1 | 2): boolean;
	/** The same two, without ever waiting for who reads them. */
	openReports(): Promise<Reports>;
	/** Opens syslog(3) under a program's name. The function sends one message; priorities count from 0, the gravest, to 7. */
	openSyslog(program: string): Promise<(priority: number, text: string) => void>;
	/** Writes a file, whether there is one or not, and makes the directories above it. @throws {Refusal} by "mkdir" or "write" */
	writeFile(path: string, content: string | Uint8Array): Promise<void>;
	/**
	 * The running kernel. Links below `root`, where that is not "", mean what they mean on the machine whose root it is. Only asked
	 * for by what needs it: --help does not.
	 */
	kernel(options?: { readonly root?: string }): Promise<Kernel & ModuleFiles>;
	/** The settings of hotplugd's own that concern modprobe, in a file's bytes; what is wrong there is a problem with its line. */
	parseSettings(
		file: string,
		bytes: string,
	): Promise<{ readonly value: { readonly honour_every_line: boolean }; readonly problems: readonly Problem[] }>;
	/** Trees of module files, for depmod. */
	moduleTree(): Promise<ModuleTree>;
	/** The devices below a sysfs such as /sys, which links below `root` lead to as above, and the socket that announces new ones. */
	devices(sysfs: string, options?: { readonly root?: string }): Promise<DeviceSources>;
	/**
	 * Makes room for so many insertions at once, and so many more that hang or must not wait; to be called before anything
	 * asynchronous is.
	 */
	sizeThreadPool(insertions: number, more?: number): Promise<void>;
	/**
	 * Begins a process of its own for insertions, so that this one can end whatever they do; where there can be none, the kernel
	 * given inserts in this process. Links below `root` lead as above.
	 */
	beginInsertionProcess(
		kernel: Pick<Kernel, "insert">,
		options?: { readonly root?: string },
	): Promise<InsertionProcess>;
	/** Undefined where that cannot be told. Where it is absent there is no bound. */
	openFiles?(): Promise<OpenFiles | undefined>;
	/**
	 * Ends this process with an exit status though system calls of it go on, for which it would wait otherwise. All that is to be
	 * written must have been.
	 */
	endNow(status: number): Promise<void>;
	/** Gives back the memory that nobody needs any more, which takes as long as a full garbage collection. */
	trimMemory(): Promise<void>;
	/** Calls the listener at SIGTERM and SIGINT instead of ending at once. */
	onStopSignal(listener: (signal: string) => void): void;
	/** Calls the listener at SIGHUP. */
	onReloadSignal(listener: () => void): void;
	service(): Promise<ServiceMachine>;
};

export type InsertionProcess = {
	/** How many insertions there may be at once. To be called once, before the first of them. */
	size(insertions: number): void;
	readonly insert: Kernel["insert"];
	/** Nothing more is asked. Resolves when the process has ended, in a second at most, or was left behind with what is in flight. */
	close(): Promise<void>;
};

/** How many files this process may have open. */
export type OpenFiles = {
	/** How many more may be opened. */
	readonly left: number;
	/** How many may be open in all, where that could still be read. */
	readonly most?: number;
};
