// The questions of the rows that compare our library with libkmod, and the common form of both answers.

import type { Kmod, KmodOptions } from "../../../src/libkmod/kmod/kmod.js";
import type { Module } from "../../../src/libkmod/kmod/module.js";
import { type RecordedCall, readRecord } from "../fakes/standin.js";
import { call, openContext, type Pointer } from "./libkmod.js";

export type Place = { readonly directory: string; readonly configPaths: readonly string[] };

export type Subjects = {
	/**
	 * A distribution's kernel package, and a small world on which modules may be inserted and removed: no call reaches the
	 * kernel.
	 */
	readonly package: Place;
	readonly world: Place;
	/** Names of all modules of the package, and paths of some. */
	readonly names: readonly string[];
	readonly paths: readonly string[];
	/** Opens our library. */
	open(place: Place, options?: KmodOptions): Kmod;
	/** The file in which the stand-in records system calls. */
	readonly record: string;
};

export type Row = {
	/** The functions of libkmod that the row is about. */
	readonly functions: readonly string[];
	/** Our functions that replace them, in the README's words. */
	readonly ours: string;
	real(subjects: Subjects): unknown;
	answer(subjects: Subjects): unknown;
};

export const openReal = (place: Place): Pointer => openContext(place.directory, place.configPaths);

/** libkmod's answers for each item, from one context that is released at the end. */
export function eachReal<Item, Answer>(
	place: Place,
	items: readonly Item[],
	ask: (context: Pointer, item: Item) => Answer,
): Answer[] {
	const context = openReal(place);
	const answers = items.map((item) => ask(context, item));
	call("kmod_unref", context);
	return answers;
}

export const namesOf = (modules: readonly Module[]): string[] => modules.map(({ name }) => name);

/** 0, or the negative errno with which libkmod would have failed. */
export async function statusOf(act: () => Promise<unknown>): Promise<number> {
	try {
		await act();
		return 0;
	} catch (error) {
		const { errno, errnoName = "" } = error as { errno?: number; errnoName?: string };
		return -(errno ?? { ENOENT: 2, EEXIST: 17, EINVAL: 22 }[errnoName] ?? 999);
	}
}

/** The answer of `act`, and the calls that were recorded while it ran. */
export async function recordedDuring(record: string, act: () => unknown): Promise<readonly [unknown, RecordedCall[]]> {
	const before = readRecord(record).length;
	const answer = await act();
	return [answer, readRecord(record).slice(before)];
}
