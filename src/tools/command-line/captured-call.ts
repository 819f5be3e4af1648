// The option --machine FILE: a command that only reads takes a captured machine in place of this one. A tool says in its definition
// whether its calls do; loaded where the option is given.
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { Machine } from "../../ports/machine.js";
import { pathFromHere } from "./module-directory.js";
import type { Given, Options } from "./options.js";
import type { TakesCapture, ToolDefinition } from "./tool-definition.js";

/** The call as it goes on with the captured machine, or why it cannot. */
export type CapturedCall<O extends Options> =
	| { readonly given: Given<O>; readonly machine: Machine }
	/** @param isMisuse whether the command line is wrong, and not the file */
	| { readonly problem: string; readonly isMisuse: boolean };

export async function openCapturedCall<O extends Options>(
	{ options, captured }: Pick<ToolDefinition<O>, "options" | "captured">,
	file: string,
	given: Given<O>,
	machine: Machine,
): Promise<CapturedCall<O>> {
	const refused = file === "" ? "--machine names no file: it is empty" : captured?.refuse?.(given);
	if (refused !== undefined) return { problem: refused, isMisuse: true };
	const values: Readonly<Record<string, unknown>> = given.options;
	const root = captured?.root === undefined ? undefined : (values[captured.root] as string | undefined);
	const release = captured?.release === undefined ? undefined : (values[captured.release] as string | undefined);
	if (root === "")
		return { problem: `${spell(options, captured?.root)} names no directory: it is empty`, isMisuse: true };
	try {
		const parts = await machine.openCaptured(file, {
			root: root === undefined ? undefined : pathFromHere(machine, root),
			release,
			host: listHostPaths(options, captured?.hostOperands === true, given, machine),
			spelled: captured?.root === undefined ? undefined : spellPlaces(options, captured),
			needsIndexes: captured?.needsIndexes?.(given) ?? false,
		});
		const others = captured?.root === undefined ? given.options : { ...given.options, [captured.root]: undefined };
		return { given: { ...given, options: others }, machine: { ...machine, ...parts } };
	} catch (error) {
		if (!(error instanceof HotplugdError)) throw error;
		return { problem: `--machine ${file}: ${explainUnopened(error)}`, isMisuse: false };
	}
}

const spellPlaces = <O extends Options>(options: O, { root, release }: TakesCapture<O>) => ({
	root: spell(options, root),
	release: spell(options, release),
});

/** The option's letter, with its dash. */
const spell = (options: Options, key: string | undefined): string => `-${options[key ?? ""]?.short ?? ""}`;

/** The paths as they are given, and absolute: commands use either. */
function listHostPaths<O extends Options>(
	options: O,
	hostOperands: boolean,
	{ occurrences, operands }: Given<O>,
	machine: Machine,
): readonly string[] {
	const named = occurrences.flatMap(({ key, argument }) =>
		options[key]?.ofHost === true && argument !== undefined && argument !== "" ? [argument] : [],
	);
	const all = hostOperands ? [...named, ...operands] : named;
	return [...all, ...all.map((path) => pathFromHere(machine, path))];
}

/** Why a capture could not be opened: a sentence without the file's name. */
export function explainUnopened(error: HotplugdError): string {
	if (!(error instanceof Refusal)) return error.message;
	if (error.operation === "decompress")
		return `it cannot be decompressed: ${error.code === "EFBIG" ? "it is larger than any that is read" : error.why}`;
	if (error.operation !== "read") return error.message;
	return error.code === "ENOENT" ? "there is no such file" : `it cannot be read: ${error.why}`;
}
