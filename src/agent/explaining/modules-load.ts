// modules-load.d(5): the modules that systemd-modules-load.service, or a script of the distribution, loads at every boot. Pure.

import type { Source } from "../../libkmod/formats/modprobe-config.js";
import { trimBlanks } from "../../libkmod/text/byte-strings.js";

/** In order of precedence: a file hides those of its name in later directories. */
export const modulesLoadDirectories: readonly string[] = [
	"/etc/modules-load.d",
	"/run/modules-load.d",
	"/usr/local/lib/modules-load.d",
	"/usr/lib/modules-load.d",
	"/lib/modules-load.d",
];

/** A line that names a module, or an alias. */
export type ModulesLoadLine = { readonly name: string; readonly source: Source };

/** The lines of one file. Lines that begin with # or ; are comments. @param text bytes */
export function parseModulesLoad(file: string, text: string): readonly ModulesLoadLine[] {
	return text.split("\n").flatMap((line, place) => {
		const name = trimBlanks(line);
		return name === "" || /^[#;]/.test(name) ? [] : [{ name, source: { file, line: place + 1 } }];
	});
}
