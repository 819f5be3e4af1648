// What the rows that hold our library to libkmod are asked about, and how the answers of both are put in one form.

import type { Kmod, KmodOptions } from "../../../src/libkmod/kmod/kmod.js";
import type { Module } from "../../../src/libkmod/kmod/module.js";
import { type RecordedCall, readRecord } from "../fakes/standin.js";
import { call, openContext, type Pointer } from "./libkmod.js";

export type Place = { readonly directory: string; readonly configPaths: readonly string[] };

export type Subjects = {
	/** A distribution's kernel package, and a small world that may be acted upon: nothing of it reaches the kernel. */
	readonly package: Place;
	readonly world: Place;
	/** Names of all modules of the package, and paths of some. */
	readonly names: readonly string[];
	readonly paths: readonly string[];
	/** Opens ours. */
	open(place: Place, options?: KmodOptions): Kmod;
	/** Where the stand-in records system calls. */
	readonly record: string;
};

export type Row = {
	/** The functions of libkmod that it is about. */
	readonly functions: readonly string[];
	/** What of ours stands for them, in the README's words. */
	readonly ours: string;
	real(subjects: Subjects): unknown;
	answer(subjects: Subjects): unknown;
};

export const openReal = (place: Place): Pointer => openContext(place.directory, place.configPaths);

/** What libkmod answers for each of many, in one context that is released in the end. */
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

/** 0, or the negative errno that libkmod would have answered. */
export async function statusOf(act: () => Promise<unknown>): Promise<number> {
	try {
		await act();
		return 0;
	} catch (error) {
		const { errno, errnoName = "" } = error as { errno?: number; errnoName?: string };
		return -(errno ?? { ENOENT: 2, EEXIST: 17, EINVAL: 22 }[errnoName] ?? 999);
	}
}

/** What was recorded while something was done, without what only concerns the process that did it. */
export async function recordedDuring(record: string, act: () => unknown): Promise<readonly [unknown, RecordedCall[]]> {
	const before = readRecord(record).length;
	const answer = await act();
	return [answer, readRecord(record).slice(before)];
}
