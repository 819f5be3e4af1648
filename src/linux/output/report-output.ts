// Standard output and standard error of a command that loads drivers, and so must never block on a slow reader, such as a console
// that stalls at boot, or a pager. Lines reach the reader whole and in order. Nothing is opened before the first line is written.

import { fstatSync } from "node:fs";
import type { LogOutput, Patience, Reports } from "../../ports/output.js";
import { refusalFor } from "../files/refusal.js";

type Outputs = Readonly<Record<1 | 2, LogOutput>>;

/** The size of each output's buffer in bytes. */
const BUFFER_BYTES = 2 ** 24;

export function makeReportOutput(): Reports {
	const output = new ReportOutput();
	return {
		print: (text) => output.write(1, typeof text === "string" ? text : Buffer.from(text).toString("latin1")),
		complain: (text) => output.write(2, text),
		offer: (text) => output.offer(text),
		close: (patience) => output.close(patience),
	};
}

class ReportOutput {
	/** The texts that were written before both outputs were open. */
	readonly #early: (readonly [1 | 2, string])[] = [];
	readonly #lost = { 1: 0, 2: 0 };
	#failure: { readonly thrown: unknown } | undefined;
	#opening: Promise<void> | undefined;
	#outputs: Outputs | undefined;

	write(descriptor: 1 | 2, text: string): void {
		if (this.#outputs !== undefined) {
			this.#outputs[descriptor].write(text);
			return;
		}
		this.#early.push([descriptor, text]);
		this.#opening ??= this.#open().catch((thrown) => this.#fail(thrown));
	}

	/** Before standard error is open, the text is dropped, and opening it begins. */
	offer(text: string): void {
		if (this.#outputs !== undefined) this.#outputs[2].offer(text);
		else this.#opening ??= this.#open().catch((thrown) => this.#fail(thrown));
	}

	async close(patience: () => Patience): Promise<number> {
		await this.#opening;
		const closing = this.#outputs;
		this.#outputs = undefined;
		this.#opening = undefined;
		if (closing !== undefined) {
			const [left] = await Promise.all([...new Set(Object.values(closing))].map((output) => output.close(patience)));
			this.#lost[1] += left ?? 0;
		}
		return this.#takeLost();
	}

	/** The number of lines of standard output that were lost since the last call. @throws the first error of either output */
	#takeLost(): number {
		const { thrown } = this.#failure ?? {};
		this.#failure = undefined;
		if (thrown !== undefined) throw thrown;
		const lines = this.#lost[1];
		this.#lost[1] = 0;
		return lines;
	}

	async #open(): Promise<void> {
		const { openLogOutput } = await import("./log-output.js");
		const openOne = (descriptor: 1 | 2): Promise<LogOutput> =>
			openLogOutput({
				descriptor,
				most: BUFFER_BYTES,
				onLost: (lines) => (this.#lost[descriptor] += lines),
				onFailed: (thrown) => this.#fail(refusalFor("write", names[descriptor], thrown)),
			});
		const output = await openOne(1);
		// One output for both when they are the same file, as after 2>&1, so that their lines keep their order.
		const outputs = { 1: output, 2: isSameFile() ? output : await openOne(2) };
		this.#outputs = outputs;
		for (const [descriptor, text] of this.#early.splice(0)) outputs[descriptor].write(text);
	}

	/** Only the first failure is kept. */
	#fail(thrown: unknown): void {
		this.#failure ??= { thrown };
	}
}

const names = { 1: "standard output", 2: "standard error" };

function isSameFile(): boolean {
	const [output, error] = [fstatSync(1), fstatSync(2)];
	return output.dev === error.dev && output.ino === error.ino;
}
