// A kernel's module directory that is read once for many machines.

import type { Files, Kernel } from "../../libkmod/kernel/kernel.js";

/** More than the module files of any kernel: a directory that has more is asked each time. */
const MOST_REMEMBERED = 2 ** 16;

/** The same files, of which those below a directory are read once. A read that is refused is tried again. */
export function rememberFiles<Some extends Kernel>(kernel: Some, directory: string): Some {
	const below = `${directory}/`;
	/** By the question and its path. */
	const remembered = new Map<string, unknown>();
	const ask = <Answer>(question: keyof Files, path: string, answer: () => Answer): Answer => {
		if (!path.startsWith(below) && path !== directory) return answer();
		const key = `${question} ${path}`;
		if (remembered.has(key)) return remembered.get(key) as Answer;
		const asked = answer();
		if (remembered.size < MOST_REMEMBERED) remembered.set(key, asked);
		return asked;
	};
	return {
		...kernel,
		read: (path, bound) => ask("read", path, () => kernel.read(path, bound)),
		list: (path) => ask("list", path, () => kernel.list(path)),
		stamp: (path) => ask("stamp", path, () => kernel.stamp(path)),
		modified: (path) => ask("modified", path, () => kernel.modified?.(path)),
		leadsNowhere: (path) => ask("leadsNowhere", path, () => kernel.leadsNowhere?.(path) ?? false),
	};
}
