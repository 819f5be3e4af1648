// The text that modinfo(8) prints. It is made of bytes, one character each (latin1), and is to be written as latin1.

import type { ModinfoEntry } from "../../libkmod/formats/modinfo.js";

/** How modinfo(8) prints: only one field (-F), and NUL in place of newline (-0). */
export type ModinfoStyle = { readonly field?: string | undefined; readonly nul?: boolean | undefined };

/** Where the list comes from: a file, or a module that is part of the kernel and has only a name. */
export type ModinfoSource = { readonly filename: string } | { readonly builtin: string };

/** The text of modinfo(8) for one module: where it is, its list, and its parameters, last first. */
export function formatModinfo(
	source: ModinfoSource,
	entries: readonly ModinfoEntry[],
	style: ModinfoStyle = {},
): string {
	return formatModinfoSource(source, style) + formatModinfoEntries(entries, style);
}

/** The first line or two: they stand even where the file turns out to be no module. */
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

/** The list itself, the parameters behind it; a parameter's line is made of its `parm` and its `parmtype`. */
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

/** What a module can be given: either of description and type may be missing. */
export type Parameter = { readonly name: string; readonly description?: string; readonly type?: string };

/** The parameters. A compiler lays out a file's declarations from last to first, so the list is turned round. */
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

/** What the list leaves out: parameters without a colon, in the words of modinfo(8). */
export function modinfoProblems(entries: readonly ModinfoEntry[]): string[] {
	const malformed = entries.filter(({ key, value }) => (key === "parm" || key === "parmtype") && !value.includes(":"));
	return malformed.map(({ key, value }) => `Found invalid "${key}=${value}": missing ':'`);
}
