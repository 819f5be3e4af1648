// Where explain takes the last answers of the kernel from: the log that --log names, or else the running agent of this machine.

import type { LastAnswer } from "../../agent/explaining/explanation.js";
import { parseAnswers } from "../../agent/explaining/last-answers.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { type Bound, bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { StartFailure } from "../agent/start-failure.js";
import { DEFAULT_SOCKET, type ExplainOptions } from "./explain-options.js";

/**
 * By module.
 * @param isHere whether the machine that is explained is this one: then its agent is asked
 * @param asker the command that complains
 * @throws {StartFailure}
 */
export async function readAnswers(
	files: Files,
	{ log, socket = DEFAULT_SOCKET }: Pick<ExplainOptions, "log" | "socket">,
	machine: Machine,
	isHere: boolean,
	asker = "explain",
): Promise<ReadonlyMap<string, LastAnswer>> {
	if (log !== undefined) return readLog(files, log, machine, asker);
	if (machine.captured !== undefined) return new Map(machine.captured.answers.map((answer) => [answer.module, answer]));
	if (!isHere || !isThere(files, socket)) return new Map();
	const { askLastAnswers } = await import("./explain-agent.js");
	return askLastAnswers(machine, socket);
}

const LOG: Bound = { ...bounds.log, named: true };

function readLog(files: Files, file: string, machine: Machine, asker: string): ReadonlyMap<string, LastAnswer> {
	const { answers, foreign } = parseAnswers(file, readNamed(files, file).toString("latin1"));
	if (foreign > 0) {
		const lines = foreign === 1 ? "a line is" : `${foreign} lines are`;
		machine.complain(`hotplugd ${asker}: ${printable(file)}: ${lines} no JSON object, and passed by\n`);
	}
	return answers;
}

function readNamed(files: Files, file: string): Buffer {
	let bytes: Buffer | undefined;
	try {
		bytes = files.read(file, LOG);
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		throw new StartFailure(`--log ${file}: it cannot be read: ${error.why}`, exitStatus.unable);
	}
	if (bytes === undefined) throw new StartFailure(`--log ${file}: there is no such file`, exitStatus.usage);
	return bytes;
}
