// The package that npm packs and installs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { version } from "../../src/version.js";

const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/**
 * Runs npm in that folder, without the variables of the npm that runs this test, and with the certificates for the registry,
 * which ava.config.js keeps from the tests.
 */
function npm(folder: string, words: readonly string[]): string {
	const entries = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
	const { HOTPLUGD_TEST_CERTIFICATES: certificates } = process.env;
	const env = { ...Object.fromEntries(entries), ...(certificates && { NODE_EXTRA_CA_CERTS: certificates }) };
	return execFileSync("npm", [...words, ...quiet], { cwd: folder, env, encoding: "utf8" });
}

test("the package installs into an empty folder and runs there under both of its names", (t) => {
	t.timeout(180_000);
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-test-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	const [packed] = JSON.parse(npm(resolve("."), ["pack", "--json", "--pack-destination", folder]));
	const paths: string[] = packed.files.map(({ path }: { path: string }) => path);
	for (const path of [
		"dist/main.js",
		"dist/insertion-process.js",
		"dist/fleet-thread.js",
		"dist/code-cache.cjs",
		"dist/THIRD-PARTY-LICENSES.txt",
		"LICENSE",
	])
		t.true(paths.includes(path), path);
	t.deepEqual(
		paths.filter((path) => path.startsWith("dist/test/") || path.endsWith(".tgz")),
		[],
	);
	// A compiled program fits few of the machines that install the package: the package has the source.
	t.true(paths.includes("src/linux/thin-helper/hotplugd-load.c"));
	// A script is copied to machines without node as it is.
	t.true(paths.includes("src/capture-script/hotplugd-capture"));
	t.deepEqual(
		paths.filter((path) => isMachineCode(resolve(path))),
		[],
	);
	// Without a package.json npm would install into the nearest parent folder that has one.
	writeFileSync(join(folder, "package.json"), "{}");
	npm(folder, ["install", "--omit=dev", "--prefer-offline", `./${packed.filename}`]);
	for (const name of ["hotplugd", "coldplug"]) {
		const printed = execFileSync(join(folder, "node_modules/.bin", name), ["--version"], { encoding: "utf8" });
		t.is(printed, `hotplugd ${version}\n`);
	}
});

test("the lock file names no place to download from", (t) => {
	const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
	const entries = Object.entries<{ resolved?: string }>(packages);
	t.true(entries.length > 100);
	t.deepEqual(
		entries.filter(([, { resolved }]) => resolved !== undefined),
		[],
	);
});

test("the lock file names every platform's packages, without which npm ci installs nothing", (t) => {
	const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
	const installed = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, "")));
	const entries = Object.values<{ optionalDependencies?: object }>(packages);
	const wanted = entries.flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
	t.true(wanted.length > 50);
	t.deepEqual(
		wanted.filter((name) => !installed.has(name)),
		[],
	);
});

function isMachineCode(path: string): boolean {
	return readFileSync(path).subarray(0, 4).toString("latin1") === "\x7fELF";
}
