// A process whose agent fails in every way that one call can fail, one way after the other. Prints as JSON the calls that the
// agent made, and each fault with a wrong outcome. Arguments: the number of this share of the faults, and the number of shares;
// the single argument "calls" prints the calls only.
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Life, makePlace } from "./agent-life.js";
import { interceptFiles, standIn } from "./intercepted-files.js";
import { interceptHandles } from "./intercepted-handles.js";
import { interceptNative, interceptNetlink, shortenBackOff } from "./intercepted-native.js";
import { type Calls, endRecord, type Fault, hasFired, inject, record } from "./interception.js";
import { manPages, noFailures } from "./man-pages.js";

export const sweepSession = fileURLToPath(import.meta.url);

export type SweepResult = {
	/** Calls of the life without faults. The place is file:line of the compiled file. */
	readonly calls: readonly (readonly [call: string, place: string, subjects: readonly string[]])[];
	readonly faults: number;
	/** Faults whose call was not made again, since the life took another course. */
	readonly unmet: readonly string[];
	readonly wrong: readonly (readonly [fault: string, what: string])[];
	readonly ended: number;
	readonly wentOn: number;
	/** The longest lives, in milliseconds. */
	readonly longest: readonly (readonly [milliseconds: number, fault: string])[];
	readonly milliseconds: number;
};

async function main(share: number, shares: number, only = ""): Promise<void> {
	const begun = performance.now();
	const folder = mkdtempSync(join(tmpdir(), "sweep-"));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
	const { RawNetlinkSocket } = (await import("netlink/dist/raw.js")).default;
	const sender = new RawNetlinkSocket(15);
	sender.unref();
	const { thisMachine } = await import("../../../src/this-machine.js");
	const { run } = await import("../../../src/tools/agent/run.js");
	const place = makePlace(folder, (message) => sender.send(forKernel(message)), {
		machine: thisMachine,
		run: (words, machine) => run.start(words, machine),
	});
	shortenBackOff();
	await once(createServer().unref().listen(join(folder, "stale")), "listening");
	// Files must get the mode that the agent asks for in spite of this mask.
	process.umask(0o077);
	interceptFiles();
	interceptHandles();
	await interceptNative(place);
	await interceptNetlink();
	standIn("/proc/modules", join(folder, "proc-modules"));
	// The first life imports modules, which later lives find loaded.
	await place.live();
	record();
	const sound = await place.live();
	const calls = new Map(endRecord());
	const wrong: (readonly [string, string])[] = [];
	const unmet: string[] = [];
	const longest: (readonly [number, string])[] = [];
	const ends = { ended: 0, wentOn: 0 };
	const first = judge(sound, undefined);
	if (first !== undefined) wrong.push(["nothing failed", first]);
	const faults = listFaults(calls, process.env.HOTPLUGD_SWEEP === "all")
		.filter((_, place) => place % shares === share)
		.filter((fault) => tell(fault).includes(only));
	for (const fault of faults) {
		inject(fault);
		const began = performance.now();
		const life = await place.live(fault.call === "spawn");
		longest.push([performance.now() - began, tell(fault)]);
		if (!hasFired()) unmet.push(tell(fault));
		inject(undefined);
		const what = judge(life, fault);
		if (what !== undefined) wrong.push([tell(fault), what]);
		if (life.status === 0) ends.wentOn++;
		else ends.ended++;
	}
	const result: SweepResult = {
		calls: [...calls].map(([key, subjects]) => {
			const [call = "", at = ""] = key.split(" at ");
			return [call, at, [...subjects]];
		}),
		faults: faults.length,
		unmet,
		wrong,
		...ends,
		longest: longest.sort(([a], [b]) => b - a).slice(0, 10),
		milliseconds: performance.now() - begun,
	};
	process.stdout.write(JSON.stringify(result), () => process.exit(0));
}

/**
 * The message with a header of netlink(7) (NLMSG_MIN_TYPE, NLM_F_REQUEST): the kernel then announces the rest as its own uevent.
 */
function forKernel(message: Buffer): Buffer {
	const header = Buffer.alloc(16);
	header.writeUInt32LE(header.length + message.length, 0);
	header.writeUInt16LE(0x10, 4);
	header.writeUInt16LE(1, 6);
	return Buffer.concat([header, message]);
}

