// The spelling of module names and aliases, as libkmod compares them: a dash and an underscore are the same.

/** The module's name, from a name or the path of a module file: `/lib/x/my-mod.ko.zst` is `my_mod`. */
export function normaliseModuleName(nameOrPath: string): string {
	const start = nameOrPath.lastIndexOf("/") + 1;
	const dot = nameOrPath.indexOf(".", start);
	const name = nameOrPath.slice(start, dot === -1 ? undefined : dot);
	return name.includes("-") ? name.replaceAll("-", "_") : name;
}

/** An alias or a pattern of aliases: dashes within brackets are ranges and stay. Undefined for an unmatched bracket. */
export function normaliseAlias(alias: string): string | undefined {
	let normalised = "";
	let start = 0;
	for (;;) {
		const open = alias.indexOf("[", start);
		const outside = alias.slice(start, open === -1 ? undefined : open);
		if (outside.includes("]")) return undefined;
		normalised += outside.includes("-") ? outside.replaceAll("-", "_") : outside;
		if (open === -1) return normalised;
		const close = alias.indexOf("]", open);
		if (close === -1) return undefined;
		start = close + 1;
		normalised += alias.slice(open, start);
	}
}
