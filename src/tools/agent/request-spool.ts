// The spool: load requests that wait in files for the next agent. The thin helper (thin-helper/hotplugd-load.c) leaves a request
// there when no agent listens, and an agent leaves the requests that it accepted and could not begin before it stopped.

import type { Controlled } from "../../agent/control/answers.js";
import { formatLoadLine, type LoadRequest, parseLoadLine } from "../../agent/control/protocol.js";
import { asError } from "../../libkmod/kernel/errors.js";
import type { Serving } from "./serving.js";

export type RequestSpool = {
	/** Writes the request to the spool. The next agent loads its modules. */
	leave(request: LoadRequest): void;
	/** Takes all requests from the spool and hands them to the agent. No client waits for their outcome any more. */
	take(agent: Pick<Controlled, "load">): Promise<void>;
	/** Resolves when every request given to `leave()` is written. */
	ended(): Promise<unknown>;
};

export function makeRequestSpool({
	ports,
	settings,
	journal,
}: Pick<Serving, "ports" | "settings" | "journal">): RequestSpool {
	const directory = `${settings.run_directory}.spool`;
	const writes: Promise<void>[] = [];

	async function write(request: LoadRequest): Promise<void> {
		const { alias } = request;
		try {
			await ports.putSpooled(directory, formatLoadLine(request).subarray(0, -1));
			journal.info(
				{ alias },
				`left the request for ${alias} in ${directory} for the next agent: its modules had not begun`,
			);
		} catch (error) {
			const why = asError(error).message;
			journal.error(
				{ alias },
				`could not leave the request for ${alias} in ${directory}, so its modules are not loaded: ${why}`,
			);
		}
	}

	const leave = (request: LoadRequest): void => void writes.push(write(request));

	async function take(agent: Pick<Controlled, "load">): Promise<void> {
		try {
			const lines = await ports.takeSpooled(directory);
			if (lines.length > 0)
				journal.info({ requests: lines.length }, "took the load requests that were made before the agent listened");
			for (const request of lines.map(parseLoadLine)) {
				if (typeof request === "string") continue;
				const { result } = await agent.load({ ...request, wait: false });
				if (result === "refused") leave(request);
			}
		} catch (error) {
			journal.error({}, `could not read ${directory}: ${asError(error).message}`);
		}
	}

	return { leave, take, ended: () => Promise.all(writes) };
}
