// One line of `modinfo --json`: {"module","filename"|"builtin","info","parameters"}. `info` maps each key of `.modinfo`, of the
// build id and of the signature to a list of values. `parameters` joins the entries `parm` and `parmtype` by parameter.

import type { ModinfoEntry } from "../../libkmod/formats/modinfo.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { type Parameter, parametersOf } from "./modinfo-text.js";

/** `filename` is an absolute path. A module that is built into the kernel has `builtin` instead. */
export type ModinfoRecord = {
	readonly module: string;
	readonly filename?: string;
	readonly builtin?: true;
	readonly info: Readonly<Record<string, readonly string[]>>;
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
