// The metrics as a file, for node_exporter's textfile collector: written anew every so often. Not at once, since at boot there is
// better to do than to load what formats them. Acts: timers, the file.

export type MetricsFileOptions = {
	readonly milliseconds: number;
	/** Replaces the file. */
	readonly write: () => Promise<void>;
	/** It could not be written: told once, until it can be again. */
	readonly onProblem: (message: string) => void;
};

/** @returns what ends it; resolves when the file was written for the last time. */
export function keepMetricsFile({ milliseconds, write, onProblem }: MetricsFileOptions): () => Promise<void> {
	let told = "";
	let writing: Promise<void> | undefined;

	async function writeOnce(): Promise<void> {
		try {
			await write();
			told = "";
		} catch (thrown) {
			const message = thrown instanceof Error ? thrown.message : String(thrown);
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
