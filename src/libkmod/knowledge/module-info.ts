// A module's information, libkmod's info list: the strings of `.modinfo`, the linker's build id, the five lines of the
// signature. One byte is one character (latin1) throughout, since authors' names come in any encoding.

import { type Elf, findSection, parseElf, u32 } from "../formats/elf.js";
import { type ModinfoEntry, modinfoStrings, parseModinfoString } from "../formats/modinfo.js";
import { parseSignature } from "../formats/signature.js";

const SIGNATURE_BYTES_PER_LINE = 20;

/**
 * The information of a module file: its `.modinfo` in section order, `build-id`, then for a signed module `sig_id`, `signer`,
 * `sig_key`, `sig_hashalgo` and `signature`. Undefined when the file has no `.modinfo`.
 * @throws {MalformedModule}
 */
export function moduleInfo(image: Buffer): ModinfoEntry[] | undefined {
	const elf = parseElf(image);
	const strings = modinfoStrings(elf);
	return strings && [...strings.map(parseModinfoString), ...buildId(elf), ...signatureInfo(image)];
}

const GNU_BUILD_ID = 3;

// An ELF note: name size, description size, type, the name "GNU\0", then the id.
function buildId(elf: Elf): ModinfoEntry[] {
	const note = findSection(elf, ".note.gnu.build-id");
	if (note === undefined || note.end - note.start < 16 || u32(elf, note.start) !== 4) return [];
	const start = note.start + 16;
	const end = start + u32(elf, note.start + 4);
	if (u32(elf, note.start + 8) !== GNU_BUILD_ID || end === start || end > note.end) return [];
	return [{ key: "build-id", value: hexOf(elf.image.subarray(start, end)) }];
}

function signatureInfo(image: Buffer): ModinfoEntry[] {
	const signature = parseSignature(image);
	if (signature === undefined) return [];
	return [
		{ key: "sig_id", value: signature.id },
		{ key: "signer", value: signature.signer },
		{ key: "sig_key", value: hexOf(signature.key) },
		{ key: "sig_hashalgo", value: signature.hashAlgorithm },
		{ key: "signature", value: hexOf(signature.signature) },
	];
}

// The format AA:BB:CC, one line for every 20 bytes.
function hexOf(bytes: Buffer): string {
	const lines: string[] = [];
	for (let at = 0; at < bytes.length; at += SIGNATURE_BYTES_PER_LINE) {
		const line = bytes
			.subarray(at, at + SIGNATURE_BYTES_PER_LINE)
			.toString("hex")
			.toUpperCase();
		lines.push(line.replace(/..(?=.)/g, "$&:"));
	}
	return lines.join(":\n\t\t");
}
