// Clients that wait for a reply of the agent. Such a client may run below a command of the agent. The command then ends only
// after the reply, so the reply must not wait for the command's end, nor for the end of another command that waits likewise: that
// would be a deadlock.

import { type Observable, Subject } from "rxjs";
import type { Kernel } from "../../libkmod/kernel/kernel.js";
import type { Client } from "../../ports/control.js";

export type Askers = {
	/** The client counts as waiting until the answer resolves. */
	during<T>(client: Client, answer: () => Promise<T>): Promise<T>;
	/** Whether one of these processes, or a descendant of one, waits for a reply. */
	areAsking(pids: Iterable<number>): boolean;
	/** Emits when a client begins to wait, or has its reply. */
	readonly changes: Observable<unknown>;
};

export function makeAskers(): Askers {
	const waiting = new Set<() => ReadonlySet<number>>();
	const changes = new Subject<void>();
	return {
		async during(client, answer) {
			// The lineage costs one read in /proc for each ancestor, so it is read on demand: most requests end before it is
			// needed.
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
	/** The same kernel, with its install commands watched. */
	readonly kernel: Kernel;
	/** Returns the processes of a module's install command, while the command runs. */
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
