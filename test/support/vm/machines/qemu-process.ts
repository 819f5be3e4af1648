// A QEMU process, or one of User-mode Linux: two of a kind at a time over all processes, and none that outlives the process that
// started it.
import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import type { Duplex, Readable, Writable } from "node:stream";
import { lockFile, tell } from "../images/cache.js";
import { path } from "./command.js";
import type { Outcome } from "./guest-link.js";

/** Runs its arguments until they end or until standard input does: a pipe from us, which ends with us. */
const keeper = `
exec 3<&0
"$@" & program=$!
exec 2>/dev/null
{ read -r end; kill -KILL $program; } <&3 & watcher=$!
wait $program; status=$?
kill $watcher
exit $status`;

/** As many run at once, over all processes: one of them leaves half of two cores idle. */
const MACHINES = 2;

/**
 * Runs its arguments behind "--" with one of the locks before it: the first that is free, else that which was chosen by chance. Its
 * number is $turn to them.
 */
const inTurn = `
locks=; while [ "$1" != -- ]; do locks="$locks $1"; last=$1; shift; done; shift
for lock in $locks; do turn=\${lock##*-} flock -n -E 200 "$lock" "$@"; status=$?; [ $status = 200 ] || exit $status; done
turn=\${last##*-} exec flock "$last" "$@"`;

function inAnyOrder<T>(things: readonly T[]): T[] {
	const start = Math.floor(Math.random() * things.length);
	return [...things.slice(start), ...things.slice(0, start)];
}

/** How another program than QEMU is run. */
export interface Program {
	/** Programs of one kind take turns. */
	readonly kind: string;
	/** Comes before the arguments: it ends when standard input does. */
	readonly starter: readonly string[];
	readonly env: Readonly<Record<string, string>>;
}

const qemu: Program = { kind: "qemu", starter: ["sh", "-c", keeper, "sh", "qemu-system-x86_64"], env: {} };

export class Qemu {
	readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
	readonly #gone: Promise<never>;
	readonly #watchers = new Set<() => void>();
	/** What came out of the guest's console. */
	console = "";
	/** What it wrote to its standard error. */
	complaints = "";

	/** Resolves when something has come from there. */
	readonly heard: Promise<unknown>;

	constructor(args: readonly string[], { kind, starter, env } = qemu) {
		const locks = inAnyOrder(Array.from({ length: MACHINES }, (_, number) => lockFile(`${kind}-${number}`)));
		this.#process = spawn("sh", ["-c", inTurn, "sh", ...locks, "--", ...starter, ...args], {
			stdio: ["pipe", "pipe", "pipe", "pipe"],
			env: { ...process.env, PATH: path, ...env },
		}) as ChildProcess as ChildProcessByStdio<Writable, Readable, Readable>;
		this.heard = once(this.#process.stdout, "data");
		this.#process.stdin.on("error", () => {});
		// It ends with words that nobody has read.
		this.line.on("error", () => {});
		this.#process.stdout.on("data", (chunk) => {
			this.console += chunk;
			for (const look of this.#watchers) look();
		});
		this.#process.stderr.on("data", (chunk) => {
			this.complaints += chunk;
		});
		this.#gone = once(this.#process, "close").then(() => Promise.reject(this.#failure("the machine has stopped")));
		this.#gone.catch(() => {});
	}

	/** The other end of its descriptor 3, if it has not closed that. */
	get line(): Duplex {
		return this.#process.stdio[3] as Duplex;
	}

	/** Resolves when the console has a text of that pattern. */
	says(pattern: RegExp): Promise<void> {
		return new Promise((resolve) => {
			const look = () => {
				if (!pattern.test(this.console)) return;
				this.#watchers.delete(look);
				resolve();
			};
			this.#watchers.add(look);
			look();
		});
	}

	/** Awaits something of the machine. @throws Error, with the console, when that takes too long or the machine stops. */
	async during<T>(wanted: Promise<T>, what: string, seconds: number, partial?: () => Promise<Outcome>): Promise<T> {
		const quiet = tell(`the machine is to ${what.split("\n")[0]}`);
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<undefined>((resolve) => {
			timer = setTimeout(() => resolve(undefined), seconds * 1000);
		});
		try {
			const first = await Promise.race([wanted.then((value) => ({ value })), late, this.#gone]);
			if (first !== undefined) return first.value;
			const sofar = partial && (await Promise.race([partial(), pause(40)]));
			throw this.#failure(`the machine did not ${what} within ${seconds} s`, sofar);
		} finally {
			clearTimeout(timer);
			quiet();
		}
	}

	/** Ends the machine at once. */
	async stop(folder: string): Promise<void> {
		this.#process.stdin.end();
		// A program that still waits for the lock does not read.
		const waiting = setTimeout(() => this.#process.kill(), 5000);
		await this.#gone.catch(() => {});
		clearTimeout(waiting);
		rmSync(folder, { recursive: true, force: true });
	}

	#failure(what: string, sofar?: Outcome): Error {
		const parts = [what];
		if (sofar !== undefined) parts.push("--- stdout so far", sofar.stdout, "--- stderr so far", sofar.stderr);
		parts.push("--- console, its last 60 lines", this.console.split("\n").slice(-60).join("\n"));
		if (this.complaints !== "") parts.push("--- QEMU", this.complaints);
		return new Error(parts.join("\n"));
	}
}

function pause(seconds: number): Promise<undefined> {
	return new Promise((resolve) => setTimeout(() => resolve(undefined), seconds * 1000).unref());
}
