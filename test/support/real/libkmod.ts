// The real libkmod.so.2, called through koffi. A function is called by its name; lists and strings are converted to values.
import koffi from "koffi";

/** An address; null is the null pointer. */
export type Pointer = bigint | null;

const library = koffi.load("libkmod.so.2");
const logProto = koffi.proto(
	"void LogFunction(void *data, int priority, const char *file, int line, const char *function, const char *format, void *values)",
);
koffi.proto("int RunInstall(void *module, const char *command, void *data)");
koffi.proto("void PrintAction(void *module, bool install, const char *options)");

/** The prototypes of the functions, as libkmod.h declares them. */
const prototypes = [
	"void *kmod_new(const char *dirname, const char **config_paths)",
	"void *kmod_ref(void *ctx)",
	"void *kmod_unref(void *ctx)",
	"const char *kmod_get_dirname(void *ctx)",
	"void *kmod_get_userdata(void *ctx)",
	"void kmod_set_userdata(void *ctx, void *userdata)",
	"int kmod_get_log_priority(void *ctx)",
	"void kmod_set_log_priority(void *ctx, int priority)",
	"void kmod_set_log_fn(void *ctx, LogFunction *log_fn, void *data)",
	"int kmod_load_resources(void *ctx)",
	"void kmod_unload_resources(void *ctx)",
	"int kmod_validate_resources(void *ctx)",
	"int kmod_dump_index(void *ctx, int type, int fd)",
	"void *kmod_list_next(void *list, void *curr)",
	"void *kmod_list_prev(void *list, void *curr)",
	"void *kmod_list_last(void *list)",
	"void *kmod_config_get_blacklists(void *ctx)",
	"void *kmod_config_get_install_commands(void *ctx)",
	"void *kmod_config_get_remove_commands(void *ctx)",
	"void *kmod_config_get_aliases(void *ctx)",
	"void *kmod_config_get_options(void *ctx)",
	"void *kmod_config_get_softdeps(void *ctx)",
	"void *kmod_config_get_weakdeps(void *ctx)",
	"const char *kmod_config_iter_get_key(void *iter)",
	"const char *kmod_config_iter_get_value(void *iter)",
	"bool kmod_config_iter_next(void *iter)",
	"void kmod_config_iter_free_iter(void *iter)",
	"int kmod_module_new_from_name(void *ctx, const char *name, _Out_ void **mod)",
	"int kmod_module_new_from_path(void *ctx, const char *path, _Out_ void **mod)",
	"int kmod_module_new_from_lookup(void *ctx, const char *alias, _Inout_ void **list)",
	"int kmod_module_new_from_name_lookup(void *ctx, const char *name, _Out_ void **mod)",
	"int kmod_module_new_from_loaded(void *ctx, _Inout_ void **list)",
	"void *kmod_module_ref(void *mod)",
	"void *kmod_module_unref(void *mod)",
	"int kmod_module_unref_list(void *list)",
	"void *kmod_module_get_module(void *entry)",
	"const char *kmod_module_get_name(void *mod)",
	"const char *kmod_module_get_path(void *mod)",
	"const char *kmod_module_get_options(void *mod)",
	"const char *kmod_module_get_install_commands(void *mod)",
	"const char *kmod_module_get_remove_commands(void *mod)",
	"void *kmod_module_get_dependencies(void *mod)",
	"int kmod_module_get_softdeps(void *mod, _Inout_ void **pre, _Inout_ void **post)",
	"int kmod_module_get_weakdeps(void *mod, _Inout_ void **weak)",
	"int kmod_module_get_filtered_blacklist(void *ctx, void *input, _Inout_ void **output)",
	"int kmod_module_apply_filter(void *ctx, int filter_type, void *input, _Inout_ void **output)",
	"int kmod_module_get_initstate(void *mod)",
	"const char *kmod_module_initstate_str(int state)",
	"int kmod_module_get_refcnt(void *mod)",
	"long kmod_module_get_size(void *mod)",
	"void *kmod_module_get_holders(void *mod)",
	"void *kmod_module_get_sections(void *mod)",
	"const char *kmod_module_section_get_name(void *entry)",
	"unsigned long kmod_module_section_get_address(void *entry)",
	"void kmod_module_section_free_list(void *list)",
	"int kmod_module_insert_module(void *mod, unsigned int flags, const char *options)",
	"int kmod_module_probe_insert_module(void *mod, unsigned int flags, const char *extra_options, RunInstall *run_install, void *data, PrintAction *print_action)",
	"int kmod_module_remove_module(void *mod, unsigned int flags)",
	"int kmod_module_get_info(void *mod, _Inout_ void **list)",
	"const char *kmod_module_info_get_key(void *entry)",
	"const char *kmod_module_info_get_value(void *entry)",
	"void kmod_module_info_free_list(void *list)",
	"int kmod_module_get_versions(void *mod, _Inout_ void **list)",
	"const char *kmod_module_version_get_symbol(void *entry)",
	"uint64_t kmod_module_version_get_crc(void *entry)",
	"void kmod_module_versions_free_list(void *list)",
	"int kmod_module_get_symbols(void *mod, _Inout_ void **list)",
	"const char *kmod_module_symbol_get_symbol(void *entry)",
	"uint64_t kmod_module_symbol_get_crc(void *entry)",
	"void kmod_module_symbols_free_list(void *list)",
	"int kmod_module_get_dependency_symbols(void *mod, _Inout_ void **list)",
	"const char *kmod_module_dependency_symbol_get_symbol(void *entry)",
	"uint64_t kmod_module_dependency_symbol_get_crc(void *entry)",
	"int kmod_module_dependency_symbol_get_bind(void *entry)",
	"void kmod_module_dependency_symbols_free_list(void *list)",
] as const;

