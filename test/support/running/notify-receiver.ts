// The service manager's end of sd_notify(3) (notify-receiver.c).

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { ExecutionContext } from "ava";
import { compile } from "./c-program.js";

export type Notified = {
	readonly pid: number;
	/** The time of the read, in microseconds of CLOCK_MONOTONIC. */
	readonly microseconds: number;
	readonly text: string;
};

export type NotifyReceiver = {
	/** Resolves with the next datagram, its newlines replaced by "|". */
	next(): Promise<Notified>;
	/** Makes a receiver that was started deaf begin to read. */
	hear(): void;
	stop(): Promise<void>;
};

/**
 * @param name the name of the socket: a path, or @ and a name.
 * @param deaf whether the receiver only binds and does not read
 */
export async function startReceiver(t: ExecutionContext, name: string, deaf = false): Promise<NotifyReceiver> {
	const child = spawn(compile("notify-receiver"), deaf ? [name, "deaf"] : [name], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	t.teardown(() => child.kill());
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const nextLine = async (): Promise<string> => String((await lines.next()).value);
	const first = await nextLine();
	if (first !== "bound") throw new Error(`notify-receiver says ${first}`);
	return {
		async next() {
			const [, pid, microseconds, text = ""] = /^(\d+) (\d+) (.*)$/.exec(await nextLine()) ?? [];
			return { pid: Number(pid), microseconds: Number(microseconds), text };
		},
		hear: () => void child.stdin.write("\n"),
		async stop() {
			const exited = once(child, "exit");
			child.kill();
			await exited;
		},
	};
}
