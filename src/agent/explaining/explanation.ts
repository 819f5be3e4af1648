// What `explain` finds out about a subject, as data: one judgement with its cause and place, and the chain that led to it as a
// tree. Text and JSON are readers of this data. Pure.

import type { Evidence } from "../../libkmod/evidence/evidence.js";
import type { CommandLine, Source } from "../../libkmod/formats/modprobe-config.js";
import type { MatchPlace } from "../../libkmod/knowledge/lookup.js";
import type { LastAnswer } from "../../ports/last-answer.js";

/** Every kind of judgement. The table in verdicts.ts gives each its exit status. */
export type VerdictKind = Judgement["kind"];

/** A device as people are told of it. */
export type NamedDevice = {
	/** The path below /sys. Empty for an alias that is explained without a device. */
	readonly devpath: string;
	/** The device's name in words. Absent when the system has none for it. */
	readonly name?: string;
};

/** Who asks for a module. */
export type Demand =
	| {
			readonly kind: "device";
			readonly device: NamedDevice;
			readonly alias: string;
			readonly pattern: string;
			/** The rule of policy that loads the module for the device. Absent when the device's own alias asks. */
			readonly rule?: Source;
	  }
	| { readonly kind: "dependency"; readonly of: string; readonly live: boolean }
	| {
			readonly kind: "softdep";
			readonly of: string;
			readonly when: "pre" | "post";
			readonly source: Source;
			/** Whether the module whose softdep this is, is live. */
			readonly live: boolean;
	  }
	/** A line of modules-load.d names the module. */
	| { readonly kind: "modules-load"; readonly source: Source };

/** A line of the kernel's log, with the seconds since the machine was booted. */
export type LogLine = { readonly seconds: number; readonly text: string };

export type { AnswerOrigin, LastAnswer } from "../../ports/last-answer.js";

/** What keeps a module out. */
export type Obstacle =
	/** Line 0 is the kernel command line (modprobe.blacklist=). */
	| { readonly kind: "blacklisted"; readonly source: Source }
	/** The kernel's own parameter module_blacklist=. `file` holds the kernel command line. */
	| { readonly kind: "kernel blacklist"; readonly file: string }
	| { readonly kind: "masked"; readonly source: Source }
	/** The install line runs true or false. */
	| { readonly kind: "install line"; readonly command: string; readonly source: Source }
	| {
			readonly kind: "denied" | "not allowed" | "ignored";
			readonly source: Source;
			readonly device: NamedDevice;
	  }
	| { readonly kind: "missing file"; readonly path: string }
	/** The kernel would refuse the module, whoever inserts it. */
	| { readonly kind: "would be refused"; readonly evidence: Evidence; readonly path: string }
	/** The kernel or the file refused the insertion, or the install command failed. */
	| {
			readonly kind: "refused";
			readonly answer: LastAnswer;
			readonly evidence?: Evidence;
			/** The version magic of the module and of the kernel, where the kernel's log has them. */
			readonly vermagic?: { readonly has: string; readonly wants: string };
			readonly path?: string;
	  }
	/** The kernel's log tells of a refusal that no other source tells of. */
	| { readonly kind: "kernel log"; readonly record: LogLine }
	/** ENODEV or ENXIO: no hardware of the module's own. */
	| { readonly kind: "no device"; readonly answer: LastAnswer }
	/** A softdep asks for the module, and the module whose softdep it is, is not loaded. */
	| {
			readonly kind: "softdep only";
			readonly of: string;
			readonly when: "pre" | "post";
			readonly source: Source;
	  }
	/** A module that this one needs is kept out. */
	| { readonly kind: "needs"; readonly module: string; readonly obstacle: Obstacle };

