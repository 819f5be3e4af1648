// Makes real uevents of the kernel without any hardware, in a network namespace without other listeners (uevent-injector.c).

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { compile } from "./c-program.js";

/** The sender: the kernel, or a process that spoofs it. The number is the receiver's port id, or the multicast group. */
export type UeventSender = "kernel" | { readonly unicast: number } | { readonly multicast: number };

/** Formats a message as the kernel does, without SEQNUM, which the kernel appends. */
export function formatUevent(
	action: string,
	devpath: string,
	variables: Iterable<readonly [key: string, value: string]> = [],
): Buffer {
	const lines = [`${action}@${devpath}`, `ACTION=${action}`, `DEVPATH=${devpath}`];
	for (const [key, value] of variables) lines.push(`${key}=${value}`);
	return Buffer.from(`${lines.join("\0")}\0`, "latin1");
}

/** Sends all messages in one burst. Returns when they are sent, so that this process's event loop does not turn meanwhile. */
export function injectUevents(messages: readonly Buffer[], sender: UeventSender = "kernel"): void {
	execFileSync(compile("uevent-injector"), wordsFor(sender), {
		input: formatRecords(messages),
		stdio: ["pipe", "inherit", "inherit"],
	});
}

/** Sends all messages while the event loop turns. Resolves when they are sent. */
export async function injectUeventsMeanwhile(
	messages: readonly Buffer[],
	sender: UeventSender = "kernel",
): Promise<void> {
	const injector = spawn(compile("uevent-injector"), wordsFor(sender), { stdio: ["pipe", "inherit", "inherit"] });
	injector.stdin.end(formatRecords(messages));
	const [status] = await once(injector, "exit");
	if (status !== 0) throw new Error(`uevent-injector ended with ${status}`);
}

/** Sends the messages through another program, such as one that drops privileges first. @returns "sent", or the complaint */
export function trySpoofing(messages: readonly Buffer[], sender: UeventSender, by: readonly string[]): string {
	const [program = "", ...words] = [...by, compile("uevent-injector"), ...wordsFor(sender)];
	const { status, stderr } = spawnSync(program, words, { input: formatRecords(messages), encoding: "utf8" });
	return status === 0 ? "sent" : stderr.trim();
}

function wordsFor(sender: UeventSender): string[] {
	if (sender === "kernel") return ["kernel"];
	return "unicast" in sender ? ["unicast", String(sender.unicast)] : ["multicast", String(sender.multicast)];
}

/** Formats the input that uevent-injector.c reads. */
export function formatRecords(messages: readonly Buffer[]): Buffer {
	const sizes = new Uint32Array(1);
	return Buffer.concat(
		messages.flatMap((message) => {
			sizes[0] = message.length;
			return [Buffer.from(sizes.buffer.slice(0)), message];
		}),
	);
}
