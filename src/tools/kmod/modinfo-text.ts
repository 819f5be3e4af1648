// The text that modinfo(8) prints. Each character of the string is one byte (latin1), and the caller writes it as latin1.

import type { ModinfoEntry } from "../../libkmod/formats/modinfo.js";

/**
 * The output options of modinfo(8): `field` prints that field alone (-F), `nul` ends values with NUL in place of newline (-0).
 */
export type ModinfoStyle = { readonly field?: string | undefined; readonly nul?: boolean | undefined };

/** The source of the entries: a module file, or a module that is built into the kernel, which has a name and no file. */
export type ModinfoSource = { readonly filename: string } | { readonly builtin: string };

/** Formats the text of modinfo(8) for one module: its source, its entries, and its parameters in reverse order. */
export function formatModinfo(
	source: ModinfoSource,
	entries: readonly ModinfoEntry[],
	style: ModinfoStyle = {},
): string {
	return formatModinfoSource(source, style) + formatModinfoEntries(entries, style);
}

/** Formats the one or two lines of the source. modinfo prints them before it reads the file, even if the file is no module. */
export function formatModinfoSource(source: ModinfoSource, style: ModinfoStyle = {}): string {
	const lines =
		"builtin" in source
			? [
					{ key: "name", value: source.builtin },
					{ key: "filename", value: "(builtin)" },
				]
			: [{ key: "filename", value: source.filename }];
	return lines.map((line) => (style.nul ? formatPadded(line, style) : formatLine(line, style))).join("");
}

/** Formats the entries, then the parameters. A parameter's line joins its `parm` and `parmtype` entries. */
export function formatModinfoEntries(entries: readonly ModinfoEntry[], style: ModinfoStyle = {}): string {
	const merged = style.field === undefined ? ["parm", "parmtype"] : ["parm"];
	const lines = entries.filter(({ key }) => !merged.includes(key)).map((entry) => formatLine(entry, style));
	const parameters = parametersOf(entries).map((parameter) => describeParameter(parameter, style));
	return [...lines, ...parameters.map((value) => formatPadded({ key: "parm", value }, style))].join("");
}

function formatLine(entry: ModinfoEntry, style: ModinfoStyle): string {
	return style.nul && style.field === undefined ? `${entry.key}=${entry.value}\0` : formatPadded(entry, style);
}

function formatPadded({ key, value }: ModinfoEntry, { field, nul }: ModinfoStyle): string {
	const end = nul ? "\0" : "\n";
	if (field !== undefined) return field === key ? value + end : "";
	return `${key}:`.padEnd(16) + value + end;
}

/** A parameter of a module. Either its description or its type may be absent. */
export type Parameter = {
	/** The text before `=`. */
	readonly name: string;
	/** For people. */
	readonly description?: string;
	/** Such as int, charp or array of int. */
	readonly type?: string;
};

/** The parameters in the order of the source code: a compiler lays out a file's declarations from last to first. */
export function parametersOf(entries: readonly ModinfoEntry[]): Parameter[] {
	const parameters = new Map<string, { -readonly [Key in keyof Parameter]: Parameter[Key] }>();
	for (const { key, value } of entries) {
		const colon = value.indexOf(":");
		if ((key !== "parm" && key !== "parmtype") || colon === -1) continue;
		const name = value.slice(0, colon);
		const parameter = parameters.get(name) ?? { name };
		parameters.set(name, parameter);
		parameter[key === "parm" ? "description" : "type"] = value.slice(colon + 1);
	}
	return [...parameters.values()].reverse();
}

function describeParameter({ name, description, type }: Parameter, { field }: ModinfoStyle): string {
	if (type === undefined) return `${name}:${description}`;
	if (description === undefined && field === undefined) return `${name}:${type}`;
	return `${name}:${description ?? ""} (${type})`;
}

/** Messages, in the words of modinfo(8), about the parameter entries that the text leaves out because they have no colon. */
export function modinfoProblems(entries: readonly ModinfoEntry[]): string[] {
	const malformed = entries.filter(({ key, value }) => (key === "parm" || key === "parmtype") && !value.includes(":"));
	return malformed.map(({ key, value }) => `Found invalid "${key}=${value}": missing ':'`);
}
