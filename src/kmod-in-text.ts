// Converts strings at the library's surface. Inside the library, strings are bytes. Callers have JavaScript's text, in which a
// byte that is not valid UTF-8 is a lone surrogate (PEP 383). Arguments become bytes and results become text. Functions that
// are passed are wrapped, and convert in the same way.

import { HotplugdError } from "./libkmod/kernel/errors.js";
import type { Kmod, KmodOptions } from "./libkmod/kmod/kmod.js";
import { bytesOf, textOf } from "./libkmod/text/byte-strings.js";

type Convert = (string: string) => string;
type AnyFunction = (...given: unknown[]) => unknown;

/** The caller's options, as byte strings. */
export const optionsInBytes = (options: KmodOptions): KmodOptions => converted(options, bytesOf, textOf) as KmodOptions;

/** Wraps a Kmod for text. `knowledge()` stays in bytes, since planInsertion and similar functions take it. */
export function kmodInText(kmod: Kmod): Kmod {
	const { knowledge, configuration, ...rest } = kmod;
	const others = converted({ ...rest }, textOf, bytesOf) as typeof rest;
	let text: Kmod["configuration"] | undefined;
	return {
		...others,
		knowledge,
		// The configuration may be long and is rarely asked for, so it is converted on first use.
		get configuration() {
			text ??= converted(configuration, textOf, bytesOf) as Kmod["configuration"];
			return text;
		},
	};
}

/**
 * Converts all strings in a value. Returns the same value when nothing changes.
 * @param back the opposite conversion, for arguments of functions in the value
 */
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

/** Copies the value only when a field changes, since most values never change. */
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

/**
 * The errors that are in text already: an error may pass twice, or may come from a caller's own function and must not be
 * changed.
 */
const inText = new WeakSet<Error>();

/**
 * Converts the fields of our own errors, and of the causes and other values in them, from bytes to text. Errors of node are
 * text already.
 */
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
