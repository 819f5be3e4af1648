// A plan as a tree, for people: each module that a device asks for, and below it what it needs, in the words of modprobe.d. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Terminal } from "../../ports/terminal.js";
import type { Batch } from "../decisions/batch.js";
import { listWanted } from "../decisions/decider.js";
import { shortenPlaces } from "./device-table.js";
import { isMasked } from "./dry-run.js";
import { shortenTo } from "./text-layout.js";

/** A module below another one, and what connects them. `note` is "" for a dependency. */
type Branch = { readonly module: string; readonly note: string };

/** Lines of the tree. What a module needs is shown where the module first comes; later it is "(above)". */
export function formatTree(batches: readonly Batch[], terminal: Terminal): readonly string[] {
	const steps = new Map(batches.flatMap(({ plan }) => plan.map((step) => [step.module, step] as const)));
	const branches = listBranches(steps);
	const shown = new Set<string>();
	const lines: string[] = [];
	const put = (indent: string, { module, note }: Branch): boolean => {
		const step = steps.get(module);
		const isAgain = shown.has(module) && (branches.get(module)?.length ?? 0) > 0;
		const notes = [note, step && isMasked(step) ? "kept out: masked" : "", step?.how === "missing" ? "missing" : ""];
		const told = [...notes, isAgain ? "(above)" : ""].filter((one) => one !== "").join(", ");
		const name = shortenTo(`${indent}${printable(module)}`, terminal.width, terminal);
		const room = terminal.width - terminal.measure(name) - 2;
		lines.push(told === "" || room < 4 ? name : `${name}  ${terminal.paint("dim", shortenTo(told, room, terminal))}`);
		shown.add(module);
		return !isAgain;
	};
	const wanted = new Set(batches.flatMap(({ decisions }) => listWanted(decisions).map(({ module }) => module)));
	const roots = [...steps.values()].filter(({ module }) => wanted.has(module));
	// A list in place of recursion: a chain of dependencies may be long.
	const due = roots.map(({ module }) => ({ module, note: "", first: "", rest: "" })).reverse();
	for (let next = due.pop(); next !== undefined; next = due.pop()) {
		const { rest } = next;
		if (!put(next.first, next)) continue;
		const below = branches.get(next.module) ?? [];
		for (const [at, branch] of [...below.entries()].reverse()) {
			const isLast = at === below.length - 1;
			due.push({ ...branch, first: `${rest}${isLast ? "`-- " : "|-- "}`, rest: `${rest}${isLast ? "    " : "|   "}` });
		}
	}
	return lines;
}

/** What each module needs: its dependencies that no other of them needs, and its softdeps. */
function listBranches(steps: ReadonlyMap<string, Step>): ReadonlyMap<string, readonly Branch[]> {
	const branches = new Map<string, Branch[]>();
	const add = (of: string, branch: Branch): void => void (branches.get(of)?.push(branch) ?? branches.set(of, [branch]));
	const hard = new Map(
		[...steps.values()].map(({ module, after }) => [module, after.filter((one) => one.hard).map((one) => one.module)]),
	);
	for (const { module, cause } of steps.values()) {
		const needed = hard.get(module) ?? [];
		const indirect = new Set(needed.flatMap((one) => hard.get(one) ?? []));
		for (const one of needed) if (!indirect.has(one)) add(module, { module: one, note: "" });
		if (cause.kind === "softdep")
			add(cause.of, {
				module,
				note: `softdep ${cause.when} (${printable(shortenPlaces(formatFileLine(cause.source)))})`,
			});
	}
	return branches;
}
