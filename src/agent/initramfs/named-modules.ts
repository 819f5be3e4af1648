// The modules that an initramfs loads by their names, whatever devices there are: the lists of initramfs-tools (conf/modules), of
// systemd's modules-load.d in images of dracut and mkinitcpio, of dracut's cmdline.d, mkinitcpio's /config, and booster's
// /etc/booster.init.yaml. A module that is named is loaded though a line blacklists it.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { normaliseName } from "../../libkmod/text/module-name.js";
import { modulesLoadDirectories, parseModulesLoad } from "../explaining/modules-load.js";

type NamedModule = { readonly name: string; readonly source: Source };

/** By module, normalised: the line that names it. */
export function listNamedModules(files: Files): ReadonlyMap<string, Source> {
	const named = new Map<string, Source>();
	for (const [path, parse] of listFiles(files)) {
		const text = ifReadable(() => files.read(path, bounds.configuration)?.toString("latin1"));
		for (const { name, source } of text === undefined ? [] : parse(path, text)) {
			const module = normaliseName(name);
			if (!named.has(module)) named.set(module, source);
		}
	}
	return named;
}

type Parse = (file: string, text: string) => readonly NamedModule[];

function listFiles(files: Files): readonly (readonly [string, Parse])[] {
	const within = (directory: string, parse: Parse): (readonly [string, Parse])[] =>
		(ifReadable(() => files.list(directory)) ?? [])
			.filter((name) => name.endsWith(".conf"))
			.sort()
			.map((name) => [`${directory}/${name}`, parse]);
	return [
		["/conf/modules", parseNamedModules],
		...modulesLoadDirectories.flatMap((directory) => within(directory, parseModulesLoad)),
		...within("/etc/cmdline.d", parseNamedModules),
		["/config", parseNamedModules],
		["/etc/booster.init.yaml", parseNamedModules],
	];
}

/** Words of the kernel command line by which dracut and systemd load modules. */
const DRIVER_WORD = /(?:^|[ \t])(?:rd\.driver\.(?:pre|post)|rd\.modules_load|modules_load|modules-load)=([^ \t]+)/g;
const ARRAY = /^[ \t]*(?:MODULES|EARLYMODULES)=\(?["']?([^"')]*)/;
const BOOSTER_LIST = "modulesforceload:";

/**
 * The names in one of these lists, told apart by the file's name: `conf/modules` has a name and parameters on each line, `cmdline.d`
 * has words of a kernel command line, `/config` is a list of the shell's, `booster.init.yaml` has a list of YAML.
 */
export function parseNamedModules(file: string, text: string): readonly NamedModule[] {
	const lines = text.split("\n");
	const isYaml = file.endsWith(".yaml");
	let isListed = false;
	return lines.flatMap((line, place) => {
		const source = { file, line: place + 1 };
		if (isYaml) {
			if (/^[^ \t-]/.test(line)) isListed = line.startsWith(BOOSTER_LIST);
			const [, item] = /^[ \t]*-[ \t]*["']?([\w-]+)/.exec(line) ?? [];
			return isListed && item !== undefined ? [{ name: item, source }] : [];
		}
		return namesOf(file, line).map((name) => ({ name, source }));
	});
}

function namesOf(file: string, line: string): readonly string[] {
	if (file.startsWith("/etc/cmdline.d/"))
		return [...line.matchAll(DRIVER_WORD)].flatMap(([, names = ""]) => names.split(",").filter((name) => name !== ""));
	if (file === "/config") return (ARRAY.exec(line)?.[1] ?? "").split(/[ \t]+/).filter((name) => name !== "");
	const [name = ""] = line.split(/[ \t]+/, 1);
	return name === "" || name.startsWith("#") ? [] : [name];
}
