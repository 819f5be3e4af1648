// The machine of a command that loads drivers: whoever does not read what it says keeps nobody's driver from being loaded, and does
// not keep the command from its end.

import type { Machine } from "../../ports/machine.js";
import type { Patience } from "../../ports/output.js";

export type UnwaitingMachine = Machine & {
	/** Resolves when what was said is written, or is not read. To be called last. @throws {Refusal} by "write" */
	endReports(): Promise<void>;
};

/** A reader may begin late, or be slow: a pipe has room again by the page, which takes a serial console seconds. */
const PATIENT: Patience = { silence: 10_000, inAll: 60_000 };
/** Once the command is to end: within a second, with what is said last. */
const HURRIED: Patience = { silence: 800, inAll: 800 };
const LAST: Patience = { silence: 100, inAll: 100 };

/** @param timeout seconds from the start of this process after which the command is to end */
export async function unwaiting(
	machine: Machine,
	command: string,
	timeout: number | undefined,
): Promise<UnwaitingMachine> {
	const { print, complain, close } = await machine.openReports();
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
