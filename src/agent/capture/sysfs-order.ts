// The order in which sysfs lists the names of a directory: by a hash of each name (fs/kernfs/dir.c, include/linux/stringhash.h,
// include/linux/hash.h, on processors of 64 bits). lsmod lists the holders of a module in that order. Pure.

import { compareBytes } from "../../libkmod/text/byte-strings.js";

const GOLDEN_RATIO_64 = 0x61c8864680b583ebn;
const WORD = 64;
const LARGEST = 0x7fffffffn;

/** The names, one character a byte, in the order of sysfs. */
export function sortAsSysfs(names: readonly string[]): readonly string[] {
	if (names.length < 2) return names;
	const hashed = names.map((name) => ({ name, hash: hashName(name) }));
	return hashed
		.sort((a, b) => (a.hash === b.hash ? compareBytes(a.name, b.name) : a.hash < b.hash ? -1 : 1))
		.map(nameOf);
}

const nameOf = ({ name }: { readonly name: string }): string => name;

function hashName(name: string): bigint {
	let hash = 0n;
	for (let at = 0; at < name.length; at++) {
		const byte = BigInt(name.charCodeAt(at));
		hash = BigInt.asUintN(WORD, (hash + (byte << 4n) + (byte >> 4n)) * 11n);
	}
	const folded = (BigInt.asUintN(WORD, hash * GOLDEN_RATIO_64) >> 32n) & LARGEST;
	// The hashes 0, 1 and the largest are kept for entries that are no names.
	if (folded < 2n) return folded + 2n;
	return folded >= LARGEST ? LARGEST - 1n : folded;
}
