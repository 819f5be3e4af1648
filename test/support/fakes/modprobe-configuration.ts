// What the real modprobe reads from a configuration: the part of `--show-config` before the indexes, and the complaints. To
// test the fixed directories, modprobe runs in a user and mount namespace of its own, which needs no privilege: the test's
// directories are mounted over /etc/modprobe.d and the others, and the test's texts over /proc/cmdline.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import type { Problem } from "../../../src/libkmod/kernel/kernel.js";

export type Dump = { readonly config: string; readonly complaints: readonly string[] };
export type Tree = Readonly<Record<string, string | Buffer>>;

/** Makes a directory with these files; a file's name may contain directories. The directory is removed when the test ends. */
export function makeWorld(t: ExecutionContext, tree: Tree): string {
	const world = mkdtempSync(join(tmpdir(), "modprobe-"));
	t.teardown(() => rmSync(world, { recursive: true, force: true }));
	for (const [name, content] of Object.entries(tree)) {
		mkdirSync(dirname(join(world, name)), { recursive: true });
		writeFileSync(join(world, name), content, "latin1");
	}
	return world;
}

/** Runs `modprobe --show-config` in the world, once for each list of arguments. */
export function showConfigs(world: string, runs: readonly (readonly string[])[]): Dump[] {
	run(["bash", "-c", runs.map((options, n) => showConfig(n, options)).join("\n")], world);
	return runs.map((_, n) => readDump(world, n));
}

/** Runs `modprobe --show-config` once for each of these texts as /proc/cmdline. */
export function showConfigsOfCommandLines(world: string, texts: readonly string[]): Dump[] {
	writeFileSync(join(world, "cmdline"), "");
	texts.forEach((text, n) => {
		writeFileSync(join(world, `cmdline.${n}`), text, "latin1");
	});
	const runs = texts.map((_, n) => `cat cmdline.${n} >cmdline; ${showConfig(n, ["-C", "/dev/null"])}`);
	inNamespace(world, ["mount --bind cmdline /proc/cmdline", ...runs]);
	return texts.map((_, n) => readDump(world, n));
}

/**
 * Runs `modprobe --show-config` once for each of these directories. A directory's `etc`, `run`, `local` and `lib` are mounted
 * over, or linked from, the system's modprobe.d directories.
 * @param within the path below `run` and `local` that the links lead to; it may be a file
 */
export function showConfigsOfDirectories(world: string, names: readonly string[], within = ""): Dump[] {
	const runs = names.flatMap((name, n) => [
		`mount --bind ${name}/etc /etc/modprobe.d; ln -sfn "$PWD/${name}/run${within}" /run/modprobe.d`,
		`ln -sfn "$PWD/${name}/local${within}" /usr/local/lib/modprobe.d; mount --bind ${name}/lib /lib/modprobe.d`,
		showConfig(n, []),
		"umount /etc/modprobe.d /lib/modprobe.d",
	]);
	const places = ["/run", "/usr/local/lib"].map((place) => `mount -t tmpfs none ${place}`);
	inNamespace(world, [...places, ...runs]);
	return names.map((_, n) => readDump(world, n));
}

/** Whether modprobe knows `weakdep`, which kmod has since version 33. */
export const knowsWeakdep = /^kmod version (3[3-9]|[4-9]\d)/.test(run(["modprobe", "--version"], "/"));

/** Formats a problem in the words and the form of kmod's message. */
export function inKmodsWords({ file, line, message, kind }: Problem): string {
	if (kind === "deprecated") return `${file}: ${message}`;
	if (kind === "nested") return `${message}: ${file}`;
	return line === 0 ? message : `${file} line ${line}: ${message}`;
}

/** Some versions of kmod print no blank before `post:`. */
export function withoutBlankBeforePost(config: string): string {
	return config.replace(/^(softdep .*?) ?(?=post: )/gm, "$1");
}

function showConfig(n: number, options: readonly string[]): string {
	return `modprobe --show-config ${options.map((option) => `'${option}'`).join(" ")} >out.${n} 2>err.${n}`;
}

function readDump(world: string, n: number): Dump {
	const [config, indexes] = readFileSync(join(world, `out.${n}`), "latin1").split("\n# End of configuration files.");
	const errors = readFileSync(join(world, `err.${n}`), "latin1");
	if (indexes === undefined) throw new Error(`modprobe --show-config failed: ${errors}`);
	const complaints = errors.split("\n").filter((line) => line !== "");
	return { config: config!, complaints: complaints.map((line) => line.replace(/^libkmod: ERROR:? (\S+ \w+: )?/, "")) };
}

function inNamespace(world: string, commands: readonly string[]): void {
	run(["unshare", "--user", "--map-root-user", "--mount", "bash", "-e", "-c", commands.join("\n")], world);
}

function run([program, ...options]: readonly string[], directory: string): string {
	const { status, stdout, stderr, error } = spawnSync(program!, options, {
		cwd: directory,
		encoding: "latin1",
		env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" },
	});
	if (error) throw error;
	if (status !== 0) throw new Error(`${program} exited ${status}: ${stderr}`);
	return stdout;
}
