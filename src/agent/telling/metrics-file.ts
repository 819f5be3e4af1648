// The metrics as a file, for node_exporter's textfile collector, rewritten periodically. The first write is not at the start,
// since loading the formatter would delay the boot. Acts: timers, the file.
import { asError } from "../../libkmod/kernel/errors.js";

export type MetricsFileOptions = {
	readonly milliseconds: number;
	/** Replaces the file. */
	readonly write: () => Promise<void>;
	/** Called when the file could not be written, and not again for the same message until a write succeeds. */
	readonly onProblem: (message: string) => void;
};

/** @returns a function that ends the writing, and resolves when the file was written for the last time */
export function keepMetricsFile({ milliseconds, write, onProblem }: MetricsFileOptions): () => Promise<void> {
	let told = "";
	let writing: Promise<void> | undefined;

	async function writeOnce(): Promise<void> {
		try {
			await write();
			told = "";
		} catch (thrown) {
			const message = asError(thrown).message;
			if (message !== told) onProblem(message);
			told = message;
		}
	}

	const timer = setInterval(() => {
		writing ??= writeOnce().finally(() => {
			writing = undefined;
		});
	}, milliseconds);
	timer.unref();

	return async () => {
		clearInterval(timer);
		await writing;
		await writeOnce();
	};
}
