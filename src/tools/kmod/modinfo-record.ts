// One line of `modinfo --json`: {"module","filename"|"builtin","info","parameters"}. `info` maps each key of `.modinfo`, of the
// build id and of the signature to a list of values. `parameters` joins the entries `parm` and `parmtype` by parameter.

import type { ModinfoEntry } from "../../libkmod/formats/modinfo.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { type Parameter, parametersOf } from "./modinfo-text.js";

/** A line of modinfo --json: a module, by its file or as a part of the kernel. */
export type ModinfoRecord = {
	/** The module's name, with underscores. */
	readonly module: string;
	/** The absolute path of the module's file. Absent if the module is built in. */
	readonly filename?: string;
	/** The module is built into the kernel. Absent if the module has a file. */
	readonly builtin?: true;
	/**
	 * The information in the module by key, with the build id and the signature: a list of values for each key. A byte that is not
	 * UTF-8 is a lone surrogate: U+DCE9 is E9.
	 */
	readonly info: Readonly<Record<string, readonly string[]>>;
	/** The module's parameters, the last one first, as modinfo shows them. */
	readonly parameters: readonly Parameter[];
};

export function formatModinfoRecord(
	module: string,
	filename: string | undefined,
	entries: readonly ModinfoEntry[],
): string {
	const info = new Map<string, string[]>();
	for (const { key, value } of entries) {
		if (key === "parm" || key === "parmtype") continue;
		const values = info.get(key) ?? [];
		info.set(key, values);
		values.push(key === "signature" || key === "sig_key" ? value.replaceAll(/\s/g, "") : value);
	}
	const parameters = parametersOf(entries).map(({ name, description, type }) => ({
		name,
		...(description !== undefined && { description }),
		...(type !== undefined && { type }),
	}));
	const where = filename === undefined ? { builtin: true as const } : { filename };
	const record: ModinfoRecord = { module, ...where, info: Object.fromEntries(info), parameters };
	return `${formatJson(record)}\n`;
}
