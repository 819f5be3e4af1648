// The executable as installed: dist/main.js with its bundle and its code cache.
import { spawnSync } from "node:child_process";
import {
	cpSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { version } from "../src/version.js";

const cache = `cache/${process.version}-${process.arch}`;
const versionLine = `hotplugd ${version}\n`;

function run(file: string, words: readonly string[], environment: object = {}, stdout: "pipe" | number = "pipe") {
	const {
		status,
		stdout: printed,
		stderr: complained,
	} = spawnSync(process.execPath, [file, ...words], {
		encoding: "utf8",
		env: { ...process.env, NODE_OPTIONS: "", HOTPLUGD_DEBUG: undefined, ...environment },
		stdio: ["ignore", stdout, "pipe"],
	});
	return { status, printed, complained };
}

/** Makes a folder that is removed when the process exits. */
function makeFolder(): string {
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-test-"));
	process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A copy of the executable that a test can damage, with the files that make its code cache. */
function copyExecutable(): string {
	const folder = makeFolder();
	for (const name of ["main.js", "insertion-process.js", "code-cache.cjs", "package.json", "bundle", "cache"])
		cpSync(join("dist", name), join(folder, "dist", name), { recursive: true });
	for (const name of ["node_modules", "fixtures", "config", "rules"]) symlinkSync(resolve(name), join(folder, name));
	return join(folder, "dist");
}

/** For each script that --help loads, whether V8 rejected its code cache: undefined when there was no cache. */
function listRejections(folder: string): unknown[] {
	const script = `
		const { bundle, scripts } = require(${JSON.stringify(join(folder, "main.js"))});
		bundle.run(["", "", "coldplug", "--help"], { ...bundle.thisMachine, print() {} }).then(() => {
			const rejections = [...scripts.values()].map((script) => String(script.cachedDataRejected));
			console.log(JSON.stringify(rejections));
		});`;
	const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
	if (stderr !== "") throw new Error(stderr);
	return JSON.parse(stdout);
}

test("--version is the version", (t) => {
	t.deepEqual(run("dist/main.js", ["--version"]), { status: 0, printed: versionLine, complained: "" });
});

test("the file can be executed as it is", (t) => {
	t.is(spawnSync(resolve("dist/main.js"), ["-V"], { encoding: "utf8" }).stdout, versionLine);
});

test("without a command, or with one that is not there, it says so and exits 2", (t) => {
	const hint = "Try 'hotplugd --help'.\n";
	t.deepEqual(run("dist/main.js", []), { status: 2, printed: "", complained: `hotplugd: missing command\n${hint}` });
	for (const name of ["plug", "constructor", "__proto__", ""])
		t.deepEqual(run("dist/main.js", [name, "-x"]), {
			status: 2,
			printed: "",
			complained: `hotplugd: unknown command '${name}'\n${hint}`,
		});
});

test("--help lists the commands", (t) => {
	const { status, printed } = run("dist/main.js", ["--help"]);
	t.is(status, 0);
	t.regex(printed, /^ {2}coldplug +\S/m);
	t.regex(printed, /^ {2}run +\S/m);
});

test("a command is found by the first argument, and by the name of a symlink", (t) => {
	const link = join(makeFolder(), "coldplug");
	symlinkSync(resolve("dist/main.js"), link);
	for (const [file, words] of [
		["dist/main.js", ["coldplug"]],
		[link, []],
	] as const) {
		const { status, complained } = run(file, [...words, "--foo"]);
		t.is(complained.split("\n")[0], "coldplug: unrecognized option '--foo'");
		t.is(status, 2);
	}
});

test("a reader that has gone is no error worth a word", (t) => {
	const script = `${process.execPath} dist/main.js --version; echo $? >&2`;
	// The loop ends at the first failing write, when the reader has gone.
	const untilGone = "while echo; do :; done 2>/dev/null";
	const { stderr } = spawnSync("/bin/sh", ["-c", `trap '' PIPE; { ${untilGone}; ${script}; } | true`], {
		encoding: "utf8",
	});
	t.is(stderr, "141\n");
});

test("what goes wrong is one line, with its stack where HOTPLUGD_DEBUG is set", (t) => {
	const full = openSync("/dev/full", "w");
	const { status, complained } = run("dist/main.js", ["--version"], {}, full);
	t.is(status, 1);
	t.regex(complained, /^hotplugd: .*standard output.*ENOSPC\n$/);
	t.regex(run("dist/main.js", ["--version"], { HOTPLUGD_DEBUG: "1" }, full).complained, /^\w+: .*\n {4}at /);
});

test("the build leaves a code cache that this node takes", (t) => {
	const rejections = listRejections(resolve("dist"));
	t.true(rejections.length > 1);
	t.deepEqual(new Set(rejections), new Set(["false"]));
});

test("without a code cache, or with one that is not its own, it works as well", (t) => {
	const folder = copyExecutable();
	const files = readdirSync(join(folder, cache)).map((name) => join(folder, cache, name));
	t.true(files.length > 1);
	const damages: ((good: Buffer) => Buffer)[] = [
		() => Buffer.alloc(0),
		(good) => Buffer.alloc(good.length),
		(good) => good.subarray(0, good.length >> 1),
		() => Buffer.from("rubbish"),
	];
	for (const damage of damages) {
		for (const file of files) writeFileSync(file, damage(readFileSync(file)));
		t.deepEqual(new Set(listRejections(folder)), new Set(["true"]));
		t.is(run(join(folder, "main.js"), ["--version"]).printed, versionLine);
	}
	rmSync(join(folder, "cache"), { recursive: true });
	t.deepEqual(new Set(listRejections(folder)), new Set(["undefined"]));
	t.is(run(join(folder, "main.js"), ["--version"]).printed, versionLine);
});

test("--rebuild-cache makes it anew", (t) => {
	const folder = copyExecutable();
	rmSync(join(folder, "cache"), { recursive: true });
	t.deepEqual(run(join(folder, "main.js"), ["--rebuild-cache"]), { status: 0, printed: "", complained: "" });
	t.deepEqual(new Set(listRejections(folder)), new Set(["false"]));
	t.deepEqual(readdirSync(join(folder, cache)).sort(), readdirSync(join("dist", cache)).sort());
});

test("--rebuild-cache makes it also where settings and rules are absent or damaged", (t) => {
	const folder = copyExecutable();
	for (const name of ["config", "rules"]) rmSync(join(folder, "..", name));
	t.deepEqual(run(join(folder, "main.js"), ["--rebuild-cache"]), { status: 0, printed: "", complained: "" });
	mkdirSync(join(folder, "../config"));
	writeFileSync(join(folder, "../config/hotplugd.toml"), "parallel = \n");
	t.deepEqual(run(join(folder, "main.js"), ["--rebuild-cache"]), { status: 0, printed: "", complained: "" });
	t.deepEqual(new Set(listRejections(folder)), new Set(["false"]));
});

test("the bundle loads the native packages by their binaries, without the loaders around them", (t) => {
	const script = `
		const { bundle } = require(${JSON.stringify(resolve("dist/main.js"))});
		bundle.thisMachine.devices("/sys").then(async ({ listen }) => {
			await listen(0);
			console.log(JSON.stringify(Object.keys(require.cache)));
		});`;
	const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
	t.is(stderr, "");
	const loaded: string[] = JSON.parse(stdout);
	const ofPackages = loaded.filter((path) => path.includes("/node_modules/"));
	t.deepEqual(ofPackages.map((path) => path.split("/").at(-1)).sort(), ["koffi.node", "node.napi.node"]);
});
