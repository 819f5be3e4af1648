// The contents of a module file, whatever its compression.

import { builtinModuleInfo } from "../formats/builtin-modinfo.js";
import { type Elf, parseElf } from "../formats/elf.js";
import type { ModinfoEntry } from "../formats/modinfo.js";
import { dependencySymbols, exportedSymbols, type ModuleSymbol, symbolVersions } from "../formats/module-symbols.js";
import { bounds } from "../kernel/bounds.js";
import { needIndexes } from "../knowledge/indexes.js";
import { moduleInfo } from "../knowledge/module-info.js";
import type { Context } from "./context.js";
import { NoModuleFile } from "./failures.js";
import { asModule, type Module, type ModuleOrName } from "./module.js";
import { pathOf } from "./modules.js";

/**
 * Every method rejects with MissingIndexes or MalformedIndex, with NoModuleFile, with MalformedModule, or with a Refusal when
 * the file cannot be read.
 */
export type Contents = {
	/**
	 * The information that modinfo(8) prints: `.modinfo`, build id and signature. For a built-in module, its entries in
	 * modules.builtin.modinfo.
	 */
	info(module: ModuleOrName): Promise<ModinfoEntry[]>;
	/** The symbols that the module was built against, with their checksums. */
	versions(module: ModuleOrName): Promise<ModuleSymbol[]>;
	/** The symbols that the module exports. */
	symbols(module: ModuleOrName): Promise<ModuleSymbol[]>;
	/** The symbols that the module needs of the kernel and of other modules. */
	dependencySymbols(module: ModuleOrName): Promise<ModuleSymbol[]>;
};

export function makeContents(context: Context): Contents {
	const elfOf = async (module: ModuleOrName): Promise<Elf> => parseElf(await readImage(context, asModule(module)));
	return {
		async info(given) {
			const module = asModule(given);
			const builtin = module.path === undefined ? builtinInfo(context, module) : undefined;
			return builtin ?? moduleInfo(await readImage(context, module)) ?? [];
		},
		versions: async (module) => symbolVersions(await elfOf(module)) ?? [],
		symbols: async (module) => exportedSymbols(await elfOf(module)) ?? [],
		dependencySymbols: async (module) => dependencySymbols(await elfOf(module)) ?? [],
	};
}

async function readImage({ machine, knowledge }: Context, module: Module): Promise<Buffer> {
	const path = pathOf(knowledge(), module);
	if (path === undefined) {
		const { indexes, moduleDirectory } = knowledge();
		needIndexes(indexes, "dependencies");
		throw new NoModuleFile(module.name, moduleDirectory);
	}
	return await machine.readModule(path);
}

function builtinInfo({ machine, knowledge, moduleDirectory }: Context, { name }: Module): ModinfoEntry[] | undefined {
	if (!knowledge().isBuiltin(name)) return undefined;
	// The build of kernels before 5.2 leaves no such file.
	const bytes = machine.read(`${moduleDirectory}/modules.builtin.modinfo`, bounds.kernelBuild);
	return bytes === undefined ? [] : builtinModuleInfo(bytes, name);
}
