// A timeline: when each module was wanted, began and ended, what asked for it and what it waited for. Plain data, which the
// control socket sends, files of --timeline keep, and pictures and lists are made of. All times are milliseconds since the
// command began, by a monotonic clock.
import type { Result } from "../../libkmod/insertion/outcome.js";
import type { WholeNumber } from "../../libkmod/kernel/whole-number.js";

/** The most tries that a timeline holds. When there are more, the oldest are left out. */
export const MOST_MODULES = 2000;
/** The most marks that a timeline holds. */
export const MOST_MARKS = 200;
/** The most causes of waiting that one module has in a timeline. */
export const MOST_WAITS = 64;

/** The object in a FILE.json of `hotplugd timeline` and of `coldplug --timeline`, and in the control socket's answer. */
export type Timeline = {
	/** The format of this object. A later version of hotplugd may add keys, but changes none. */
	readonly format: 1;
	/** The command whose modules these are: coldplug, or the agent. */
	readonly command: "coldplug" | "run";
	/** The kernel's release. */
	readonly kernel: string;
	/** When the timeline was made, in milliseconds since the command began: no time in it is later. */
	readonly milliseconds: number;
	/** How many tries and marks are left out. */
	readonly forgotten: WholeNumber;
	/** One for each try of a module, in the order in which they were wanted. */
	readonly modules: readonly TimelineModule[];
	/** In the order in which they happened. */
	readonly marks: readonly TimelineMark[];
};

/**
 * One try of a module. `wanted <= ready <= begun <= ended`: from `wanted` to `ready` the module waits for its prerequisites, from
 * `ready` to `begun` for a permit to begin, if `waits` has one, and for the agent itself, and from `begun` to `ended` its init
 * runs. A module that needs no init (`masked`, `builtin`, `missing`, `blocked`, `stopped`) has no `begun`.
 */
export type TimelineModule = {
	readonly module: string;
	/** 1, or more for a module that was tried again. */
	readonly try: WholeNumber;
	/** The number of the batch that wanted the module first. */
	readonly batch: WholeNumber;
	readonly cause: TimelineCause;
	/** When the batch was planned, in milliseconds since the command began. */
	readonly wanted: number;
	/** When the last prerequisite had ended, in milliseconds since the command began. Absent before that. */
	readonly ready?: number;
	/** When its init or its install command began, in milliseconds since the command began. Absent where neither has. */
	readonly begun?: number;
	/** When its outcome was told, in milliseconds since the command began. Absent while the module is in flight. */
	readonly ended?: number;
	/** Absent while the module is in flight. */
	readonly result?: Result;
	/** The name of the errno with which the kernel or the reading of the file refused. */
	readonly errno?: string;
	/** The exit status of the module's `install` command: 128+N for signal N. */
	readonly exitStatus?: WholeNumber;
	/** The result in a sentence. */
	readonly explanation?: string;
	/** When the module was said to hang, in milliseconds since the command began. */
	readonly hung?: number;
	/** The module that hangs and that this one waits for. */
	readonly stuck?: string;
	/** Ordered by their ends; one that has not ended is last. */
	readonly waits: readonly TimelineWait[];
	/** Modules that match the same alias of a device, whichever came first. */
	readonly rivals: readonly string[];
};

/** What asked for a module. */
export type TimelineCause = {
	/** A device's alias, a name by which somebody asked, or another module that has this one as a dependency or softdep. */
	readonly kind: "alias" | "name" | "dependency" | "softdep";
	/** The path below /sys of the device that has the alias. Absent when the alias was asked for without a device. */
	readonly device?: string;
	/** The alias that matches the module, of the kind `alias`. */
	readonly alias?: string;
	/** The module that has this one as a dependency or softdep. */
	readonly of?: string;
	/** The cause in a sentence. */
	readonly why: string;
};

/** Something that a module waited for. A permit has no module. Without `until`, the wait has not ended. */
export type TimelineWait = {
	readonly kind: "dependency" | "softdep" | "rival" | "permit";
	/** The module that was waited for. */
	readonly module?: string;
	/** When the wait ended, in milliseconds since the command began. */
	readonly until?: number;
};

/** Something that happened to the whole run. `count` is the number of devices walked, or of uevents lost so far. */
export type TimelineMark = {
	readonly kind: "listening" | "walked" | "settled" | "lost" | "deaf" | "blind";
	/** When it happened, in milliseconds since the command began. */
	readonly at: number;
	/** Of devices for `walked`, of uevents for `lost`. Absent for the others. */
	readonly count?: WholeNumber;
};
