// Runs programs whose arguments and environment are byte strings. node encodes the words of a command as UTF-8. For bytes that
// are not valid UTF-8, a shell makes the bytes from ASCII text, and then replaces itself with the program. If the program does
// not exist, the shell ends with status 127 and a line on standard error, and with 126 if the program may not be run, where
// node's own spawn would fail with ENOENT or EACCES.

import { isAscii, isUtf8, textOf } from "../../libkmod/text/byte-strings.js";

export type ExactCommand = {
	readonly program: string;
	readonly parameters: readonly string[];
	readonly env: Readonly<Record<string, string>>;
};

/** The command for child_process. Words and environment are given as byte strings, one character a byte. */
export function exactCommand(
	words: readonly [string, ...string[]],
	environment: Readonly<Record<string, string>>,
): ExactCommand {
	const env: Record<string, string> = {};
	const exports: string[] = [];
	for (const [name, value] of Object.entries(environment)) {
		if (isUtf8(name) && isUtf8(value)) env[textOf(name)] = textOf(value);
		// A shell cannot set a variable with another kind of name: the program does not get it.
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

/** A quoted word of sh(1). Command substitution drops trailing newlines, so these follow after it. */
function quote(bytes: string): string {
	if (isAscii(bytes)) return quoteAscii(bytes);
	const [, body = "", newlines = ""] = /^(.*?)(\n*)$/s.exec(bytes) ?? [];
	return `"$(printf '${body.replace(/[^ !"#$&(-,.-[\]-~]/g, inFormat)}')"${newlines === "" ? "" : quoteAscii(newlines)}`;
}

const quoteAscii = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A byte in the format of printf(1): an octal escape, or %% for %. */
function inFormat(byte: string): string {
	return byte === "%" ? "%%" : `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
}
