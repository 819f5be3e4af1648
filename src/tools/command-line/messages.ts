// What kmod's tools say: `PROGRAM: SEVERITY: text` on standard error, or without the program's name to syslog(3).

import type { Machine } from "../../ports/machine.js";
import { oneLine } from "./guarded-machine.js";

/** From the gravest; the numbers are syslog(3)'s. DEBUG is 7. */
export const priorities = { FATAL: 2, ERROR: 3, WARNING: 4, NOTICE: 5, INFO: 6, DEBUG: 7 } as const;

export type Severity = keyof typeof priorities;

/** Says one line. */
export type Say = (severity: Severity, text: string) => void;

export type MessageOptions = {
	/** The name before each line. */
	readonly program: string;
	/** To syslog(3) instead of standard error. */
	readonly syslog: boolean;
	/** The least grave severity that is still said; WARNING unless given. "nothing" says none at all. */
	readonly least?: Severity | "nothing";
};

/** Opens syslog where that is asked for, so that saying something needs no waiting. */
export async function openMessages(machine: Machine, options: MessageOptions): Promise<Say> {
	const { program, syslog, least = "WARNING" } = options;
	const log = syslog && least !== "nothing" ? await machine.openSyslog(program) : undefined;
	return (severity, text) => {
		if (least === "nothing" || priorities[severity] > priorities[least]) return;
		if (log === undefined) machine.complain(`${program}: ${severity}: ${oneLine(machine, 2, text)}\n`);
		else log(priorities[severity], `${severity}: ${text}\n`);
	};
}
