// The messages of kmod's tools: `PROGRAM: SEVERITY: text` on standard error, or `SEVERITY: text` to syslog(3).

import type { Machine } from "../../ports/machine.js";
import { oneLine } from "./guarded-machine.js";

/** The severities with their priorities of syslog(3), the gravest first. */
export const priorities = { FATAL: 2, ERROR: 3, WARNING: 4, NOTICE: 5, INFO: 6, DEBUG: 7 } as const;

export type Severity = keyof typeof priorities;

/** Prints one message, given as one line without a newline. */
export type Say = (severity: Severity, text: string) => void;

export type MessageOptions = {
	/** The program's name before each message. */
	readonly program: string;
	/** Whether messages go to syslog(3) instead of standard error. */
	readonly syslog: boolean;
	/** The least grave severity that is still printed; WARNING when absent. With "nothing" no message is printed. */
	readonly least?: Severity | "nothing";
};

/** Makes the function that prints messages. Syslog is opened here, if it is asked for, so that printing is synchronous. */
export async function openMessages(machine: Machine, options: MessageOptions): Promise<Say> {
	const { program, syslog, least = "WARNING" } = options;
	const log = syslog && least !== "nothing" ? await machine.openSyslog(program) : undefined;
	return (severity, text) => {
		if (least === "nothing" || priorities[severity] > priorities[least]) return;
		if (log === undefined) machine.complain(`${program}: ${severity}: ${oneLine(machine, 2, text)}\n`);
		else log(priorities[severity], `${severity}: ${text}\n`);
	};
}
