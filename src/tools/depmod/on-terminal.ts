// depmod's output on a terminal. Its text files consist of lines, so a name that contains a newline would pass for a line of its
// own.
import type { Digests } from "../../libkmod/depmod/module-tree.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";

/** A copy of the machine that prints each such name as one line, with its newlines escaped. */
export function showingNames(machine: Machine, { modules, names }: Digests): Machine {
	const isSplit = (name: string): boolean => name.includes("\n");
	const split = new Set(
		modules.flatMap(({ path, name, aliases, softdeps, weakdeps }) =>
			[path, name, ...aliases, ...softdeps, ...weakdeps].filter(isSplit),
		),
	);
	for (let number = 0; number < names.count; number++) {
		const name = names.nameOf(number);
		if (isSplit(name)) split.add(name);
	}
	if (split.size === 0) return machine;
	return {
		...machine,
		print(text) {
			let shown = typeof text === "string" ? text : Buffer.from(text).toString("latin1");
			for (const name of split) shown = shown.replaceAll(name, () => printable(name));
			machine.print(shown);
		},
	};
}
