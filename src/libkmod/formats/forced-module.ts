// Changes a module file for a kernel that it was not built for. This implements `--force` for files that go through
// init_module(2), which takes no flags: the kernel does not compare versions or vermagic that the file lacks.

import type { InsertFlags } from "../kernel/kernel.js";
import { type Elf, findSection, parseElf } from "./elf.js";

const SHF_ALLOC = 2;

/** A copy of `image` in which the kernel finds no `__versions` and/or no `vermagic=`. @throws {MalformedModule} */
export function forceModule(image: Buffer, flags: InsertFlags): Buffer {
	const forced = Buffer.from(image);
	const elf = parseElf(forced);
	if (flags.forceModversion) for (const name of VERSIONS) hideSection(elf, name);
	if (flags.forceVermagic) blankVermagic(elf);
	return forced;
}

const VERSIONS = ["__versions", "__version_ext_crcs", "__version_ext_names"];

// Clears SHF_ALLOC of a section: the kernel looks only at sections that are to be in memory.
function hideSection({ image, ...elf }: Elf, name: string): void {
	const section = findSection({ image, ...elf }, name);
	if (section === undefined) return;
	const flags = elf.table + section.index * elf.stride + 8;
	const lowest = elf.littleEndian ? flags : flags + (elf.wide ? 7 : 3);
	image[lowest]! &= ~SHF_ALLOC;
}

function blankVermagic(elf: Elf): void {
	const section = findSection(elf, ".modinfo");
	if (section === undefined) return;
	const start = findVermagic(elf.image.subarray(section.start, section.end), section.start);
	if (start === undefined) return;
	const nul = elf.image.indexOf(0, start);
	elf.image.fill(0, start, nul === -1 || nul > section.end ? section.end : nul);
}

/** The offset of the vermagic string in the image. `offset` is where the strings begin. */
function findVermagic(strings: Buffer, offset: number): number | undefined {
	if (strings.indexOf("vermagic=") === 0) return offset;
	const before = strings.indexOf("\0vermagic=");
	return before === -1 ? undefined : offset + before + 1;
}
