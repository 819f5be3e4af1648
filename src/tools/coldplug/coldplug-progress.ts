// The progress of a coldplug that takes long, as a line at a terminal that is rewritten in place. Acts: a timer asks how far it is,
// and keeps neither the process alive nor anything waiting.

import type { Running } from "../../libkmod/insertion/inserter.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { widthOf } from "../command-line/terminal.js";
import type { ColdplugOptions } from "./coldplug-options.js";

/** How far coldplug is: modules that are planned, those of them that have ended, and those in flight. */
export type Standing = { readonly known: number; readonly ended: number; readonly running: readonly Running[] };

export type ProgressLine = {
	/** @param ask called again and again until the end */
	begin(ask: () => Standing): void;
	/** Removes the line, for good. */
	end(): void;
};

/** Milliseconds after which a coldplug takes long, and between two lines. */
const FIRST_MILLISECONDS = 600;
const NEXT_MILLISECONDS = 250;

/** The machine's output removes the line before anything else is written. */
export function beginProgress(
	machine: Machine,
	given: Pick<ColdplugOptions, "json" | "quietly" | "verbose">,
): {
	readonly machine: Machine;
	readonly progress: ProgressLine;
} {
	const show = machine.showProgress;
	// A reader of standard output that passes it on to the terminal, such as tee(1), would write into the line.
	const isShared = (given.json || given.verbose > 0) && machine.isTerminal?.(1) !== true;
	if (show === undefined || machine.isTerminal?.(2) !== true || given.quietly || isShared)
		return { machine, progress: { begin: () => undefined, end: () => undefined } };
	const line = new RewrittenLine(show, () => roomOf(machine));
	const after =
		<Text>(write: (text: Text) => void) =>
		(text: Text): void => {
			line.remove();
			write(text);
		};
	const { print, complain, printStyled = print } = machine;
	return {
		machine: { ...machine, print: after(print), complain: after(complain), printStyled: after(printStyled) },
		progress: line,
	};
}

/** Columns of a terminal whose width is not known. */
const UNKNOWN_COLUMNS = 80;

/**
 * The columns that a line may take. A line that the terminal breaks could not be rewritten: its own width counts, however narrow it
 * is and whatever COLUMNS says, and the window may change its size meanwhile.
 */
const roomOf = (machine: Pick<Machine, "environment" | "isTerminal" | "columns">): number =>
	Math.min(machine.columns?.(2) ?? UNKNOWN_COLUMNS, widthOf(machine, 2));

class RewrittenLine implements ProgressLine {
	readonly #show: (line: string) => void;
	readonly #width: () => number;
	#timer: NodeJS.Timeout | undefined;
	#isShown = false;

	constructor(show: (line: string) => void, width: () => number) {
		this.#show = show;
		this.#width = width;
	}

	begin(ask: () => Standing): void {
		const next = (milliseconds: number): void => {
			this.#timer = setTimeout(() => {
				this.#show(formatStanding(ask(), performance.now(), this.#width()));
				this.#isShown = true;
				next(NEXT_MILLISECONDS);
			}, milliseconds).unref();
		};
		next(FIRST_MILLISECONDS);
	}

	end(): void {
		clearTimeout(this.#timer);
		this.remove();
	}

	remove(): void {
		if (this.#isShown) this.#show("");
		this.#isShown = false;
	}
}

/**
 * One line that fits a terminal: names of the modules in flight as far as there is room, the one that runs longest first.
 * @param milliseconds since the start of the process
 */
export function formatStanding({ known, ended, running }: Standing, milliseconds: number, width: number): string {
	const told = `${ended} of ${known} modules, ${running.length} in flight, ${Math.floor(milliseconds / 1000)} s`;
	let line = told;
	for (const { module } of running.toSorted((a, b) => b.milliseconds - a.milliseconds)) {
		const name = printable(module);
		const longer = line === told ? `${told}: ${name}` : `${line}, ${name}`;
		// The last column stays free: a terminal would go to the next line.
		if (longer.length >= width) break;
		line = longer;
	}
	return line.slice(0, Math.max(0, width - 1));
}
