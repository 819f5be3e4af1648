// Reads the small files that a capture holds: docs/capture.md, "Files". Pure but for the port.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { type Bound, bounds } from "../../libkmod/kernel/bounds.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import { modprobeDirectories } from "../../libkmod/knowledge/configuration.js";
import { modulesLoadDirectories } from "../explaining/modules-load.js";
import { type CommentSyntax, withoutComments } from "./comments.js";

export type TakenFiles = {
	/** By absolute path, the root of another machine left out. */
	readonly files: ReadonlyMap<string, string>;
	/** The texts of the files of rules, without comments. */
	readonly rules: readonly string[];
	/** Paths that could not be read. */
	readonly unread: readonly string[];
};

const ATTRIBUTES: readonly string[] = [
	"/proc/cmdline",
	"/proc/crypto",
	"/proc/sys/kernel/modules_disabled",
	"/sys/kernel/security/lockdown",
	"/sys/module/module/parameters/sig_enforce",
	"/sys/module/compression",
	"/sys/module/firmware_class/parameters/path",
	"/sys/kernel/debug/devices_deferred",
];

const SETTINGS = "/etc/hotplugd.toml";
const POLICY = "/etc/hotplugd/rules.d";

type Sort = { readonly syntax: CommentSyntax; readonly suffix: string; readonly bound: Bound; readonly isRules?: true };

const modprobe: Sort = { syntax: "modprobe.d", suffix: ".conf", bound: bounds.configuration };
const modulesLoad: Sort = { syntax: "modules-load.d", suffix: ".conf", bound: bounds.configuration };
const settings: Sort = { syntax: "toml", suffix: ".toml", bound: bounds.settings };
const rules: Sort = { ...settings, isRules: true };

/**
 * @param root the root directory of another machine, or ""
 * @param sysfs its path, `root` included
 * @param rulesDirectory of the rules that came with the package
 */
export function takeFiles(
	files: Pick<Files, "read" | "list">,
	{ root, sysfs, rulesDirectory }: { readonly root: string; readonly sysfs: string; readonly rulesDirectory: string },
): TakenFiles {
	const taking = new FileTaking(files, root);
	for (const path of ATTRIBUTES) {
		const place = path.startsWith("/sys/") ? sysfs + path.slice("/sys".length) : root + path;
		taking.take(path, place, bounds.small, (bytes) => attributeText(bytes));
	}
	taking.take("/proc/modules", `${root}/proc/modules`, bounds.loadedModules, (bytes) =>
		// An address of the kernel is nobody's business.
		bytes.toString("latin1").replaceAll(/ 0x[0-9a-f]+/g, " 0x0000000000000000"),
	);
	for (const directory of modprobeDirectories) taking.takeDirectory(directory, modprobe);
	for (const directory of modulesLoadDirectories) taking.takeDirectory(directory, modulesLoad);
	taking.takeConfiguration(SETTINGS, settings);
	for (const directory of [POLICY, rulesDirectory]) taking.takeDirectory(directory, rules);
	return taking;
}

class FileTaking implements TakenFiles {
	readonly files = new Map<string, string>();
	readonly rules: string[] = [];
	readonly unread: string[] = [];
	readonly #files: Pick<Files, "read" | "list">;
	readonly #root: string;

	constructor(files: Pick<Files, "read" | "list">, root: string) {
		this.#files = files;
		this.#root = root;
	}

	take(path: string, place: string, bound: Bound, textOf: (bytes: Buffer) => string): void {
		const bytes = this.#attempt(path, () => this.#files.read(place, bound));
		if (bytes !== undefined) this.files.set(path, textOf(bytes));
	}

	takeConfiguration(path: string, { syntax, bound, isRules }: Sort): void {
		this.take(path, this.#root + path, bound, (bytes) => {
			const text = withoutComments(bytes.toString("latin1"), syntax);
			if (isRules) this.rules.push(text);
			return text;
		});
	}

	takeDirectory(directory: string, sort: Sort): void {
		const names = this.#attempt(directory, () => this.#files.list(this.#root + directory));
		// A regular file in place of a directory is one of its files. A directory that is not there is not read either.
		if (names === undefined) this.takeConfiguration(directory, sort);
		for (const name of names ?? [])
			if (name.endsWith(sort.suffix) && !name.startsWith("."))
				this.takeConfiguration(directory === "/" ? `/${name}` : `${directory}/${name}`, sort);
	}

	/** A directory in place of a file, and a link in a circle, count as absent: nothing reads them. */
	#attempt<T>(path: string, read: () => T | undefined): T | undefined {
		try {
			return read();
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			if (error.code !== "EISDIR" && error.code !== "ELOOP" && !this.unread.includes(path)) this.unread.push(path);
			return undefined;
		}
	}
}
