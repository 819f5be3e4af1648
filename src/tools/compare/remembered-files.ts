// A kernel's module directory that is read once for many machines.

import type { Files, Kernel } from "../../libkmod/kernel/kernel.js";

/** What was read below a module directory, by the question and its path. A kernel has some thousand module files. */
export type Remembered = Map<string, unknown>;

/** More than the module files of any kernel: a directory that has more is asked each time. */
const MOST_REMEMBERED = 2 ** 16;

/** The same files, of which those below a directory are read once. A read that is refused is tried again. */
export function rememberFiles<Some extends Kernel>(kernel: Some, directory: string, remembered: Remembered): Some {
	const below = `${directory}/`;
	const once = <Answer>(question: keyof Files, path: string, ask: () => Answer): Answer => {
		if (!path.startsWith(below) && path !== directory) return ask();
		const key = `${question} ${path}`;
		if (remembered.has(key)) return remembered.get(key) as Answer;
		const answer = ask();
		if (remembered.size < MOST_REMEMBERED) remembered.set(key, answer);
		return answer;
	};
	return {
		...kernel,
		read: (path, bound) => once("read", path, () => kernel.read(path, bound)),
		list: (path) => once("list", path, () => kernel.list(path)),
		stamp: (path) => once("stamp", path, () => kernel.stamp(path)),
		modified: (path) => once("modified", path, () => kernel.modified?.(path)),
		leadsNowhere: (path) => once("leadsNowhere", path, () => kernel.leadsNowhere?.(path) ?? false),
	};
}