const prototypeOf = new Map<string, string>(prototypes.map((text) => [/(kmod_\w+)\(/.exec(text)![1]!, text]));
const declared = new Map<string, (...values: unknown[]) => unknown>();

/** The names of all 75 functions of libkmod 35. */
export const functionNames: readonly string[] = [...prototypeOf.keys()];

/** Calls a function of libkmod. Callbacks are JavaScript functions. */
export function call(name: string, ...values: unknown[]): unknown {
	const known = declared.get(name) ?? library.func(prototypeOf.get(name) ?? "");
	declared.set(name, known);
	return known(...values);
}

export const text = (name: string, ...values: unknown[]) => (call(name, ...values) as string | null) ?? undefined;
export const number = (name: string, ...values: unknown[]) => Number(call(name, ...values));
export const pointer = (name: string, ...values: unknown[]) => call(name, ...values) as Pointer;

/** Calls a function that returns a pointer through its last argument. @returns the pointer, or the negative errno */
export function give(name: string, ...values: unknown[]): Pointer | number {
	const out: [Pointer] = [null];
	const status = number(name, ...values, out);
	return status < 0 ? status : out[0];
}

/** Calls a function that returns a pointer through its last argument. @throws Error if the call fails */
export function given(name: string, ...values: unknown[]): Pointer {
	const result = give(name, ...values);
	if (typeof result === "number") throw new Error(`${name}: ${result}`);
	return result;
}

/** Whether libkmod knows weak dependencies, which kmod has since version 33. */
export const knowsWeakdeps = (() => {
	try {
		library.func(prototypeOf.get("kmod_module_get_weakdeps") ?? "");
		return true;
	} catch {
		return false;
	}
})();

/** A context for a module directory, with the configuration of these paths. */
export function openContext(directory: string, configPaths: readonly string[]): Pointer {
	const context = pointer("kmod_new", directory, [...configPaths, null]);
	call("kmod_set_log_priority", context, 0);
	return context;
}

export function readList<Item>(head: Pointer, read: (entry: Pointer) => Item): Item[] {
	const items: Item[] = [];
	for (let entry = head; entry !== null; entry = pointer("kmod_list_next", head, entry)) items.push(read(entry));
	return items;
}

/** The names of the modules in a list. Frees the list. */
export function namesIn(head: Pointer): string[] {
	const names = readList(head, (entry) => {
		const module = pointer("kmod_module_get_module", entry);
		const name = text("kmod_module_get_name", module) ?? "";
		call("kmod_module_unref", module);
		return name;
	});
	if (head !== null) call("kmod_module_unref_list", head);
	return names;
}

/** Calls `ask` with the module of that name, and releases the module. */
export function ofModule<Answer>(context: Pointer, name: string, ask: (module: Pointer) => Answer): Answer {
	const module = given("kmod_module_new_from_name", context, name);
	try {
		return ask(module);
	} finally {
		call("kmod_module_unref", module);
	}
}

/** The keys and values of an iterator over the configuration. Frees the iterator. */
export function readConfig(iterator: Pointer): [key: string, value: string | undefined][] {
	const pairs: [string, string | undefined][] = [];
	while (call("kmod_config_iter_next", iterator))
		pairs.push([text("kmod_config_iter_get_key", iterator) ?? "", text("kmod_config_iter_get_value", iterator)]);
	call("kmod_config_iter_free_iter", iterator);
	return pairs;
}

const format = koffi.load(null).func("int vsnprintf(_Out_ char *text, size_t size, const char *format, void *values)");

/** Collects the messages that a context logs from now on, of this priority and graver. */
export function collectLog(context: Pointer, priority: number): string[] {
	const lines: string[] = [];
	const listener = (...[, , , , , pattern, values]: [unknown, number, string, number, string, string, Pointer]) => {
		const line = [" ".repeat(1024)];
		format(line, 1024, pattern, values);
		lines.push(line[0]!.trim());
	};
	call("kmod_set_log_fn", context, koffi.register(listener, koffi.pointer(logProto)), null);
	call("kmod_set_log_priority", context, priority);
	return lines;
}
