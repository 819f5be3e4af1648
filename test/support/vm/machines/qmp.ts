// QEMU's Machine Protocol: one JSON object a line; every command is answered in order, events come in between.
import type { Socket } from "node:net";

export type QmpEvent = { readonly event: string; readonly data?: Readonly<Record<string, unknown>> };

export class Qmp {
	readonly #watchers = new Set<(event: QmpEvent) => void>();
	readonly #socket: Socket;
	readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void; command: string }[] = [];
	#pending = "";

	constructor(socket: Socket) {
		this.#socket = socket;
		socket.on("data", (chunk) => {
			const lines = (this.#pending + chunk.toString()).split("\n");
			this.#pending = lines.pop()!;
			for (const line of lines) this.#take(JSON.parse(line) as Record<string, unknown>);
		});
		void this.execute("qmp_capabilities", {});
	}

	/** Resolves with what the command returns. @throws Error with QEMU's own description. */
	execute(command: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ resolve, reject, command });
			this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
		});
	}

	/** The next event of that name whose data fits. */
	next(name: string, fits: (data: Readonly<Record<string, unknown>>) => boolean): Promise<QmpEvent> {
		return new Promise((resolve) => {
			const watch = (event: QmpEvent) => {
				if (event.event !== name || !fits(event.data ?? {})) return;
				this.#watchers.delete(watch);
				resolve(event);
			};
			this.#watchers.add(watch);
		});
	}

	#take(message: Record<string, unknown>): void {
		if (typeof message.event === "string") for (const watch of [...this.#watchers]) watch(message as QmpEvent);
		else if ("return" in message) this.#waiting.shift()?.resolve(message.return);
		else if ("error" in message) {
			const { resolve: _, reject, command } = this.#waiting.shift()!;
			reject(new Error(`QMP ${command}: ${(message.error as { desc: string }).desc}`));
		}
	}
}
