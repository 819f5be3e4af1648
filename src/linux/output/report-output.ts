// Standard output and error of a command that loads drivers, and so must never wait for whoever reads them: a console that stalls at
// boot, a pager. What a reader takes comes whole and in order. Nothing is opened before something is said.

import { fstatSync } from "node:fs";
import type { LogOutput, Reports } from "../../ports/output.js";
import { refusalFor } from "../files/refusal.js";

type Outputs = Readonly<Record<1 | 2, LogOutput>>;

/** Bytes that are kept of each while nobody reads. */
const MOST = 2 ** 24;

export function makeReportOutput(): Reports {
	const early: (readonly [1 | 2, string])[] = [];
	const lost = { 1: 0, 2: 0 };
	let failure: { readonly thrown: unknown } | undefined;
	let opening: Promise<void> | undefined;
	let outputs: Outputs | undefined;

	async function open(): Promise<void> {
		const { openLogOutput } = await import("./log-output.js");
		const openOne = (descriptor: 1 | 2): Promise<LogOutput> =>
			openLogOutput({
				descriptor,
				most: MOST,
				onLost: (lines) => (lost[descriptor] += lines),
				onFailed: (thrown) => (failure ??= { thrown: refusalFor("write", names[descriptor], thrown) }),
			});
		const output = await openOne(1);
		// As by 2>&1: the lines of both are to come in their order.
		outputs = { 1: output, 2: isSameFile() ? output : await openOne(2) };
		for (const [descriptor, text] of early.splice(0)) outputs[descriptor].write(text);
	}

	function write(descriptor: 1 | 2, text: string): void {
		if (outputs !== undefined) {
			outputs[descriptor].write(text);
			return;
		}
		early.push([descriptor, text]);
		opening ??= open().catch((thrown) => {
			failure ??= { thrown };
		});
	}

	return {
		print: (text) => write(1, typeof text === "string" ? text : Buffer.from(text).toString("latin1")),
		complain: (text) => write(2, text),
		async close(patience) {
			await opening;
			const closing = outputs;
			outputs = undefined;
			opening = undefined;
			if (closing !== undefined) {
				const [left] = await Promise.all([...new Set(Object.values(closing))].map((output) => output.close(patience)));
				lost[1] += left ?? 0;
			}
			const { thrown } = failure ?? {};
			failure = undefined;
			if (thrown !== undefined) throw thrown;
			const lines = lost[1];
			lost[1] = 0;
			return lines;
		},
	};
}

const names = { 1: "standard output", 2: "standard error" };

function isSameFile(): boolean {
	const [output, error] = [fstatSync(1), fstatSync(2)];
	return output.dev === error.dev && output.ino === error.ino;
}
