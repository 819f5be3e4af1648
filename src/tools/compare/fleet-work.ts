// What a thread does with lines of captures: parses each, and compares its machine.

import type { Capture } from "../../agent/capture/capture.js";
import { parseCapture } from "../../agent/capture/capture-format.js";
import { FleetAnswers, type FleetAsked } from "../../agent/fleet/fleet-answers.js";
import { asError } from "../../libkmod/kernel/errors.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { explainRefusal } from "../../libkmod/text/explain-refusal.js";
import type { Answered, LineBatch } from "../../ports/fleet.js";
import type { Machine } from "../../ports/machine.js";
import { type FleetKernels, FleetSides } from "./fleet-sides.js";

/** What a thread is told. */
export type FleetTask = FleetKernels & { readonly asked: FleetAsked };

const NEWLINE = 10;
/** A line of blanks alone is no line. */
const BLANK = /^[\t\r ]*$/;
const LONGEST_BLANK_BYTES = 80;

export async function openFleetWork(
	task: FleetTask,
	machine: Machine,
): Promise<(batch: LineBatch) => Promise<Answered>> {
	const files = await machine.captureFiles();
	const sides = new FleetSides(machine, files, task);
	const answers = new FleetAnswers(task.asked);
	const compareLine = async (bytes: Buffer, line: number): Promise<void> => {
		const name = { line, machine: files.sha256(bytes) };
		try {
			const capture = parseCapture(bytes);
			const key = sides.keyOf(capture);
			const { compare, names } = sides.known(key) ?? (await sides.open(capture, key));
			const changes = compare(capture);
			answers.addMachine({ ...name, ...describe(capture) }, changes, names);
		} catch (thrown) {
			answers.addUnusable(name, explain(thrown));
		}
	};
	return async ({ firstLine, bytes, refused }) => {
		if (refused !== undefined)
			answers.addUnusable(
				{ line: firstLine, machine: bytes.length > 0 ? files.sha256(trimEnd(bytes)) : undefined },
				refused,
			);
		else {
			let line = firstLine;
			for (let start = 0; start < bytes.length; line++) {
				const newline = bytes.indexOf(NEWLINE, start);
				const end = newline < 0 ? bytes.length : newline;
				const text = bytes.subarray(start, end);
				if (!isBlank(text)) await compareLine(text, line);
				start = end + 1;
			}
		}
		const answer = answers.take();
		return { answer, transfer: [answer.json.buffer] };
	};
}

const describe = ({ release, devices }: Capture) => ({ release, devices: devices.length });

const isBlank = (bytes: Buffer): boolean => bytes.length < LONGEST_BLANK_BYTES && BLANK.test(bytes.toString("latin1"));

const trimEnd = (bytes: Buffer): Buffer => (bytes.at(-1) === NEWLINE ? bytes.subarray(0, -1) : bytes);

function explain(thrown: unknown): string {
	return thrown instanceof Refusal ? explainRefusal(thrown, thrown.why) : asError(thrown).message;
}
