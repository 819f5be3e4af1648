// The library's surface. Within, strings are bytes; callers have JavaScript's text, in which a byte that is no UTF-8 is a lone
// surrogate (PEP 383). What a caller gives becomes bytes, what a caller gets becomes text, and both inside of functions that are passed.

import { HotplugdError } from "./libkmod/kernel/errors.js";
import type { Kmod, KmodOptions } from "./libkmod/kmod/kmod.js";
import { bytesOf, textOf } from "./libkmod/text/byte-strings.js";

type Convert = (string: string) => string;
type AnyFunction = (...given: unknown[]) => unknown;

/** What a caller asks for, in bytes. */
export const optionsInBytes = (options: KmodOptions): KmodOptions => converted(options, bytesOf, textOf) as KmodOptions;

/** `knowledge()` stays in bytes: planInsertion and its like take it. */
export function kmodInText(kmod: Kmod): Kmod {
	const { knowledge, configuration, ...rest } = kmod;
	const others = converted({ ...rest }, textOf, bytesOf) as typeof rest;
	let text: Kmod["configuration"] | undefined;
	return {
		...others,
		knowledge,
		// It may be long, and hardly anybody asks for it.
		get configuration() {
			text ??= converted(configuration, textOf, bytesOf) as Kmod["configuration"];
			return text;
		},
	};
}

/** A value of which nothing changes is that same value. @param back for what goes the other way: what functions in it are given. */
function converted(value: unknown, convert: Convert, back: Convert): unknown {
	if (typeof value === "string") return convert(value);
	if (typeof value === "function") return convertedFunction(value as AnyFunction, convert, back);
	if (value instanceof Promise) return convertedPromise(value, convert, back);
	if (value instanceof Error) return convertedError(value, convert);
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return convertedFields(value, (changed) => [...changed], convert, back);
	return Object.getPrototypeOf(value) === Object.prototype
		? convertedFields(value, (changed) => ({ ...changed }), convert, back)
		: value;
}

/** Copied where the first field changes: most never do. */
function convertedFields<Of extends object>(value: Of, copy: (value: Of) => Of, convert: Convert, back: Convert): Of {
	let changed: Of | undefined;
	for (const name of Object.keys(value) as (keyof Of)[]) {
		const now = converted(value[name], convert, back) as Of[keyof Of];
		if (now === value[name]) continue;
		changed ??= copy(value);
		changed[name] = now;
	}
	return changed ?? value;
}

function convertedFunction(act: AnyFunction, convert: Convert, back: Convert): AnyFunction {
	return (...given) => {
		const taken = given.map((item) => converted(item, back, convert));
		try {
			return converted(act(...taken), convert, back);
		} catch (error) {
			throw error instanceof Error ? convertedError(error, convert) : error;
		}
	};
}

async function convertedPromise(promise: Promise<unknown>, convert: Convert, back: Convert): Promise<unknown> {
	try {
		return converted(await promise, convert, back);
	} catch (error) {
		throw error instanceof Error ? convertedError(error, convert) : error;
	}
}

/** In text: an error may come by twice, or from a caller's own function, which is none of ours to change. */
const inText = new WeakSet<Error>();

/** Fields of our own errors are bytes, those of their causes and of what else is in them too. node's errors are text. */
function convertedError(error: Error, convert: Convert): Error {
	if (inText.has(error)) return error;
	inText.add(error);
	if (convert !== textOf || !(error instanceof HotplugdError)) return error;
	for (const name of Object.getOwnPropertyNames(error)) {
		const own: unknown = Reflect.get(error, name);
		const now = converted(own, textOf, bytesOf);
		if (now !== own) Reflect.set(error, name, now);
	}
	return error;
}
