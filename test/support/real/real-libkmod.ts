// The real libkmod.so.2, called in this process, which reads module files.
import koffi from "koffi";
import type { ModuleSymbol } from "../../../src/libkmod/formats/module-symbols.js";

const libkmod = koffi.load("libkmod.so.2");
const kmodNew = libkmod.func("void *kmod_new(const char *directory, void *paths)");
const setPriority = libkmod.func("void kmod_set_log_priority(void *context, int priority)");
const fromPath = libkmod.func("int kmod_module_new_from_path(void *context, const char *path, _Out_ void **module)");
const unref = libkmod.func("void *kmod_module_unref(void *module)");
const next = libkmod.func("void *kmod_list_next(void *list, void *item)");

type Items = {
	list(module: unknown, out: [unknown]): number;
	read(item: unknown): ModuleSymbol;
	free(list: unknown): void;
};

function items(group: string, listed: string, withBind: boolean): Items {
	const call = (name: string, result: string) => libkmod.func(`${result} kmod_module_${group}_${name}(void *item)`);
	const name = call("get_symbol", "const char *");
	const crc = call("get_crc", "uint64_t");
	const bind = withBind ? call("get_bind", "int") : undefined;
	return {
		list: libkmod.func(`int kmod_module_get_${listed}(void *module, _Out_ void **list)`),
		read: (item) => ({
			name: name(item) as string,
			crc: Number(crc(item)),
			bind: bind ? (String.fromCharCode(bind(item) as number) as ModuleSymbol["bind"]) : "U",
		}),
		free: libkmod.func(`void kmod_module_${listed}_free_list(void *list)`),
	};
}

const groups = {
	symbols: items("symbol", "symbols", false),
	versions: items("version", "versions", false),
	dependencySymbols: items("dependency_symbol", "dependency_symbols", true),
};

const context = kmodNew("/nonexistent", null);
setPriority(context, 0);

/** A list of libkmod, or the negative errno. Names must be ASCII. Only dependency symbols have a bind; the others have U. */
export function readReal(path: string, group: keyof typeof groups): ModuleSymbol[] | number {
	const module: [unknown] = [null];
	const opened = fromPath(context, path, module) as number;
	if (opened < 0) return opened;
	const { list, read, free } = groups[group];
	const head: [unknown] = [null];
	const status = list(module[0], head);
	const found: ModuleSymbol[] = [];
	for (let item = head[0]; item; item = next(head[0], item)) found.push(read(item));
	if (head[0]) free(head[0]);
	unref(module[0]);
	return status < 0 ? status : found;
}
