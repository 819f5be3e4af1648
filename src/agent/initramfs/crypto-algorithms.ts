// /proc/crypto: the algorithms that the kernel knows, each a paragraph of lines `key : value`, as crypto/proc.c prints them. An
// algorithm that something uses has a reference count above one.

import { trimBlanks } from "../../libkmod/text/byte-strings.js";

export type CryptoAlgorithm = {
	/** Such as xts(aes) or crc32c. */
	readonly name: string;
	/** The implementation, such as xts-aes-aesni. */
	readonly driver: string;
	/** The module that has it, normalised. Undefined for one that is built in. */
	readonly module: string | undefined;
	/** Such as skcipher or shash. */
	readonly type: string;
	readonly isUsed: boolean;
};

/** Paragraphs without a name are ignored. @param text bytes */
export function parseProcCrypto(text: string): readonly CryptoAlgorithm[] {
	return text.split(/\n\n+/).flatMap((paragraph) => {
		const values = new Map(paragraph.split("\n").map(splitLine));
		const name = values.get("name");
		if (name === undefined || name === "") return [];
		const module = values.get("module");
		const references = values.get("refcnt") ?? "";
		return [
			{
				name,
				driver: values.get("driver") ?? "",
				module: module === undefined || module === "kernel" ? undefined : module.replaceAll("-", "_"),
				type: values.get("type") ?? "",
				isUsed: /^[0-9]{1,15}$/.test(references) && Number(references) > 1,
			},
		];
	});
}

function splitLine(line: string): readonly [string, string] {
	const colon = line.indexOf(":");
	return colon < 0 ? ["", ""] : [trimBlanks(line.slice(0, colon)), trimBlanks(line.slice(colon + 1))];
}

/** Modes of ciphers for disks. Others, such as ccm, are for the network. */
const DISK_MODE = /^(?:xts|cbc|lrw|essiv|adiantum|hctr2)\(/;

/** The ciphers that encrypted disks use, each name once. */
export function listDiskCiphers(algorithms: readonly CryptoAlgorithm[]): readonly CryptoAlgorithm[] {
	const used = algorithms.filter(({ name, type, isUsed }) => isUsed && /cipher$/.test(type) && DISK_MODE.test(name));
	return [...new Map(used.reverse().map((one) => [one.name, one])).values()].reverse();
}

/** The names of the parts of a template, such as xts and aes of xts(aes), each once. */
export const partsOfAlgorithm = (name: string): readonly string[] => [
	...new Set(name.split(/[(),]+/).filter((part) => part !== "")),
];

/**
 * The algorithms that an implementation is put together from, by its driver's name: xts(ecb(aes-generic)) is made of ecb(aes-generic)
 * and aes-generic.
 */
export function listMadeOf(
	algorithms: readonly CryptoAlgorithm[],
	{ driver }: CryptoAlgorithm,
): readonly CryptoAlgorithm[] {
	const found = algorithms.filter((one) => one.driver !== "" && one.driver !== driver && isPartOf(driver, one.driver));
	return [...new Map(found.map((one) => [one.driver, one])).values()];
}

function isPartOf(whole: string, part: string): boolean {
	const at = whole.indexOf(part);
	return at > 0 && /[(,]/.test(whole[at - 1]!) && /[),]/.test(whole[at + part.length] ?? "");
}
