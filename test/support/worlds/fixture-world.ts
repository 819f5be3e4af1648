// Parses the worlds of fixtures/worlds: their content, and the commands that run in them. Their README.md describes the format.

import type { PretendMachine } from "../fakes/pretend-machine.js";
import { moduleImage } from "./elf-image.js";
import { formatNeeds, type TreeModule } from "./module-tree.js";

export type FixtureWorld = {
	/** The machine. The real depmod has indexed its modules; a copy without indexes is in `work/bare/lib/modules/RELEASE`. */
	readonly machine: PretendMachine;
	readonly runs: readonly FixtureRun[];
};

export type FixtureRun = {
	readonly line: string;
	readonly words: readonly string[];
	readonly changesNothing: boolean;
	/** Texts that must be among the output, the files or the system calls of both. */
	readonly shown: readonly string[];
	/** How our tool differs: the row of the table, and our result. */
	readonly instead?: RowOfWorld;
	/** The same for a run in which kmod's result depends on the file system. */
	readonly settled?: RowOfWorld;
};

export type RowOfWorld = { readonly row: string; readonly lines: readonly string[] };

export const BARE_RELEASE = "6.0.0";

type Part = { readonly kind: string; readonly words: readonly string[]; readonly lines: readonly string[] };

export function parseFixtureWorld(text: string): FixtureWorld {
	const parts = text.split(/^== /m).slice(1).map(parsePart);
	const ofKind = (wanted: string) => parts.filter(({ kind }) => kind === wanted);
	const modules = ofKind("module").map(({ words: [path = ""], lines }) => [path, parseModule(lines)] as const);
	const files = new Map<string, string | Buffer>([["modules.order", modules.map(([path]) => `${path}\n`).join("")]]);
	for (const name of ["modules.builtin", "modules.builtin.modinfo"]) files.set(name, "");
	for (const [path, { exports, needs, modinfo }] of modules)
		files.set(path, moduleImage(exports ?? [], needs ?? [], modinfo));
	for (const { words, lines } of ofKind("file")) files.set(words[0]!, formatFile(words[0]!, lines));
	const placed = [...files].flatMap(([path, content]) => placesOf(path).map((place) => [place, content] as const));
	const links = ofKind("link").flatMap(({ words: [path = "", target = ""] }) =>
		placesOf(path).map((place) => [place, target] as const),
	);
	const named = Object.fromEntries(modules.map(([path, module]) => [path.replace(/.*\//, ""), module]));
	const live = ofKind("live").flatMap(({ words }) => words);
	const needs = { "modules/modules.needs": formatNeeds(named) };
	return {
		machine: {
			files: { "proc/cmdline": "quiet\n", "proc/modules": "", ...Object.fromEntries(placed), ...needs },
			directories: ["etc", "run", "usr/local/lib", "usr/lib"].flatMap((at) => [`${at}/modprobe.d`, `${at}/depmod.d`]),
			links: Object.fromEntries(links),
			prepare: "depmod",
			...(live.length > 0 && { live }),
		},
		runs: parseRuns(parts),
	};
}

function parsePart(part: string): Part {
	const [heading = "", ...lines] = part.replace(/\n+$/, "").split("\n");
	const [kind = "", ...words] = heading.split(" ");
	return { kind, words, lines };
}

function parseModule(lines: readonly string[]): TreeModule {
	const symbols = (word: string) =>
		lines.filter((line) => line.startsWith(`${word} `)).flatMap((line) => line.split(" ").slice(1));
	const modinfo = lines.filter((line) => !/^(export|need) /.test(line));
	return { exports: symbols("export"), needs: symbols("need"), modinfo };
}

/** Lines of modules.builtin.modinfo end with NUL, not with a newline. */
function formatFile(path: string, lines: readonly string[]): string {
	const end = path === "modules.builtin.modinfo" ? "\0" : "\n";
	return lines.map((line) => line + end).join("");
}

/** The places of a path on the made-up machine: modules exist twice, with indexes and without. */
function placesOf(path: string): string[] {
	if (!path.startsWith("/")) return [`modules/${path}`, `work/bare/lib/modules/${BARE_RELEASE}/${path}`];
	const [, top = ""] = path.split("/");
	return [["etc", "run", "usr", "lib", "proc", "sys"].includes(top) ? path.slice(1) : `beside${path}`];
}

function parseRuns(parts: readonly Part[]): FixtureRun[] {
	return parts.flatMap(({ kind, words, lines }, at) => {
		if (kind !== "run") return [];
		const next = parts[at + 1];
		const row = (wanted: "instead" | "settled") =>
			next?.kind === wanted && { [wanted]: { row: next.words.join(" "), lines: next.lines } };
		const line = words.join(" ");
		const bare = line === "depmod" ? ["depmod", "-b", "bare", BARE_RELEASE] : words;
		const shown = lines.filter((text) => text !== "");
		const changesNothing = /^(depmod|modinfo|kmod static-nodes|modprobe (.* )?-\w*[DRcn]\w*( |$))/.test(line);
		return [{ line, words: bare, changesNothing, shown, ...row("instead"), ...row("settled") }];
	});
}
