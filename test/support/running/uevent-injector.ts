// Makes true kernel uevents without any hardware, in a network namespace where nobody else listens (uevent-injector.c).

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { compile } from "./c-program.js";

/** Who sends: the kernel, or a process that passes itself off as it. */
export type UeventSender = "kernel" | { readonly unicast: number } | { readonly multicast: number };

/** A message as the kernel's; SEQNUM is for the kernel to append. */
export function formatUevent(
	action: string,
	devpath: string,
	variables: Iterable<readonly [key: string, value: string]> = [],
): Buffer {
	const lines = [`${action}@${devpath}`, `ACTION=${action}`, `DEVPATH=${devpath}`];
	for (const [key, value] of variables) lines.push(`${key}=${value}`);
	return Buffer.from(`${lines.join("\0")}\0`, "latin1");
}

/** Sends them all, in one burst, before this process's event loop turns again. */
export function injectUevents(messages: readonly Buffer[], sender: UeventSender = "kernel"): void {
	execFileSync(compile("uevent-injector"), wordsFor(sender), {
		input: formatRecords(messages),
		stdio: ["pipe", "inherit", "inherit"],
	});
}

/** The same while the event loop turns. */
export async function injectUeventsMeanwhile(
	messages: readonly Buffer[],
	sender: UeventSender = "kernel",
): Promise<void> {
	const injector = spawn(compile("uevent-injector"), wordsFor(sender), { stdio: ["pipe", "inherit", "inherit"] });
	injector.stdin.end(formatRecords(messages));
	const [status] = await once(injector, "exit");
	if (status !== 0) throw new Error(`uevent-injector ended with ${status}`);
}

/** The same by way of another program, such as one that takes rights away first; says what came of it. */
export function trySpoofing(messages: readonly Buffer[], sender: UeventSender, by: readonly string[]): string {
	const [program = "", ...words] = [...by, compile("uevent-injector"), ...wordsFor(sender)];
	const { status, stderr } = spawnSync(program, words, { input: formatRecords(messages), encoding: "utf8" });
	return status === 0 ? "sent" : stderr.trim();
}

function wordsFor(sender: UeventSender): string[] {
	if (sender === "kernel") return ["kernel"];
	return "unicast" in sender ? ["unicast", String(sender.unicast)] : ["multicast", String(sender.multicast)];
}

/** What uevent-injector.c reads from standard input. */
export function formatRecords(messages: readonly Buffer[]): Buffer {
	const sizes = new Uint32Array(1);
	return Buffer.concat(
		messages.flatMap((message) => {
			sizes[0] = message.length;
			return [Buffer.from(sizes.buffer.slice(0)), message];
		}),
	);
}
