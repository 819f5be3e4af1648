// Makes the script that preload.cjs gives to ava's workers: ava's own worker and its packages in one file. When the installed ava
// has other files, no script is made, and the workers use ava's own files.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

const ava = join(import.meta.dirname, "../../node_modules/ava/lib");

/**
 * Keeps import.meta.url of each file; leaves the modules that test files share with the worker outside; puts main into a
 * function.
 */
const places = {
	name: "places",
	setup(build) {
		build.onResolve({ filter: /\/state\.cjs$/ }, ({ resolveDir, path }) => ({
			path: join(resolveDir, path),
			external: true,
		}));
		build.onLoad({ filter: /node_modules\/.*\.js$/ }, ({ path }) => {
			const text = readFileSync(path, "utf8").replaceAll("import.meta.url", JSON.stringify(pathToFileURL(path).href));
			return { contents: changed(path, text), loader: "js" };
		});
	},
};

function changed(path, text) {
	if (path === join(ava, "worker/base.js"))
		return replaced(text, /\nlet options;\n[\s\S]*$/, (main) => `(async () => {${main}})();`);
	if (path === join(ava, "provider-manager.js"))
		return replaced(text, "import(providerModule)", () => 'import("@ava/typescript")');
	return text;
}

function replaced(text, what, by) {
	const result = text.replace(what, by);
	if (result === text) throw new Error(`${what} is not there`);
	return result;
}

export async function bundleAvaWorker(folder) {
	mkdirSync(folder, { recursive: true });
	for (const name of readdirSync(folder)) rmSync(join(folder, name));
	try {
		const { outputFiles } = await build({
			entryPoints: [join(ava, "worker/base.js")],
			bundle: true,
			platform: "node",
			format: "cjs",
			target: "node20",
			plugins: [places],
			legalComments: "none",
			write: false,
			logLevel: "silent",
		});
		const text = outputFiles[0].text.replaceAll(/\bimport\(/g, "importModule(");
		// A script from V8's code cache cannot call import().
		writeFileSync(join(folder, "worker.js.new"), `(function (require, importModule, module = {}) {${text}\n})`);
		renameSync(join(folder, "worker.js.new"), join(folder, "worker.js"));
	} catch ({ message }) {
		console.error(`hotplugd: ava's workers start slowly, from their own files: ${message}`);
	}
}
