// Finds the parameters of an insertion that its module cannot take, by the `parm` and `parmtype` strings of the module's modinfo
// and the kernel's rules for values (kernel/params.c). Pure.
import type { ModinfoEntry } from "../formats/modinfo.js";
import type { ParameterFaults } from "./evidence.js";

/** Parameters that the kernel itself takes for each module (kernel-parameters.txt). */
const OF_EVERY_MODULE: ReadonlySet<string> = new Set(["dyndbg", "async_probe"]);

/** The smallest and the largest value of each numeric type, on a 64-bit kernel. */
const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
	byte: [0n, 2n ** 8n - 1n],
	short: [-(2n ** 15n), 2n ** 15n - 1n],
	ushort: [0n, 2n ** 16n - 1n],
	int: [-(2n ** 31n), 2n ** 31n - 1n],
	uint: [0n, 2n ** 32n - 1n],
	hexint: [0n, 2n ** 32n - 1n],
	long: [-(2n ** 63n), 2n ** 63n - 1n],
	ulong: [0n, 2n ** 64n - 1n],
	ullong: [0n, 2n ** 64n - 1n],
};

/** Undefined when no fault is found. @param parameters as handed to finit_module(2): words, with blanks within quotes only */
export function findParameterFaults(parameters: string, info: readonly ModinfoEntry[]): ParameterFaults | undefined {
	const types = typesOf(info);
	const given = (parameters.match(/(?:[^\t-\r "]|"[^"]*(?:"|$))+/g) ?? []).map(splitWord);
	const unknown = given.filter(({ name }) => !types.has(name) && !OF_EVERY_MODULE.has(name)).map(({ name }) => name);
	const invalid = given.flatMap(({ name, value }) => {
		const type = types.get(name);
		return type === undefined || isValid(type, value) ? [] : [{ name, type, value }];
	});
	return unknown.length + invalid.length === 0 ? undefined : { invalid, unknown };
}

/** The type of each parameter by its name. A parameter that has a description alone has the type "". */
function typesOf(info: readonly ModinfoEntry[]): ReadonlyMap<string, string> {
	const split = (value: string): [string, string] => {
		const colon = value.indexOf(":");
		return colon < 0 ? [sameDashes(value), ""] : [sameDashes(value.slice(0, colon)), value.slice(colon + 1)];
	};
	const of = (key: string) => info.filter((entry) => entry.key === key).map(({ value }) => split(value));
	return new Map([...of("parm").map(([name]): [string, string] => [name, ""]), ...of("parmtype")]);
}

/** The kernel takes dashes and underscores in the name of a parameter for the same. */
const sameDashes = (name: string): string => name.replaceAll("-", "_");

function splitWord(word: string): { readonly name: string; readonly value: string | undefined } {
	const unquoted = word.startsWith('"') ? word.slice(1).replace(/"$/, "") : word;
	const equals = unquoted.indexOf("=");
	if (equals < 0) return { name: sameDashes(unquoted), value: undefined };
	const value = unquoted.slice(equals + 1).replace(/^"(.*?)"?$/s, "$1");
	return { name: sameDashes(unquoted.slice(0, equals)), value };
}

/** Whether the kernel may take the value. A type that is not known here takes every value. */
function isValid(type: string, value: string | undefined): boolean {
	const [, of] = /^array of (.*)$/.exec(type) ?? [];
	if (of !== undefined) return value === undefined || value.split(",").every((one) => isValidOne(of, one));
	return isValidOne(type, value);
}

/** The kernel has no arrays of arrays. */
function isValidOne(type: string, value: string | undefined): boolean {
	if (type === "bool" || type === "invbool" || type === "bint")
		return value === undefined || /^(?:[yt1nf0]|o[nf])/i.test(value);
	const range = ranges[type];
	if (range === undefined) return type !== "charp" || value !== undefined;
	return value !== undefined && isWithin(range, value);
}

/** More digits than the largest number of any type has, in any base. */
const MOST_DIGITS = 66;

/** kstrtoull's syntax: base 16 after 0x, base 8 after 0, else base 10; one newline may follow. */
function isWithin([least, most]: readonly [bigint, bigint], value: string): boolean {
	const [, sign = "", digits] = /^([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\n?$/i.exec(value) ?? [];
	if (digits === undefined || digits.length > MOST_DIGITS) return false;
	const size = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
	const number = sign === "-" ? -size : size;
	return number >= least && number <= most && !(sign === "-" && least === 0n);
}
