// Who waits for an answer of the agent's. A command that the agent runs may have one below it: then the command does not end
// before the answer comes, and the answer must not wait for the command's end, nor for that of another one that waits likewise.

import { type Observable, Subject } from "rxjs";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Client } from "../../ports/control.js";

export type Askers = {
	/** The client waits until there is an answer. */
	during<T>(client: Client, answer: () => Promise<T>): Promise<T>;
	/** Whether one of these processes, or one below them, waits. */
	areAsking(pids: Iterable<number>): boolean;
	/** Emits when a client begins to wait, or has its answer. */
	readonly changes: Observable<unknown>;
};

export function makeAskers(): Askers {
	const waiting = new Set<() => ReadonlySet<number>>();
	const changes = new Subject<void>();
	return {
		async during(client, answer) {
			// A file of /proc for each of its parents: read for whoever must know, since most requests end before anybody does.
			let known: ReadonlySet<number> | undefined;
			const lineage = () => (known ??= new Set(client.lineage()));
			waiting.add(lineage);
			changes.next();
			try {
				return await answer();
			} finally {
				waiting.delete(lineage);
				changes.next();
			}
		},
		changes,
		areAsking: (pids) => [...pids].some((pid) => [...waiting].some((lineage) => lineage().has(pid))),
	};
}

export type InstallCommands = {
	/** The same kernel, whose install commands are watched. */
	readonly kernel: Kernel;
	/** The processes of a module's install command, while it runs. */
	pidsOf(module: string): readonly number[];
};

export function watchInstallCommands(kernel: Kernel): InstallCommands {
	const pids = new Map<string, number[]>();
	return {
		kernel: {
			...kernel,
			async run(command, environment, flags = {}) {
				const { MODPROBE_MODULE: module = "" } = environment;
				const own: number[] = [];
				pids.set(module, own);
				try {
					return await kernel.run(command, environment, { ...flags, onBegun: (pid) => own.push(pid) });
				} finally {
					if (pids.get(module) === own) pids.delete(module);
				}
			},
		},
		pidsOf: (module) => pids.get(module) ?? [],
	};
}
