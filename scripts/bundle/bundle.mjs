// Makes the executables: src/main.ts and its packages in a few scripts, which load several times faster than the separate files.
// A script that is needed only later, by import(), is loaded only then.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { build, transform } from "esbuild";
import { collectLicenses } from "./licenses.mjs";

const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const target = "node20";

/** The packages' own loaders search directories for their binaries; these replacements know the paths. */
const natives = {
	name: "natives",
	setup(build) {
		build.onResolve({ filter: /./ }, ({ path, importer }) => {
			if (importer.startsWith(here)) return { path, external: true };
			if (path === "koffi") return { path: join(here, "native-koffi.cjs") };
			if (path === "node-gyp-build") return { path: join(here, "native-netlink.cjs") };
		});
	},
};

/** Files that node runs, and the source of each: the executable, its process that inserts modules, and its threads for a fleet. */
const executables = {
	"main.js": "src/main.ts",
	"insertion-process.js": "src/linux/modules/insertion-server.ts",
	"fleet-thread.js": "src/fleet-thread.ts",
};

/** Writes the executables, their chunks, the code cache for this version of node, and the licences of the bundled packages. */
export async function bundle(dist) {
	const loader = readFileSync(join(here, "main.cjs"), "utf8");
	const outputs = {};
	const names = new Set();
	const write = (path, script) => {
		names.add(basename(path));
		writeFileSync(path, script);
	};
	mkdirSync(join(dist, "bundle"), { recursive: true });
	for (const [executable, source] of Object.entries(executables)) {
		const { metafile, outputFiles } = await bundleOne(source, join(dist, "bundle"));
		const [entry] = Object.keys(metafile.outputs).filter((path) => metafile.outputs[path].entryPoint === source);
		const first = new Map();
		for (const path of listNeeded(entry, metafile.outputs)) first.set(basename(path), undefined);
		for (const { path, text } of outputFiles) {
			const name = basename(path);
			const script = await toScript(text);
			if (first.has(name)) first.set(name, script);
			else write(path, script);
		}
		write(entry, formatTable(first));
		writeFileSync(join(dist, executable), loader.replaceAll("ENTRY", basename(entry)));
		Object.assign(outputs, metafile.outputs);
	}
	writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), collectLicenses({ outputs }));
	chmodSync(join(dist, "main.js"), 0o755);
	copyFileSync(join(here, "code-cache.cjs"), join(dist, "code-cache.cjs"));
	const { nodeOptions } = await import("../../dist/src/linux/process/node-options.js");
	execFileSync(process.execPath, [...nodeOptions(), join(dist, "code-cache.cjs")], { stdio: "inherit" });
	for (const folder of ["bundle", "cache"]) removeOthers(join(dist, folder), names);
}

/** Bundles one executable alone: a chunk shared by both would be one more script, which takes time to load. */
function bundleOne(source, outdir) {
	return build({
		entryPoints: [source],
		outdir,
		bundle: true,
		splitting: true,
		platform: "node",
		target,
		format: "esm",
		// V8 compares a code cache with its source by length only, so that two contents must never have the same name.
		entryNames: "[name]-[hash]",
		chunkNames: "[name]-[hash]",
		define: { "import.meta.dirname": "__dirname", "import.meta.url": "moduleUrl" },
		alias: {
			// By default esbuild takes rxjs's CommonJS files, which cannot be tree-shaken.
			rxjs: join(dirname(require.resolve("rxjs/package.json")), "dist/esm/index.js"),
			// The default entry loads a reader of settings files.
			"yargs-parser": "yargs-parser/browser",
		},
		plugins: [natives],
		legalComments: "none",
		write: false,
		metafile: true,
		logLevel: "warning",
	});
}

/** The paths of an output and of everything that it imports statically (transitively). */
function listNeeded(entry, outputs) {
	const needed = new Set([entry]);
	for (const path of needed)
		for (const { path: imported, kind, external } of outputs[path].imports)
			if (kind === "import-statement" && !external) needed.add(imported);
	return needed;
}

/**
 * One script with everything that every command loads, since each file takes time: a table of functions by the name of the chunk.
 */
function formatTable(scripts) {
	return `({\n${[...scripts].map(([name, script]) => `${JSON.stringify(name)}: ${script}`).join(",\n")}})`;
}

/** Removes the files of an earlier build. They go last: a running program may load them until then. */
function removeOthers(folder, names) {
	for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
		if (entry.isFile() && !names.has(entry.name)) rmSync(join(entry.parentPath, entry.name), { force: true });
}

/** Turns an ES module into a script: esbuild splits only ES modules, and vm.Script runs none, and has no import(). */
async function toScript(text) {
	const url = text.includes("moduleUrl") ? '\nconst moduleUrl = "file://" + encodeURI(__filename);' : "";
	const { code } = await transform(text, {
		target,
		platform: "node",
		format: "cjs",
		supported: { "dynamic-import": false },
		banner: `(function (exports, require, module, __filename, __dirname) {${url}`,
		footer: "})",
	});
	return exportInPlace(code);
}

/** Exports into the chunk's own object: esbuild would make a second object with a getter for each export, in every chunk. */
function exportInPlace(code) {
	const own = "var stdin_exports = {};\n";
	const second = "module.exports = __toCommonJS(stdin_exports);\n";
	if (!code.includes("stdin_exports")) return code;
	if (!code.includes(own) || !code.includes(second)) throw new Error("esbuild has changed how it exports");
	return code
		.replace(own, "var stdin_exports = exports;\n")
		.replace(second, '__defProp(exports, "__esModule", { value: true });\n');
}
