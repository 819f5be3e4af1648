// The host's end of the guest's second serial port: commands go in, output and exit status come back (see guest/agent.sh).
import type { Duplex } from "node:stream";

export interface Outcome {
	readonly stdout: string;
	/** Standard output as it came. */
	readonly bytes: Buffer;
	readonly stderr: string;
	readonly status: number;
}

/** A command that runs: its end, and what it has written so far. */
export interface Running {
	readonly outcome: Promise<Outcome>;
	partial(): Promise<Outcome>;
}

/** A longer command would overrun the guest's terminal buffer. */
const longestCommand = 2800;

export class GuestLink {
	/** Resolves when the guest awaits its start: `go`. */
	readonly here: Promise<Outcome>;
	/** Resolves when the guest takes commands. */
	readonly ready: Promise<Outcome>;
	readonly #socket: Duplex;
	readonly #waiting = new Map<string, (outcome: Outcome) => void>();
	#commands = 0;

	constructor(socket: Duplex) {
		this.#socket = socket;
		this.here = this.#answer("here");
		this.ready = this.#answer("ready");
		const reader = new AnswerReader((name, outcome) => {
			this.#waiting.get(name)?.(outcome);
			this.#waiting.delete(name);
		});
		socket.on("data", (chunk: Buffer) => reader.push(chunk));
	}

	/** Has the guest go on with this machine's time. @param plugged PCI devices that have been plugged in since it is here. */
	go(plugged: number): void {
		this.#socket.write(`go ${(Date.now() / 1000).toFixed(3)} ${plugged}\n`);
	}

	/** Runs a command line of sh. */
	run(commandLine: string): Running {
		const encoded = Buffer.from(commandLine).toString("base64");
		if (encoded.length > (longestCommand * 4) / 3)
			throw new Error("this command is too long for a terminal: use `files`");
		const id = ++this.#commands;
		this.#socket.write(`run ${id} ${encoded}\n`);
		return {
			outcome: this.#answer(`end ${id}`),
			partial: () => {
				this.#socket.write(`peek ${id}\n`);
				return this.#answer(`peek ${id}`);
			},
		};
	}

	#answer(name: string): Promise<Outcome> {
		return new Promise((resolve) => this.#waiting.set(name, resolve));
	}
}

/** Cuts the guest's stream into answers: "VERB ID STATUS OUT ERR" and a newline, then OUT + ERR bytes. */
class AnswerReader {
	readonly #take: (name: string, outcome: Outcome) => void;
	#chunks: Buffer[] = [];
	#missing = 0;

	constructor(take: (name: string, outcome: Outcome) => void) {
		this.#take = take;
	}

	// The port delivers a few bytes at a time: they are joined only when an answer may be whole.
	push(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#missing -= chunk.length;
		if (this.#missing <= 0) while (this.#takeOne());
	}

	#takeOne(): boolean {
		const pending = Buffer.concat(this.#chunks);
		this.#chunks = [pending];
		const newline = pending.indexOf("\n");
		if (newline < 0) return false;
		const [verb, id, status, out, err] = pending.subarray(0, newline).toString().trim().split(" ");
		const body = pending.subarray(newline + 1);
		const length = Number(out ?? 0);
		const end = length + Number(err ?? 0);
		this.#missing = end - body.length;
		if (this.#missing > 0) return false;
		this.#chunks = [body.subarray(end)];
		this.#missing = 0;
		const bytes = Buffer.from(body.subarray(0, length));
		const stdout = bytes.toString();
		const stderr = body.subarray(length, end).toString();
		this.#take(id === undefined ? verb! : `${verb} ${id}`, { stdout, bytes, stderr, status: Number(status ?? 0) });
		return true;
	}
}
