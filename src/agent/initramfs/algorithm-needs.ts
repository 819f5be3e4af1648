// Checksums and ciphers that a boot needs: the kernel asks for them by name when a file system is mounted or a LUKS device opened,
// so that no device's alias names them. Pure.

import type { BootNeed, NeedVerdict } from "./boot-need.js";
import { type CryptoAlgorithm, listDiskCiphers, listMadeOf, partsOfAlgorithm } from "./crypto-algorithms.js";
import { dependenciesIn, type Judging, judgeAlias, judgeAny } from "./module-verdict.js";

/** The algorithms of /proc/crypto. Undefined where the capture does not tell. */
export type KnownAlgorithms = readonly CryptoAlgorithm[] | undefined;

/**
 * The checksums of a file system: the words of the lines `softdep` of its module, and of the modules that it needs. Of several, such
 * as btrfs names, those count that are in use on the machine, as far as that is known.
 */
export function listChecksumNeeds(
	judging: Judging,
	module: string,
	algorithms: KnownAlgorithms,
	way: readonly string[],
): readonly BootNeed[] {
	const words = [module, ...dependenciesIn(judging, module)].flatMap((one) => softdepWords(judging, one));
	return [...new Set(words)].flatMap((word) => {
		const name = word.replace(/^crypto-/, "");
		const known = algorithms?.filter((one) => one.name === name) ?? [];
		if (algorithms !== undefined && !known.some(({ isUsed }) => isUsed)) return [];
		const verdict = judgeAlgorithm(judging, name, known) ?? judgeAlias(judging, word);
		return verdict === undefined ? [] : [{ need: "algorithm" as const, name, way, verdict }];
	});
}

/** Every line counts, the ones too that modprobe does not heed: the kernel asks for each checksum itself. */
function softdepWords({ machine, kernel }: Judging, module: string): readonly string[] {
	const lines = [machine.knowledge, kernel.knowledge].flatMap((known) =>
		known === undefined ? [] : [...known.softdeps(module), ...known.unheededSoftdeps(module)],
	);
	return lines.flatMap(({ pre, post }) => [...pre, ...post]);
}

/** The ciphers of an encrypted disk. @param algorithms those that the machine knows */
export function listCipherNeeds(
	judging: Judging,
	algorithms: readonly CryptoAlgorithm[],
	asked: Pick<BootNeed, "way" | "device">,
): readonly BootNeed[] {
	return listDiskCiphers(algorithms).flatMap((cipher) => {
		const verdict = judgeCipher(judging, algorithms, cipher);
		return verdict === undefined ? [] : [{ need: "algorithm" as const, name: cipher.name, ...asked, verdict }];
	});
}

/** A cipher may be put together from others: as on the machine, or xts(aes) from xts and aes. */
function judgeCipher(
	judging: Judging,
	algorithms: readonly CryptoAlgorithm[],
	cipher: CryptoAlgorithm,
): NeedVerdict | undefined {
	const asHere = [cipher, ...listMadeOf(algorithms, cipher)].map((one) => judgeAlgorithm(judging, one.name, [one]));
	const lacking = asHere.find((verdict) => verdict?.is === "missing");
	if (lacking === undefined) return asHere.find((verdict) => verdict?.is === "in the image") ?? asHere[0];
	const fromParts = judgeParts(judging, cipher.name);
	return fromParts !== undefined && fromParts.is !== "missing" ? fromParts : lacking;
}

/** Undefined when nothing is known to have the algorithm. */
function judgeAlgorithm(judging: Judging, name: string, known: readonly CryptoAlgorithm[]): NeedVerdict | undefined {
	if (judging.sameKernel && known.some(({ module }) => module === undefined)) return { is: "built in" };
	const modules = known.flatMap(({ module }) => module ?? []);
	const used = judgeAny(judging, modules);
	if (used !== undefined && used.is !== "missing") return used;
	const asked = judgeAlias(judging, `crypto-${name}`);
	return asked !== undefined && (asked.is !== "missing" || used === undefined) ? asked : used;
}

/** The last verdict when all parts are there, or else why the first part is not. Undefined when a part is known to nobody. */
function judgeParts(judging: Judging, name: string): NeedVerdict | undefined {
	const parts = partsOfAlgorithm(name);
	if (parts.length < 2) return undefined;
	const verdicts: NeedVerdict[] = [];
	for (const part of parts) {
		const verdict = judgeAlias(judging, `crypto-${part}`);
		if (verdict === undefined) return undefined;
		verdicts.push(verdict);
	}
	return verdicts.find(({ is }) => is === "missing") ?? verdicts.find(({ is }) => is === "in the image") ?? verdicts[0];
}
