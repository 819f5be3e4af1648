// The machine of a command that loads drivers: whoever does not read what it says keeps nobody's driver from being loaded, and does
// not keep the command from its end.

import type { Machine } from "./machine.js";

export type UnwaitingMachine = Machine & {
	/** Resolves when what was said is written, or is not read. To be called last. @throws {Refusal} by "write" */
	endReports(): Promise<void>;
};

/** For a reader that goes on reading, slowly: a serial console. And for any once the command is to end. */
const LONGEST_MILLISECONDS = 60_000;
const HURRIED_MILLISECONDS = 1000;

/** @param timeout seconds from the start of this process after which the command is to end */
export function unwaiting(machine: Machine, command: string, timeout: number | undefined): UnwaitingMachine {
	const { print, complain, close } = machine.openReports();
	let stopped = false;
	const isDue = (): boolean => stopped || (timeout !== undefined && performance.now() >= 1000 * timeout);
	const most = (): number => (isDue() ? HURRIED_MILLISECONDS : LONGEST_MILLISECONDS);

	async function endReports(): Promise<void> {
		const lost = await close(most);
		if (lost === 0) return;
		complain(`${command}: ${lost} lines of standard output were lost: nobody read them\n`);
		await close(() => HURRIED_MILLISECONDS);
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
