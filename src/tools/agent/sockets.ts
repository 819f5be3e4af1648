// The agent's two listening sockets: "control" for people and tools, "load" for the kernel's module requests.
import { answerControl, answerLoad, type Controlled } from "../../agent/control/answers.js";
import type { ControlOptions, ControlSocket } from "../../ports/control.js";
import type { Serving } from "./serving.js";

/** Concurrent connections: more than the 50 requests that the kernel has under way at once (kernel/module/kmod.c). */
const LOAD_CONNECTIONS = 256;

export type AnswerOptions = {
	readonly agent: Controlled;
	readonly serving: Pick<Serving, "ports" | "settings">;
	/** Called when both sockets listen. */
	readonly onListening: () => void;
	/** Called when the agent ends: from then on it is to begin nothing new. */
	readonly onEnd: () => void;
};

/**
 * Answers clients until `ended` resolves, and finishes the replies that are due then.
 * @throws {Refusal} when a socket cannot listen @throws the error that `ended` rejects with
 */
export async function answerUntil(ended: Promise<unknown>, options: AnswerOptions): Promise<void> {
	// A rejection of `ended` is thrown by the await below: this handler only keeps it from counting as unhandled.
	ended.catch(() => undefined);
	const sockets: ControlSocket[] = [];
	try {
		// The sockets are opened one after the other, so that those that already listen are closed when the next one fails.
		for (const socket of socketsOf(options)) sockets.push(await options.serving.ports.listenControl(socket));
		options.onListening();
		await ended;
	} finally {
		options.onEnd();
		await Promise.all(sockets.map((socket) => socket.close()));
		await ended;
	}
}

function socketsOf({ agent, serving: { settings } }: AnswerOptions): readonly ControlOptions[] {
	const { run_directory } = settings;
	return [
		{
			path: `${run_directory}/control`,
			answer: (line, client) => answerControl(agent, line, client),
		},
		{
			path: `${run_directory}/load`,
			answer: (line, client) => answerLoad(agent, line, client),
			oneAnswer: true,
			connections: LOAD_CONNECTIONS,
		},
	];
}
