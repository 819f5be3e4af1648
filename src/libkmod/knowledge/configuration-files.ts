// Which configuration files count and in which order: modprobe.d(5) and depmod.d(5) have the same rules.
import { type Bound, bounds } from "../kernel/bounds.js";
import { type Files, type Problem, type ProblemKind, Refusal } from "../kernel/kernel.js";
import { isThere, leadsNowhere } from "../kernel/presence.js";

export type WhereToLook = {
	/** Files of any name, each before any other of its name. */
	readonly first?: readonly string[];
	/**
	 * In order of precedence: a file `*.conf` hides those of its name in later directories. Dotfiles are passed over. A file in place of
	 * a directory is one of them, named by itself; of another suffix it is a problem.
	 */
	readonly directories: readonly string[];
	/** Whoever called named the directories: one that is not there is a problem. */
	readonly named?: boolean;
	/** In place of `.conf`. */
	readonly suffix?: string;
	/** In place of the directories: directories, and files of any name. */
	readonly paths?: readonly string[];
};

const HIDES_NOTHING = "so it counts for nothing and hides no other of its name";

/** In the order of their names alone, byte by byte, whatever their directories. */
export function listConfigurationFiles(files: Files, where: WhereToLook, problems: Problem[]): string[] {
	const { suffix = ".conf" } = where;
	const byName = new Map<string, string>();
	const offer = (path: string): void => {
		const name = path.slice(path.lastIndexOf("/") + 1);
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
			problems.push({ file: path, line: 0, message: "is reached by a link to nowhere, so nothing in it counts" });
		else if (!isThere(files, path)) continue;
		// In place of a directory kmod takes a file of any name, and what is none is told when it is read.
		else if (suffix === ".conf") offer(path);
		else problems.push({ file: path, line: 0, message: "is no directory, so nothing in it counts" });
	}
	return [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
}

/** Undefined where the file is absent, or cannot be read, which is a problem. */
export function readConfigurationFile(
	files: Files,
	path: string,
	problems: Problem[],
	bound: Bound = bounds.configuration,
): string | undefined {
	return orProblem(path, "read", problems, undefined, () => files.read(path, bound)?.toString("latin1"));
}

type Offer = (path: string) => void;

/** A directory hides no others of its name, and neither does a link that leads nowhere or in a circle (kmod since 34). */
function offerFromDirectory(files: Files, directory: string, name: string, offer: Offer, problems: Problem[]): void {
	const path = directory.endsWith("/") ? directory + name : `${directory}/${name}`;
	const object = (kind: ProblemKind, message: string): void =>
		void problems.push({ file: path, line: 0, message, kind });
	const unusable = whyUnusable(files, path);
	if (unusable !== undefined) object("dangling", `${unusable}, ${HIDES_NOTHING}`);
	// What cannot be told here is told when it is read.
	else if (orProblem(path, "listed", [], undefined, () => files.list(path)) === undefined) offer(path);
	else object("nested", "Directories inside directories are not supported");
}

function whyUnusable(files: Files, path: string): string | undefined {
	try {
		return files.stamp(path) === undefined ? "is a link to nowhere" : undefined;
	} catch (error) {
		if (error instanceof Refusal) return `cannot be followed (${error.code})`;
		throw error;
	}
}

function offerGiven(files: Files, path: string, offer: Offer, problems: Problem[]): void {
	if (orProblem(path, "read", [], "", () => files.stamp(path)) !== undefined) offer(path);
	else problems.push({ file: path, line: 0, message: "there is no such file or directory" });
}

/** A clause about what cannot be listed. */
export function whyNoDirectory(files: Files, path: string): string {
	return isThere(files, path) ? "is no directory" : "there is no such directory";
}

/** What `look` finds; where it is refused that is a problem of the file, and `otherwise` stands for it. */
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
