// Reads in the kernel's log why modules were refused, and why drivers did not bind devices: the messages of kernel/module/,
// kernel/params.c, security/lockdown, drivers/base/ and its firmware loader, as Linux 5.10 to 6.18 have them. What a device or a
// file's name adds to a message cannot make it another: the parts before the kernel's own words are narrow. Pure.

import type { KernelLogRecord } from "../../ports/inspection.js";
import type { KernelFinding } from "./kernel-findings.js";

/** The most findings that are kept: the newest. */
export const MOST_FINDINGS = 1000;
/** Bytes of a message that are looked at: the kernel's own limit for one is 2048 (PRINTK_MESSAGE_MAX). */
const LONGEST_TEXT = 2048;
/** Bytes of a word from a message that are kept. */
const LONGEST_WORD = 300;

/** What the records tell, the oldest first. Of findings that differ in their time alone, the newest is kept. */
export function listFindings(records: readonly KernelLogRecord[]): readonly KernelFinding[] {
	const found = new Map<string, KernelFinding>();
	for (const { microseconds, text } of records) {
		const told = findIn(text.slice(0, LONGEST_TEXT));
		if (told === undefined) continue;
		const key = JSON.stringify(told);
		// Inserted anew, the finding is the last of the map.
		found.delete(key);
		found.set(key, { ...told, seconds: microseconds / 1e6 });
		if (found.size > MOST_FINDINGS) found.delete(found.keys().next().value ?? "");
	}
	return [...found.values()];
}

type Told = Without<"seconds">;

/** Words of which every message of the table has one: most records of a log are told apart by this alone. */
const WORTH_A_LOOK = /firmware|parameter|symbol|magic|verif|reject|restricted|blacklist|prob|waiting|loading/;

function findIn(text: string): Told | undefined {
	if (!WORTH_A_LOOK.test(text)) return undefined;
	for (const { about, pattern, news } of messages) {
		const beginning = beginnings[about].exec(text)?.groups;
		const match = beginning === undefined ? null : pattern.exec(beginning.rest ?? "");
		if (match !== null) return makeFinding(text, { ...beginning, ...match.groups }, news);
	}
	return undefined;
}

type Groups = Readonly<Record<string, string | undefined>>;

function makeFinding(text: string, groups: Groups, news: Message["news"]): Told {
	const { module, driver, device, errno } = groups;
	return {
		...news((name) => (groups[name] ?? "").slice(0, LONGEST_WORD)),
		...(module === undefined ? {} : { module }),
		...(driver === undefined ? {} : { driver }),
		...(device === undefined ? {} : { device }),
		...(errno === undefined || Number(errno) === 0 ? {} : { errno: Number(errno) }),
		text: text.slice(0, LONGEST_WORD),
	};
}

/** The types of findings without some of their fields. */
type Without<K extends string> = KernelFinding extends infer F ? (F extends unknown ? Omit<F, K> : never) : never;

type Message = {
	/** What the kernel puts before its words. */
	readonly about: keyof typeof beginnings;
	/** The words, from their first to their last. The groups `module`, `driver`, `device` and `errno` become fields. */
	readonly pattern: RegExp;
	/** @param word the text of a group, bounded */
	readonly news: (word: (group: string) => string) => News;
};

type News = Without<"seconds" | "text" | "module" | "driver" | "device" | "errno">;

const beginnings = {
	/** Nothing, or the name of a part of the kernel. */
	nothing: /^(?:module: )?(?<rest>.*)$/s,
	module: /^(?:module: )?(?<module>[^\s:]{1,64}): (?<rest>.*)$/s,
	/** dev_printk(): the driver, or the bus or class, and the device's name. */
	device: /^(?:\(NULL device \*\)|(?<driver>[^:\n]{1,100}) (?<device>\S{1,100})): (?<rest>.*)$/s,
};

const firmware: Message["news"] = (word) => ({ kind: "firmware", file: word("file") });
const unknownParameter: Message["news"] = (word) => ({ kind: "unknown parameter", parameter: word("parameter") });
const signature: Message["news"] = (word) => ({ kind: "signature", reason: word("reason") });
const probe: Message["news"] = () => ({ kind: "probe" });

