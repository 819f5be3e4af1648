// The sockets on which the agent is asked: "control" for people and tools, "load" for the kernel's own requests.
import { answerControl, answerLoad, type Controlled } from "../../agent/control/answers.js";
import type { ControlOptions, ControlSocket } from "../../ports/control.js";
import type { Serving } from "./serving.js";

/** The kernel has no more requests under way at once (kernel/module/kmod.c: 50). */
const LOAD_CONNECTIONS = 256;

export type AnswerOptions = {
	readonly agent: Controlled;
	readonly serving: Pick<Serving, "ports" | "settings">;
	/** Both sockets are there. */
	readonly onListening: () => void;
	/** Nothing more is to be begun, since it ends. */
	readonly onEnd: () => void;
};

/** Answers until the agent has ended, and what is due then. @throws {Refusal} where it cannot listen @throws what the agent ends by */
export async function answerUntil(ended: Promise<unknown>, options: AnswerOptions): Promise<void> {
	// Whatever it ends by is thrown below.
	ended.catch(() => undefined);
	const sockets: ControlSocket[] = [];
	try {
		// One after the other: what listens is to be closed where the next one cannot.
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