const tell = ({ call, place, subject, code }: Fault): string => `${code} from ${call} at ${place}, of ${subject}`;

/** Each errno of each call, and each place and subject of each call, by turns. With `all`, each errno at each place. */
function listFaults(calls: Calls, all: boolean): Fault[] {
	const places = [...calls].flatMap(([key, subjects]) => {
		const [call = "", place = ""] = key.split(" at ");
		return [...subjects].map((subject) => ({ call, place, subject }));
	});
	return [...groupBy(places, ({ call, place }) => (all ? `${call} at ${place}` : call)).values()].flatMap((group) => {
		const { errnos = [] } = manPages[group[0]!.call] ?? {};
		const count = errnos.length === 0 ? 0 : Math.max(errnos.length, group.length);
		return Array.from({ length: count }, (_, n) => ({ ...group[n % group.length]!, code: errnos[n % errnos.length]! }));
	});
}

function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
	const groups = new Map<string, Item[]>();
	for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
	return groups;
}

/** What is wrong with a life. Undefined when the agent went on, or ended with one sentence and a status. */
function judge(
	{ status, said, log, inserted, litter, uncaught, unanswered }: Life,
	fault: Fault | undefined,
): string | undefined {
	const [thrown] = uncaught;
	if (thrown !== undefined) return `nobody caught ${thrown}`;
	if (status === undefined)
		return `it never ended; it said ${JSON.stringify(said)}, its log ends ${JSON.stringify(log.slice(-3))}`;
	const broken = log.find((line) => typeof line === "string");
	if (broken !== undefined && fault?.call !== "writeSync") return `a line of its log is cut: ${broken}`;
	// A file that cannot be removed stays, and the agent logs a warning.
	const stays = fault?.call === "rmSync" && log.flatMap(readWarning).length > 0;
	if (litter.length > 0 && !stays) return `it left ${litter.join(", ")}`;
	if (status !== 0) {
		if (fault !== undefined && isOfNoWeight(fault)) return `it ended with ${status} and said ${said[0]}`;
		if (said.length !== 1) return `it ended with ${status} and said ${JSON.stringify(said)}`;
		return /^hotplugd(?: run)?: .{10,}/.test(said[0] ?? "") ? undefined : `it ended with ${status} and said ${said[0]}`;
	}
	// The module that the fault hit may be missing, and so may those that depend on it, when the agent reports the failure.
	const absent = wanted.filter((module) => !inserted.includes(module));
	const lacking = absent.filter((module) => module !== "plugged" || !absent.includes("base"));
	const told = [...said, ...log.flatMap(readWarning)];
	if (lacking.length > (fault === undefined || isOfNoWeight(fault) ? 0 : 1))
		return `it went on and did not load ${lacking.join(", ")}; it said ${JSON.stringify(told)}`;
	if (lacking.length > 0 && told.length === 0 && !(fault !== undefined && isNoFailure(fault)))
		return `it did not load ${lacking.join(", ")}, and said nothing of it`;
	if (unanswered.length > 0) return `it did not answer ${unanswered.join(", ")}`;
	return undefined;
}

/** The errno means no failure: only the log's usual lines of outcomes mention it. */
const isNoFailure = ({ call, place, code }: Fault): boolean =>
	noFailures.some((row) => place.startsWith(row.place) && call === row.call && row.codes.includes(code));

/** A failure of close(2) after reading does not matter. After writing it may mean that the data is lost. */
const isOfNoWeight = ({ call, place }: Fault): boolean =>
	(call === "closeSync" || call === "Dir.closeSync") && !place.startsWith("src/linux/files/draft:");

const WARNING = 40;

function readWarning(line: unknown): readonly string[] {
	const { level, msg } = line as { readonly level?: unknown; readonly msg?: unknown };
	return Number(level) >= WARNING ? [String(msg)] : [];
}

const wanted = ["walked", "base", "plugged", "packed", "renewed", "asked", "spooled", "held"];

if (process.argv[1] === sweepSession) {
	const [share = "0", shares = "1", only] = process.argv.slice(2);
	await main(Number(share), Number(shares), only);
}
