// What a module file tells of itself to whoever asks why a kernel refuses it: its modinfo, its signature, the symbols it needs.
import { type Elf, findSection, MalformedModule, parseElf } from "../formats/elf.js";
import { type ModinfoEntry, modinfoStrings, parseModinfoString } from "../formats/modinfo.js";
import { dependencySymbols } from "../formats/module-symbols.js";
import { parseSignature, type Signature } from "../formats/signature.js";
import { type ModuleFiles, Refusal } from "../kernel/kernel.js";

export type ModuleFacts = {
	/** The strings of `.modinfo`, in their order. */
	readonly info: readonly ModinfoEntry[];
	readonly vermagic: string | undefined;
	readonly signature: Signature | undefined;
	/** Whether the file has checksums of the symbols that it needs (CONFIG_MODVERSIONS). */
	readonly hasVersions: boolean;
	/** The names of the symbols that the module cannot do without. */
	listNeeded(): readonly string[];
};

/** Undefined when the file cannot be read or is no module. Rejects with unexpected errors alone. */
export async function readModuleFacts(machine: ModuleFiles, path: string): Promise<ModuleFacts | undefined> {
	return unlessUnreadable(async () => factsOf(await machine.readModule(path)));
}

/** The result of `read`. Undefined when it failed with a Refusal, or met a malformed module. @throws every other error */
export async function unlessUnreadable<T>(read: () => Promise<T>): Promise<T | undefined> {
	try {
		return await read();
	} catch (error) {
		if (error instanceof Refusal || error instanceof MalformedModule) return undefined;
		throw error;
	}
}

/** @throws {MalformedModule} */
function factsOf(image: Buffer): ModuleFacts {
	const elf = parseElf(image);
	const info = (modinfoStrings(elf) ?? []).map(parseModinfoString);
	return {
		info,
		vermagic: info.find(({ key }) => key === "vermagic")?.value,
		signature: parseSignature(image),
		hasVersions: isFilled(elf, "__versions") || isFilled(elf, "__version_ext_names"),
		listNeeded: () => (dependencySymbols(elf) ?? []).flatMap(({ name, bind }) => (bind === "U" ? [name] : [])),
	};
}

function isFilled(elf: Elf, name: string): boolean {
	const section = findSection(elf, name);
	return section !== undefined && section.end > section.start;
}
