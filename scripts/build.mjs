// Builds dist/: the output of tsc (the library and the tests), the executable with its code cache, the thin helper if there is a
// C compiler, and the manual pages.
import "./no-debugger.mjs";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";

process.chdir(`${import.meta.dirname}/..`);

if (!existsSync("node_modules/typescript")) {
	// `npm ci --omit=dev` runs this script too: an existing build stays.
	const built = existsSync("dist/main.js");
	console.error(`hotplugd: not built, since its development packages are not installed${built ? "" : ": run npm ci"}`);
	process.exit(built ? 0 : 1);
}

const compile = () =>
	execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { stdio: "inherit" });
try {
	compile();
} catch ({ status }) {
	// tsc has printed the errors.
	process.exit(status ?? 1);
}
for (const folder of ["dist/src", "dist/test"]) {
	mkdirSync(folder, { recursive: true });
	writeFileSync(`${folder}/package.json`, '{"type":"module"}\n');
}
writeFileSync("dist/package.json", '{"type":"commonjs"}\n');

buildThinHelper();

const { bundle } = await import("./bundle/bundle.mjs");
await bundle("dist");

const { writeManPages } = await import("./man-pages.mjs");
await writeManPages("dist/man");

const { bundleAvaWorker } = await import("./ava-worker/bundle.mjs");
await bundleAvaWorker("dist/test/ava/lib");

/** The thin helper is optional: a package built without a compiler lacks the helper, and nothing else. */
function buildThinHelper() {
	const target = "dist/hotplugd-load";
	const options = ["-O2", "-Wall", "-Wextra", "-o", `${target}.new`, "src/linux/thin-helper/hotplugd-load.c"];
	const { status, error } = spawnSync("cc", options, { stdio: "inherit" });
	// A rename, since the old program may be running.
	if (status === 0) renameSync(`${target}.new`, target);
	else console.error(`hotplugd: built without ${target}: ${error ? "there is no C compiler" : "cc failed"}`);
}
