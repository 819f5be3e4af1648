// The licences of the bundled packages, which must be passed on with the bundle.
import { readdirSync, readFileSync } from "node:fs";

/** @param metafile of esbuild @returns the text of each package's licence, after its name and version */
export function collectLicenses(metafile) {
	const inputs = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));
	const folders = inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
	return [...new Set(folders)].sort().map(formatLicense).join("\n");
}

function formatLicense(folder) {
	const { name, version, license, author, repository } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
	const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
	// Some packages name their licence, but do not contain its text.
	const named = [license, author?.name ?? author, repository?.url ?? repository].filter(Boolean).join("\n");
	return `${name} ${version}\n\n${file === undefined ? named : readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
}
