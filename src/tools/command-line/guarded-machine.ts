// The machine of a command. It escapes control characters in the output, since names from outside could otherwise send escape
// sequences to a terminal. The output of kmod's tools is left as it is, byte for byte, unless it goes to a terminal.
import { printable, printableLines, printableStyled } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";

/** @param exact whether output that goes to no terminal is left as it is */
export function guard(machine: Machine, exact: boolean): Machine {
	const isLeft = (descriptor: 1 | 2): boolean => exact && machine.isTerminal?.(descriptor) !== true;
	const guarding =
		<Text extends string | Uint8Array>(descriptor: 1 | 2, write: (text: string | Text) => void) =>
		(text: Text): void =>
			write(isLeft(descriptor) ? text : printableLines(asString(text)));
	const styled = (print: Machine["print"]) => (text: string) => print(printableStyled(text));
	return {
		...machine,
		print: guarding<string | Uint8Array>(1, (text) => machine.print(text)),
		complain: guarding<string>(2, (text) => machine.complain(text)),
		printStyled: styled((text) => machine.print(text)),
		async openReports() {
			const { print, complain, offer, ...reports } = await machine.openReports();
			return {
				...reports,
				print: guarding(1, print),
				complain: guarding<string>(2, complain),
				printStyled: styled(print),
				...(offer && { showProgress: (line: string) => offer(`${LINE_START}${printable(line)}${REST_ERASED}`) }),
			};
		},
	};
}

const LINE_START = "\r";
/** EL of ECMA-48: erases the rest of the line. */
const REST_ERASED = "\x1b[K";

const asString = (text: string | Uint8Array): string =>
	typeof text === "string" ? text : Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1");

/** One line of kmod's output. On a terminal, newlines in it are escaped, so that no part of it passes for another line. */
export function oneLine(machine: Pick<Machine, "isTerminal">, descriptor: 1 | 2, text: string): string {
	return machine.isTerminal?.(descriptor) ? printable(text) : text;
}
