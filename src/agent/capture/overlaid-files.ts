// A captured machine's files, with those of this host that a call names in their place. Pure.

import type { Files, Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";

export type Overlays = {
	/** Files and directories that are read from this host: a directory with the files directly in it. */
	readonly named: readonly string[];
	readonly host: Files;
	/** The directory here that stands for /lib/modules, and the machine to which it belongs. */
	readonly modules?: { readonly place: string; readonly machine: Files & ModuleFiles } | undefined;
};

const MODULES = "/lib/modules";

export function overlayFiles(captured: Kernel & ModuleFiles, { named, host, modules }: Overlays): Kernel & ModuleFiles {
	const ofHost = new Set(named.map(withoutSlashes));
	const isOfHost = (path: string): boolean => {
		const plain = withoutSlashes(path);
		return ofHost.has(plain) || ofHost.has(plain.slice(0, Math.max(plain.lastIndexOf("/"), 0)));
	};
	const locate = (path: string): { readonly files: Files & Partial<ModuleFiles>; readonly place: string } => {
		if (isOfHost(path)) return { files: host, place: path };
		const isOfModules = modules !== undefined && (path === MODULES || path.startsWith(`${MODULES}/`));
		if (isOfModules) return { files: modules.machine, place: modules.place + path.slice(MODULES.length) };
		return { files: captured, place: path };
	};
	const at = <T>(path: string, look: (files: Files, place: string) => T): T => {
		const { files, place } = locate(path);
		return look(files, place);
	};
	return {
		...captured,
		read: (path, bound) => at(path, (files, place) => files.read(place, bound)),
		list: (path) => at(path, (files, place) => files.list(place)),
		stamp: (path) => at(path, (files, place) => files.stamp(place)),
		modified: (path) => at(path, (files, place) => files.modified?.(place)),
		leadsNowhere: (path) => at(path, (files, place) => files.leadsNowhere?.(place) ?? false),
		readModule(path) {
			const { files, place } = locate(path);
			return (files.readModule ? files : captured).readModule!(place);
		},
	};
}

const withoutSlashes = (path: string): string => path.replace(/\/+$/, "");
