// Tells other programs whether the agent listens: the service manager by the Readiness port, and udev's rule, which then leaves
// loading to the agent. While there are no indexes to look in, udev is left to load what it can.
import type { Knowledge } from "../../libkmod/knowledge/knowledge.js";
import type { Readiness } from "../../ports/readiness.js";
import type { Report } from "../telling/report.js";

export type ListeningOptions = {
	readonly readiness: Readiness;
	/** Called with true when the agent listens and knows enough to load, and with false when that is no longer so. */
	readonly onListening: (listens: boolean) => void;
	/** Returns why there are no indexes to look in. Undefined when there are. */
	readonly lacking: () => Knowledge["lacking"];
	readonly isStopped: () => boolean;
};

export type Listening = {
	record(report: Report): void;
	reloading(begins: boolean): void;
	/** Tells that indexes can be read that could not be read before. @param hears whether a socket is bound */
	known(hears: boolean): void;
	stopping(): void;
};

export function makeListening({ readiness, onListening, lacking, isStopped }: ListeningOptions): Listening {
	let ready = false;
	// An agent that was killed may have left its presence mark for udev's rule.
	if (lacking() !== undefined) onListening(false);

	function tellStatus(text: string): void {
		const why = lacking()?.why;
		readiness.status(why === undefined ? text : `no usable indexes yet: ${why}`);
	}

	function begin(): void {
		if (lacking() === undefined) onListening(true);
		if (ready) return;
		ready = true;
		tellStatus("listening");
		readiness.ready();
	}

	return {
		record({ kind }) {
			if (kind === "listening") begin();
			if (kind === "deaf") onListening(false);
			if (kind === "settled") tellStatus("settled");
		},
		reloading(begins) {
			if (begins) readiness.reloading();
			else if (!isStopped() && ready) readiness.ready();
		},
		known(hears) {
			if (hears && !isStopped()) onListening(true);
			if (ready) tellStatus("listening");
		},
		stopping() {
			onListening(false);
			readiness.stopping();
		},
	};
}
