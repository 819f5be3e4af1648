// The real kmod, run beside ours: what Debian's modprobe prints.
import { execFileSync } from "node:child_process";

/** Standard output, whatever the exit status: with -a it is 1 as soon as one module was not found. */
export function modprobe(...words: readonly string[]): string {
	try {
		return execFileSync("/sbin/modprobe", words, {
			encoding: "latin1",
			stdio: ["ignore", "pipe", "ignore"],
			maxBuffer: 1 << 28,
		});
	} catch (error) {
		const { stdout, status } = error as { stdout?: string; status?: number };
		if (stdout === undefined || status === null) throw error;
		return stdout;
	}
}

/** Slices short enough for one command line. */
export function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
	for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
