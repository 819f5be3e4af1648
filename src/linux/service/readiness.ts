// The Readiness port on the real machine. It implements sd_notify(3), when $NOTIFY_SOCKET names a socket, with the variables of
// sd_watchdog_enabled(3), and s6's notification-fd: a newline on a file descriptor, which is closed then. Children inherit
// neither.

import { fstatSync, writeSync } from "node:fs";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Readiness, ReadinessOptions } from "../../ports/readiness.js";
import { closeQuietly } from "../files/descriptor.js";
import { refusalFor } from "../files/refusal.js";
import { readEnvironment } from "../process/process-words.js";
import { type NotifySocket, openNotifySocket } from "./notify-socket.js";

type Environment = Record<string, string | undefined>;

const nowhere: NotifySocket = { send() {} };

/**
 * Takes the variables out of the environment.
 * @throws {Refusal} when the descriptor `notifyFd` is not open, or a newline cannot be written to it
 */
export async function openReadiness(
	{ notifyFd, onProblem }: ReadinessOptions,
	environment: Environment = process.env,
): Promise<Readiness> {
	let problems = 0;
	const tellFirst = (problem: Error) => {
		if (++problems === 1) onProblem(problem);
	};
	let announce = notifyFd === undefined ? () => {} : announcer(notifyFd, tellFirst);
	const watchdogMilliseconds = readWatchdog(environment);
	const { NOTIFY_SOCKET: name } = readEnvironment({ NOTIFY_SOCKET: environment.NOTIFY_SOCKET });
	for (const variable of ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"]) delete environment[variable];
	const socket = name ? await openSocket(name, tellFirst) : nowhere;
	return {
		watchdogMilliseconds: name ? watchdogMilliseconds : undefined,
		ready() {
			socket.send("READY=1");
			announce();
			announce = () => {};
		},
		// hrtime is CLOCK_MONOTONIC in nanoseconds. By this time systemd tells which READY=1 follows the reload.
		reloading: () => socket.send(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`),
		stopping: () => socket.send("STOPPING=1"),
		status: (text) => socket.send(`STATUS=${printable(text.replaceAll("\n", " "))}`, true),
		watchdog: () => socket.send("WATCHDOG=1", true),
	};
}

/**
 * Reports a socket that cannot be opened, and goes on without it: the machine must get its drivers even when the service manager
 * cannot be reached.
 */
async function openSocket(name: string, onProblem: (problem: Error) => void): Promise<NotifySocket> {
	try {
		return await openNotifySocket(name, onProblem);
	} catch (thrown) {
		onProblem(refusalFor("notify", name, thrown));
		return nowhere;
	}
}

function announcer(fd: number, onProblem: (problem: Error) => void): () => void {
	const subject = `file descriptor ${fd}`;
	const refuse = (thrown: unknown) => refusalFor("write to", subject, thrown);
	try {
		const found = fstatSync(fd);
		// Refuses descriptors that node has opened for itself, such as an eventfd.
		if (!(found.isFIFO() || found.isSocket() || found.isFile() || found.isCharacterDevice()))
			throw new Refusal({ operation: "write to", subject, code: "EINVAL" });
	} catch (thrown) {
		throw refuse(thrown);
	}
	return () => {
		try {
			writeSync(fd, "\n");
			closeQuietly(fd);
		} catch (thrown) {
			onProblem(refuse(thrown));
		}
	};
}

function readWatchdog({ WATCHDOG_USEC = "", WATCHDOG_PID = `${process.pid}` }: Environment): number | undefined {
	if (!/^[1-9]\d{0,15}$/.test(WATCHDOG_USEC) || WATCHDOG_PID !== `${process.pid}`) return undefined;
	return Math.min(Math.max(1, Math.floor(Number(WATCHDOG_USEC) / 2000)), 2 ** 31 - 1);
}
