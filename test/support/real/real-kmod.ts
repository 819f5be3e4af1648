// The real kmod: the output of Debian's modprobe.
import { execFileSync } from "node:child_process";

/** Returns standard output, whatever the exit status is: with -a the status is 1 as soon as one module was not found. */
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

/** Yields slices of a list that fit on one command line. */
export function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
	for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