/** Why no driver has bound a device although a module for it is live. */
export type Unbound =
	| {
			readonly kind: "supplier";
			/** The device that is waited for. Absent when the kernel does not tell which. */
			readonly supplier?: NamedDevice & { readonly driver?: string };
			/** The kernel's own words, from /sys/kernel/debug/devices_deferred. */
			readonly reason?: string;
			/** The files that told. */
			readonly files: readonly string[];
	  }
	| {
			readonly kind: "firmware";
			/** Names of files: one that the kernel asked for, or all that the module lists. */
			readonly firmware: readonly string[];
			/** The line of the kernel's log. Absent when only the files are known to be missing. */
			readonly record?: LogLine;
			/** Where the file is now: it came after the driver had looked. */
			readonly place?: string;
	  }
	| { readonly kind: "override"; readonly driver: string; readonly file: string }
	| {
			readonly kind: "rival";
			readonly rival: string;
			readonly pattern: string;
			/** The rival's driver, when it has bound the device. */
			readonly driver?: string;
	  }
	/** A line of the kernel's log about the device or the module. */
	| { readonly kind: "kernel log"; readonly record: LogLine }
	/** The module has registered no driver on the device's bus. */
	| { readonly kind: "no such driver"; readonly bus: string }
	| { readonly kind: "unknown" };

/** The answer about a subject. */
export type Judgement =
	| {
			readonly kind: "bound";
			readonly driver: string;
			/** The driver's module. Absent when the driver is built in. */
			readonly module?: string;
			/** The devices that the driver has bound: at least one. */
			readonly devices: readonly NamedDevice[];
			readonly demand?: Demand;
	  }
	| { readonly kind: "builtin"; readonly module: string; readonly demand?: Demand }
	/** `demand` is absent when nothing on this machine asks for the module. */
	| { readonly kind: "live"; readonly module: string; readonly demand?: Demand }
	| {
			readonly kind: "wanted";
			readonly module: string;
			/** Absent when nothing on this machine is known to ask for the module, which the kernel is inserting. */
			readonly demand?: Demand;
			/** The install line that loads the module in its own way. */
			readonly install?: CommandLine;
			/** The kernel is inserting the module now. */
			readonly loading?: true;
	  }
	| {
			readonly kind: "unbound";
			/** Absent when the driver is built in. */
			readonly module?: string;
			readonly device: NamedDevice;
			readonly cause: Unbound;
	  }
	| { readonly kind: "kept out"; readonly module: string; readonly obstacle: Obstacle; readonly demand?: Demand }
	/** No module has a pattern for the aliases. `release` is the kernel's. */
	| {
			readonly kind: "no driver";
			readonly device: NamedDevice;
			readonly aliases: readonly string[];
			readonly release: string;
			/** Absent when the bus has no pattern. */
			readonly nearest?: NearestPattern;
			/** Those of the other kernels that have a module for one of the aliases. */
			readonly elsewhere: readonly OtherKernelsModules[];
	  }
	/** No device of this machine asks for the module, nor a module that is loaded or would be. */
	| { readonly kind: "not asked for"; readonly module: string }
	/** The device binds no driver: it is of a class, or on no bus; or it has no alias, by which a module could be asked for. */
	| {
			readonly kind: "no need";
			readonly device: NamedDevice;
			/** The class, or the bus. */
			readonly subsystem?: string;
			/** Whether the subsystem is a bus, so that a driver could bind the device. */
			readonly onBus: boolean;
	  }
	/** No device of this machine has the ids. `modules` have a pattern for them. */
	| {
			readonly kind: "absent";
			readonly ids: string;
			readonly modules: readonly string[];
			readonly release: string;
	  }
	| { readonly kind: "failure"; readonly why: string; readonly nearest: readonly string[] };

/** Patterns that nearly match an alias, and agree with it equally far: one of them stands for all. */
export type NearestPattern = {
	readonly module: string;
	readonly pattern: string;
	readonly place: Source;
	/** The fields in which the pattern names the device's value, in words, such as "vendor". */
	readonly agreeing: readonly string[];
	/** The first field that differs, in words, such as "subsystem vendor". */
	readonly field: string;
	/** How many patterns agree as far, this one among them. */
	readonly alike: number;
	/** The modules of all of them. */
	readonly modules: readonly string[];
	/** All of it for people, in one sentence. */
	readonly sentence: string;
};

