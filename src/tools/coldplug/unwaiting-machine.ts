// The machine of a command that loads drivers. Its output never blocks: a reader that does not read neither delays a driver nor
// keeps the command from ending.

import type { Machine } from "../../ports/machine.js";
import type { Patience } from "../../ports/output.js";

export type UnwaitingMachine = Machine & {
	/** Resolves when all output is written, or its reader's time is up. The caller calls it last. @throws {Refusal} by "write" */
	endReports(): Promise<void>;
};

/**
 * A reader may begin late or be slow. A full pipe becomes writable again only when a whole page of it has been read, which takes
 * seconds when the reader writes to a serial console.
 */
const PATIENT: Patience = { silence: 10_000, inAll: 60_000 };
/**
 * After a stop signal or --timeout, the command ends within a second: HURRIED for its output, then LAST for its final message.
 */
const HURRIED: Patience = { silence: 800, inAll: 800 };
const LAST: Patience = { silence: 100, inAll: 100 };

/** @param timeout seconds from the start of this process after which the command is to end */
export async function unwaiting(
	machine: Machine,
	command: string,
	timeout: number | undefined,
): Promise<UnwaitingMachine> {
	const { print, complain, printStyled = print, showProgress, close } = await machine.openReports();
	let stopped = false;
	const isDue = (): boolean => stopped || (timeout !== undefined && performance.now() >= 1000 * timeout);
	const patience = (): Patience => (isDue() ? HURRIED : PATIENT);

	async function endReports(): Promise<void> {
		const lost = await close(patience);
		if (lost === 0) return;
		complain(`${command}: ${lost} lines of standard output were lost: nobody read them\n`);
		await close(() => LAST);
	}

	return {
		...machine,
		print,
		complain,
		printStyled,
		...(showProgress && { showProgress }),
		onStopSignal(listener) {
			machine.onStopSignal((signal) => {
				stopped = true;
				listener(signal);
			});
		},
		endReports,
		async endNow(status) {
			await endReports();
			await machine.endNow(status);
		},
	};
}
