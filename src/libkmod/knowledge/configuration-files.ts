// The configuration files that count, and their order: modprobe.d(5) and depmod.d(5) have the same rules.

import { type Bound, bounds } from "../kernel/bounds.js";
import { type Files, type Problem, type ProblemKind, Refusal } from "../kernel/kernel.js";
import { isThere, leadsNowhere } from "../kernel/presence.js";
import { baseName } from "../text/base-name.js";

export type WhereToLook = {
	/** Files of any name. Each takes precedence over other files of the same name. */
	readonly first?: readonly string[];
	/**
	 * In order of precedence: a file `*.conf` hides files of the same name in later directories. Dotfiles are ignored. A
	 * regular file in place of a directory counts as a configuration file, whatever its name. It is a problem when `suffix` is
	 * another than `.conf`.
	 */
	readonly directories: readonly string[];
	/** Whether the caller named the directories: then an absent directory is a problem. */
	readonly named?: boolean;
	/** The suffix of configuration files. Default: `.conf`. */
	readonly suffix?: string;
	/** Directories, and files of any name, that replace `directories`. */
	readonly paths?: readonly string[];
};

const HIDES_NOTHING = "so it counts for nothing and hides no other of its name";

/** Lists the paths in the byte order of the file names, whatever the directories. */
export function listConfigurationFiles(files: Files, where: WhereToLook, problems: Problem[]): string[] {
	const { suffix = ".conf" } = where;
	const byName = new Map<string, string>();
	const offer = (path: string): void => {
		const name = baseName(path);
		if (!byName.has(name)) byName.set(name, path);
	};
	where.first?.forEach(offer);
	for (const path of where.paths ?? where.directories) {
		const names = orProblem(path, "listed", problems, [], () => files.list(path));
		if (names !== undefined) {
			const wanted = names.filter((name) => !name.startsWith(".") && name.endsWith(suffix));
			for (const name of wanted) offerFromDirectory(files, path, name, offer, problems);
		} else if (where.paths !== undefined) offerGiven(files, path, offer, problems);
		else if (where.named) problems.push({ file: path, line: 0, message: whyNoDirectory(files, path) });
		else if (leadsNowhere(files, path))
			problems.push({
				file: path,
				line: 0,
				message: "is reached by a dangling symbolic link, so nothing in it counts",
			});
		else if (!isThere(files, path)) continue;
		// kmod accepts a file of any name in place of a directory. Reading the path reports it when it is no regular file.
		else if (suffix === ".conf") offer(path);
		else problems.push({ file: path, line: 0, message: "is no directory, so nothing in it counts" });
	}
	return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** The file as latin1 text. Undefined when the file is absent, or cannot be read, which is a problem. */
export function readConfigurationFile(
	files: Files,
	path: string,
	problems: Problem[],
	bound: Bound = bounds.configuration,
): string | undefined {
	return orProblem(path, "read", problems, undefined, () => files.read(path, bound)?.toString("latin1"));
}

type Offer = (path: string) => void;

/**
 * Offers one entry of a directory. A nested directory hides no files of its name, and neither does a symbolic link that dangles
 * or loops (kmod since 34).
 */
function offerFromDirectory(files: Files, directory: string, name: string, offer: Offer, problems: Problem[]): void {
	const path = directory.endsWith("/") ? directory + name : `${directory}/${name}`;
	const object = (kind: ProblemKind, message: string): void =>
		void problems.push({ file: path, line: 0, message, kind });
	const unusable = whyUnusable(files, path);
	if (unusable !== undefined) object("dangling", `${unusable}, ${HIDES_NOTHING}`);
	// A Refusal here is reported when the file is read.
	else if (orProblem(path, "listed", [], undefined, () => files.list(path)) === undefined) offer(path);
	else object("nested", "Directories inside directories are not supported");
}

function whyUnusable(files: Files, path: string): string | undefined {
	try {
		return files.stamp(path) === undefined ? "is a dangling symbolic link" : undefined;
	} catch (error) {
		if (error instanceof Refusal) return `cannot be followed (${error.code})`;
		throw error;
	}
}

function offerGiven(files: Files, path: string, offer: Offer, problems: Problem[]): void {
	if (orProblem(path, "read", [], "", () => files.stamp(path)) !== undefined) offer(path);
	else problems.push({ file: path, line: 0, message: "there is no such file or directory" });
}

/** A clause for a message: why a path cannot be listed as a directory. */
export function whyNoDirectory(files: Files, path: string): string {
	return isThere(files, path) ? "is no directory" : "there is no such directory";
}

/** The result of `look`. A Refusal becomes a problem of the file, and the result is `otherwise`. */
export function orProblem<T>(
	file: string,
	done: "read" | "listed",
	problems: Problem[],
	otherwise: T,
	look: () => T,
): T {
	try {
		return look();
	} catch (error) {
		if (!(error instanceof Refusal)) throw error;
		problems.push({ file, line: 0, message: `cannot be ${done} (${error.why}), so nothing in it counts` });
		return otherwise;
	}
}