/** Another kernel, and the modules that it has for an alias. */
export type OtherKernelsModules = {
	readonly release: string;
	readonly directory: string;
	readonly modules: readonly string[];
};

/** The state of a module. "unknown" on another machine, whose kernel is not running here. */
export type ModuleStanding = "live" | "loading" | "built in" | "not loaded" | "unknown";

/** A fact of the chain to which other facts belong. */
type BranchingFact =
	| {
			readonly node: "device";
			readonly device: NamedDevice;
			readonly subsystem?: string;
			readonly driver?: string;
			readonly driverModule?: string;
			/** The device that this one, of the firmware's tables (ACPI), describes. */
			readonly physicalNode?: string;
	  }
	| { readonly node: "alias"; readonly alias: string; readonly rule?: Source; readonly problem?: string }
	| {
			readonly node: "pattern";
			readonly pattern: string;
			readonly via: MatchPlace;
			/** An index as a whole (line 0), or a line of modprobe.d. */
			readonly place: Source;
			readonly module: string;
			/** The place in the order of the rivals, from 1. Absent when there are no rivals. */
			readonly turn?: number;
			readonly rivals?: number;
	  }
	| { readonly node: "module"; readonly module: string; readonly path?: string; readonly standing: ModuleStanding };

/** A fact of the chain that has none below it. */
type PlainFact =
	| { readonly node: "obstacle"; readonly obstacle: Obstacle }
	| { readonly node: "install"; readonly command: string; readonly source: Source; readonly heeded: boolean }
	| { readonly node: "options"; readonly options: string; readonly source: Source }
	| { readonly node: "dependency"; readonly module: string; readonly standing: ModuleStanding }
	| {
			readonly node: "softdep";
			readonly when: "pre" | "post";
			/** A name or an alias, as spelled. */
			readonly name: string;
			readonly source: Source;
			/** Whether the line counts. */
			readonly heeded: boolean;
	  }
	| { readonly node: "demand"; readonly demand: Demand }
	| { readonly node: "driver"; readonly driver: string; readonly bus: string; readonly devices: readonly NamedDevice[] }
	| { readonly node: "unbound"; readonly device: NamedDevice; readonly cause: Unbound }
	| { readonly node: "answer"; readonly answer: LastAnswer }
	| { readonly node: "kernel log"; readonly record: LogLine }
	/** Of the firmware files that the module lists, so many are there. Drivers list many versions, of which one serves. */
	| { readonly node: "firmware"; readonly listed: number; readonly there: number }
	| { readonly node: "nearest"; readonly nearest: NearestPattern }
	| { readonly node: "other kernel"; readonly kernel: OtherKernelsModules }
	| { readonly node: "remark"; readonly text: string };

/** One fact of the chain. */
export type ChainFact = BranchingFact | PlainFact;

/** A fact with the facts below it. */
export type ChainNode = (BranchingFact & { readonly children?: readonly ChainNode[] }) | PlainFact;

/** The word of a subject, and the kind of thing that it was taken for. */
export type Taken = {
	readonly word: string;
	readonly as: "module" | "alias" | "device" | "ids" | "unknown";
	/** Why the word was taken so, when it could have been taken otherwise. */
	readonly remark?: string;
	/** No devices could be looked at: whether one of them asks is not known. */
	readonly withoutDevices?: true;
	/** Which modules are live is not known: the kernel does not run here, or does not tell. */
	readonly withoutLive?: true;
};

/** The whole answer about one subject. */
export type Explanation = {
	readonly subject: Taken;
	readonly judgement: Judgement;
	readonly chain: readonly ChainNode[];
};
