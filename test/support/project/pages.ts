// The project's pages for people, and their content: commands, links, headings.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { listFiles } from "./source-text.js";

/** The paths of all pages that tests check. */
export const pages: readonly string[] = [
	...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "test/README.md"],
	...listFiles("docs", ".md"),
];

export const readPage = (page: string): string => readFileSync(page, "utf8");

/** The code blocks of a page in a language, such as "sh". */
export const blocksOf = (page: string, language: string): readonly string[] =>
	[...readPage(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block = ""]) => block);

/** The commands of a page's sh blocks: one for each line, or several when && joins them. */
export const commandsOf = (page: string): readonly string[] =>
	blocksOf(page, "sh").flatMap((block) =>
		block
			.trim()
			.split("\n")
			.flatMap((line) => line.split(" && ")),
	);

export type Link = { readonly page: string; readonly path: string; readonly anchor: string | undefined };

/**
 * The links of a page to files of the project. Paths are relative to the project's folder; a link within the page has the
 * page's path.
 */
export function linksOf(page: string): readonly Link[] {
	const prose = withoutBlocks(readPage(page));
	return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
		.map(([, target = ""]) => target)
		.filter((target) => !/^[a-z]+:/.test(target))
		.map((target) => {
			const [path = "", anchor] = target.split("#");
			return { page, path: path === "" ? page : normalize(join(dirname(page), path)), anchor };
		});
}

/** Explains why a link is broken. Undefined when it is not. */
export function explainBroken({ page, path, anchor }: Link): string | undefined {
	if (!existsSync(path)) return `${page}: there is no ${path}`;
	if (anchor !== undefined && !anchorsOf(path).includes(anchor)) return `${page}: ${path} has no heading #${anchor}`;
	return undefined;
}

/** The anchors of a page's headings: lower-case letters, digits and dashes, with a dash for each blank. */
const anchorsOf = (page: string): readonly string[] =>
	[...withoutBlocks(readPage(page)).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
		title
			.toLowerCase()
			.replace(/[^\w\- ]/g, "")
			.replaceAll(" ", "-"),
	);

const withoutBlocks = (text: string): string => text.replace(/^```.*?^```$/gms, "");

/** The text between a heading of a page and the next heading. */
export function sectionOf(page: string, heading: string): string {
	const [, text = ""] = readPage(page).split(`\n${heading}\n`);
	return text.split(/\n#+ /)[0]!;
}
