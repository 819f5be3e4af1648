// Programs with arguments and an environment that are bytes. node writes what it hands to a program in UTF-8: where that cannot be
// the same bytes, a shell puts them together from ASCII, and then becomes the program. A program that is not there ends such a shell
// with 127, one that may not be run with 126, and a line on standard error, where node's own spawn would fail with ENOENT or EACCES.

import { isAscii, isUtf8, textOf } from "../../libkmod/text/byte-strings.js";

export type ExactCommand = {
	readonly program: string;
	readonly parameters: readonly string[];
	readonly env: Readonly<Record<string, string>>;
};

/** As child_process takes it. What is given is bytes, one character each. */
export function exactCommand(
	words: readonly [string, ...string[]],
	environment: Readonly<Record<string, string>>,
): ExactCommand {
	const env: Record<string, string> = {};
	const exports: string[] = [];
	for (const [name, value] of Object.entries(environment)) {
		if (isUtf8(name) && isUtf8(value)) env[textOf(name)] = textOf(value);
		// A shell has no variables of other names, and its children get none.
		else if (VARIABLE.test(name)) exports.push(`export ${name}=${quote(value)}\n`);
	}
	const [program, ...parameters] = words;
	if (exports.length === 0 && words.every(isUtf8))
		return { program: textOf(program), parameters: parameters.map(textOf), env };
	return {
		program: "/bin/sh",
		parameters: ["-c", `${exports.join("")}exec ${words.map(quote).join(" ")}`],
		env,
	};
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A word of sh(1). The newlines at the end of what a command prints are dropped, so they stand behind it. */
function quote(bytes: string): string {
	if (isAscii(bytes)) return quoteAscii(bytes);
	const [, body = "", newlines = ""] = /^(.*?)(\n*)$/s.exec(bytes) ?? [];
	return `"$(printf '${body.replace(/[^ !"#$&(-,.-[\]-~]/g, inFormat)}')"${newlines === "" ? "" : quoteAscii(newlines)}`;
}

const quoteAscii = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** In printf(1)'s format. */
function inFormat(byte: string): string {
	return byte === "%" ? "%%" : `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
}