const messages: readonly Message[] = [
	{
		about: "device",
		pattern: /^Direct firmware load for (?<file>.+) failed with error -(?<errno>[0-9]{1,4})$/s,
		news: firmware,
	},
	{ about: "device", pattern: /^loading (?<file>.+) failed with error -(?<errno>[0-9]{1,4})$/s, news: firmware },
	// Debian's kernels have this message as well.
	{ about: "device", pattern: /^firmware: failed to load (?<file>.+) \(-(?<errno>[0-9]{1,4})\)$/s, news: firmware },
	{ about: "module", pattern: /^unknown parameter '(?<parameter>.*)' ignored$/s, news: unknownParameter },
	{ about: "module", pattern: /^Unknown parameter `(?<parameter>.*)'$/s, news: unknownParameter },
	{
		about: "module",
		pattern: /^`(?<value>.*)' (?:invalid|too large) for parameter `(?<parameter>.*)'$/s,
		news: (word) => ({ kind: "invalid parameter", parameter: word("parameter"), value: word("value") }),
	},
	{
		about: "module",
		pattern: /^version magic '(?<has>.*)' should be '(?<wants>.*)'$/s,
		news: (word) => ({ kind: "vermagic", has: word("has"), wants: word("wants") }),
	},
	{
		about: "module",
		pattern: /^disagrees about version of symbol (?<symbol>.+)$/s,
		news: (word) => ({ kind: "symbol version", symbol: word("symbol") }),
	},
	{
		about: "module",
		pattern: /^Unknown symbol (?<symbol>.+) \(err -?(?<errno>[0-9]{1,4})\)$/s,
		news: (word) => ({ kind: "unknown symbol", symbol: word("symbol") }),
	},
	{
		about: "module",
		pattern: /^exports duplicate symbol (?<symbol>.+) \(owned by (?<owner>.+)\)$/s,
		news: (word) => ({ kind: "duplicate symbol", symbol: word("symbol"), owner: word("owner") }),
	},
	{
		about: "module",
		pattern: /^gave up waiting for init of module (?<dependency>.+)\.$/s,
		news: (word) => ({ kind: "dependency is busy", dependency: word("dependency") }),
	},
	{
		about: "module",
		pattern: /^module verification failed: signature and\/or required key missing - tainting kernel$/,
		news: () => ({ kind: "taints" }),
	},
	// Some kernels name the module (5.10), and most do not.
	{
		about: "module",
		pattern: /^loading of (?<reason>unsigned module|module with [a-z ]+) is rejected$/,
		news: signature,
	},
	{
		about: "nothing",
		pattern: /^Loading of (?<reason>unsigned module|module with [a-z ]+) is rejected$/,
		news: signature,
	},
	{
		about: "nothing",
		pattern:
			/^Lockdown: (?<program>.{1,64}): (?<reason>unsigned module loading|unsafe module parameters) is restricted; see man kernel_lockdown\.7$/s,
		news: (word) => ({ kind: "lockdown", reason: word("reason"), program: word("program") }),
	},
	{
		about: "nothing",
		pattern: /^Module (?<module>[^\s:]{1,64}) is blacklisted$/,
		news: () => ({ kind: "module_blacklist" }),
	},
	// Older kernels, and newer ones since some version between 6.6 and 6.18.
	{
		about: "nothing",
		pattern: /^(?<driver>[^:\n]{1,100}): probe of (?<device>\S{1,100}) failed with error -(?<errno>[0-9]{1,4})$/,
		news: probe,
	},
	{
		about: "device",
		pattern: /^probe with driver (?<driver>.{1,100}) failed with error -(?<errno>[0-9]{1,4})$/s,
		news: probe,
	},
	{
		about: "device",
		pattern: /^deferred probe pending(?:: (?<reason>.*))?$/s,
		news(word) {
			const reason = word("reason");
			return reason === "" || reason === "(reason unknown)" ? { kind: "deferred" } : { kind: "deferred", reason };
		},
	},
];
