// The manual pages, one for each command. The options come from the command's own table, so that the page, --help and the command
// agree; everything else is in scripts/man/texts.mjs.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { describeRecords } from "./man/records.mjs";
import { entry, inline, paragraph, plain, section, subsection, verbatim } from "./man/roff.mjs";
import { texts } from "./man/texts.mjs";

/** Writes the pages into a folder that has nothing else. */
export async function writeManPages(folder) {
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	for (const [name, page] of await formatManPages()) writeFileSync(`${folder}/${name}`, page);
}

/** Every page by its file name. Needs the output of tsc. */
export async function formatManPages() {
	const { hotplugd, tools } = await import("../dist/src/main.js");
	const { version } = await import("../dist/src/version.js");
	const loaded = await Promise.all(Object.entries(tools).map(async ([name, load]) => [name, await load()]));
	const pages = [["hotplugd", hotplugd], ...loaded].map(async ([name, tool]) => {
		const title = tool.name.replaceAll(" ", "-");
		return [`${title}.8`, await formatPage(title, name, tool, version)];
	});
	return new Map(await Promise.all(pages));
}

async function formatPage(title, name, tool, version) {
	const text = texts[name];
	if (text === undefined) throw new Error(`scripts/man/texts.mjs has no text for ${name}`);
	const { description, more = {}, commands, seeAlso } = text;
	const parts = [
		`.\\" Made by scripts/man-pages.mjs from the command's own table of options.`,
		`.TH "${plain(title.toUpperCase())}" 8 "" "hotplugd ${version}" "System Administration"`,
		section("Name"),
		`${plain(title)} \\- ${inline(lowerFirst(tool.summary.replace(/\.$/, "")))}`,
		section("Synopsis"),
		...tool.usage.map((usage) => formatUsage(tool.name, usage)),
		section("Description"),
		...description.map(paragraph),
		...formatOptions(tool.options, section, "Options"),
		...(commands === undefined ? [] : await formatCommands(await commands())),
		...describeRecords(name),
		...Object.entries(more).flatMap(([heading, body]) => [section(heading), ...body.map(formatBlock)]),
		section("See also"),
		seeAlso
			.map((page) => page.replace(/^(.*)\((\d)\)$/, (_, of, number) => `.BR ${plain(of)} (${number})`))
			.join(" ,\n"),
	];
	return `${parts.join("\n")}\n`;
}

const lowerFirst = (sentence) => sentence[0].toLowerCase() + sentence.slice(1);

const formatUsage = (name, usage) => `.PP\n\\fB${plain(name)}\\fR ${plain(usage).replace(/[A-Z]{2,}/g, "\\fI$&\\fR")}`;

/** Options under one heading, or under the headings of the table itself. */
function formatOptions(options, heading, title) {
	const rows = Object.entries(options).filter(([, { hidden }]) => !hidden);
	const groups = Map.groupBy ? Map.groupBy(rows, ([, { group }]) => group ?? title) : groupBy(rows, title);
	return [...groups].flatMap(([group, members]) => [
		group === title ? heading(title) : subsection(group.replace(/:$/, "")),
		...members.map(formatOption),
	]);
}

function groupBy(rows, title) {
	const groups = new Map();
	for (const row of rows) {
		const group = row[1].group ?? title;
		groups.set(group, [...(groups.get(group) ?? []), row]);
	}
	return groups;
}

function formatOption([key, { short, also = [], argument, help }]) {
	const long = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
	const names = [...(short === undefined ? [] : [`-${short}`]), `--${long}`, ...also.map((name) => `--${name}`)];
	const spelled = names.map((name) => `\\fB${plain(name)}\\fR`).join(", ");
	return entry(
		argument === undefined ? spelled : `${spelled}=\\fI${plain(argument)}\\fR`,
		`${help.replace(/\.$/, "")}.`,
	);
}

/** Commands within a command, each with its own options. */
async function formatCommands(commands) {
	const parts = commands.flatMap(({ name, summary, usage, options }) => {
		const own = Object.fromEntries(Object.entries(options).filter(([key]) => key !== "help" && key !== "version"));
		return [
			subsection(name),
			...usage.map((use) => formatUsage(name, use)),
			paragraph(summary),
			...Object.entries(own)
				.filter(([, { hidden }]) => !hidden)
				.map(formatOption),
		];
	});
	return [section("Commands"), ...parts];
}

/** Formats a paragraph, a term with its meaning, or lines that are kept as they are. */
function formatBlock(block) {
	if (typeof block === "string") return paragraph(block);
	return "lines" in block ? verbatim(block.lines.join("\n")) : entry(inline(block.term), block.text);
}
