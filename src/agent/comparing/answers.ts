// What one side of a comparison answers for a device: the modules that would serve the device, and those that are kept out. Plain
// data, which may be kept, sent to another thread and compared without the knowledge that it came from. Pure.

import type { Source } from "../../libkmod/formats/modprobe-config.js";

/** A module that one of a device's aliases asks for, and the pattern by which it does. */
export type AskedModule = {
	/** Normalised module name. */
	readonly module: string;
	/** The device's alias, or what a rule of policy loads for the device. */
	readonly alias: string;
	/** The pattern that the alias matches, or a module's name. */
	readonly pattern: string;
	/** The line of modprobe.d that has the pattern. Absent when an index has it. */
	readonly source?: Source;
	/** The [[load]] rule that asks. Absent when the device itself asks. */
	readonly rule?: Source;
};

/** A module that would be there for the device: inserted from its file, loaded by its install line, or a part of the kernel. */
export type ServingModule = AskedModule & { readonly how: "module" | "install line" | "built in" };

/** What keeps a module out, whoever asks for it. */
export type ModuleHindrance =
	/** The kernel's own parameter module_blacklist=. `file` holds the kernel command line. */
	| { readonly kind: "kernel blacklist"; readonly file: string }
	/** A [[mask]] rule of policy. */
	| { readonly kind: "masked"; readonly source: Source }
	/** The install line runs true or false. */
	| { readonly kind: "install line"; readonly command: string; readonly source: Source }
	/** modules.dep has the file, and it is not there. */
	| { readonly kind: "missing file"; readonly path: string }
	/** There is no such module. */
	| { readonly kind: "no file" };

/** What keeps a module out that a device asks for. */
export type Hindrance =
	| ModuleHindrance
	/** Line 0 is the kernel command line (modprobe.blacklist=). */
	| { readonly kind: "blacklisted"; readonly source: Source }
	/** A [[deny]] rule of policy. */
	| { readonly kind: "denied"; readonly source: Source }
	/** [[allow]] rules are about the device, and none allows the module. The source is the first of them. */
	| { readonly kind: "not allowed"; readonly source: Source }
	/** An [[ignore]] rule of policy leaves the device alone. */
	| { readonly kind: "ignored"; readonly source: Source }
	/** The module's entry of an index is damaged, or that of one that it needs. */
	| { readonly kind: "unreadable"; readonly problem: string }
	/** A module that this one needs is kept out. */
	| { readonly kind: "needs"; readonly module: string; readonly by: ModuleHindrance };

export type KeptOutModule = AskedModule & { readonly by: Hindrance };

export type DeviceAnswer = {
	/** Each module once, in the order of the device's aliases and of the index. */
	readonly serving: readonly ServingModule[];
	/** Each module once. */
	readonly keptOut: readonly KeptOutModule[];
	/** Why an alias could not be looked up. */
	readonly problem?: string;
};

/** A device with what one side answers for it. */
export type AnsweredDevice = {
	/** The path below /sys, such as /devices/pci0000:00/0000:00:02.0. */
	readonly devpath: string;
	/** Undefined where it is not known. */
	readonly subsystem?: string | undefined;
	readonly aliases: readonly string[];
	readonly answer: DeviceAnswer;
};

/** What is asked of a side's kernel besides its answers. */
export type ModulesOfSide = {
	/** Whether the module is a part of the kernel itself, whether or not an index tells its aliases. */
	isBuiltIn(module: string): boolean;
	/** Whether the kernel has the module as a file. */
	hasFile(module: string): boolean;
};

/** One thing for each of the two sides that are compared. */
export type Both<Thing> = { readonly a: Thing; readonly b: Thing };

export type SideKey = keyof Both<unknown>;

export const otherSide = (side: SideKey): SideKey => (side === "a" ? "b" : "a");
