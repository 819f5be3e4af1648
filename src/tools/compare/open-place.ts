// Opens the machine that an operand of compare names: this one, one whose root is a directory, or one that a file has captured.

import { exitStatus } from "../../agent/telling/exit-status.js";
import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { printable } from "../../libkmod/text/printable.js";
import type { Machine } from "../../ports/machine.js";
import { StartFailure } from "../agent/start-failure.js";
import { explainUnopened } from "../command-line/captured-call.js";
import { pathFromHere } from "../command-line/module-directory.js";
import type { SidePlace } from "./compared-places.js";

export type OpenedPlace = {
	/** This machine, or the captured one in its place. */
	readonly machine: Machine;
	/** The directory that is the machine's root. Undefined for this machine, and for a captured one. */
	readonly dirname: string | undefined;
};

export type PlaceRequest = {
	/** The kernel release that the call names. */
	readonly release: string | undefined;
	/** The root whose modules captures get that hold digests of theirs alone. */
	readonly modules: string | undefined;
	/** What was remarked of captures already: the two sides may be one capture. */
	readonly told: Set<string>;
};

/** @throws {StartFailure} */
export async function openPlace(machine: Machine, place: SidePlace, request: PlaceRequest): Promise<OpenedPlace> {
	const word = place.machine;
	if (word === undefined) return { machine, dirname: undefined };
	if (word !== "-") {
		const path = pathFromHere(machine, word);
		const files = await machine.kernel();
		if (files.list(path) !== undefined) return { machine, dirname: word };
		if (!isThere(files, path)) throw new StartFailure(`${word}: there is no such file or directory`, exitStatus.usage);
	}
	return { machine: { ...machine, ...(await openCapture(machine, place, word, request)) }, dirname: undefined };
}

async function openCapture(machine: Machine, place: SidePlace, word: string, { release, modules, told }: PlaceRequest) {
	const host = [place.config, place.policy].flatMap((path) =>
		path === undefined ? [] : [pathFromHere(machine, path)],
	);
	try {
		const parts = await machine.openCaptured(word, {
			root: modules === undefined ? undefined : pathFromHere(machine, modules),
			release: place.differs === "kernel" ? undefined : release,
			host,
			spelled: { root: "-d", release: "-S" },
			needsIndexes: place.kernel === undefined,
		});
		const remarks = parts.captured.remarks.map((remark) => `${word}: ${remark}`).filter((remark) => !told.has(remark));
		for (const remark of remarks) {
			told.add(remark);
			machine.complain(`hotplugd compare: ${printable(remark)}\n`);
		}
		return parts;
	} catch (error) {
		if (!(error instanceof HotplugdError)) throw error;
		throw new StartFailure(`${word}: ${explainUnopened(error)}`, exitStatus.unable);
	}
}
