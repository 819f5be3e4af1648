// systemd/install.sh and uninstall.sh on a root file system that is not running.
import { execFileSync, spawnSync } from "node:child_process";
import {
	chmodSync,
	copyFileSync,
	cpSync,
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";

const UNITS = "etc/systemd/system";
const RULES = "etc/udev/rules.d/80-drivers.rules";
const LAST_RULES = "etc/udev/rules.d/zz-hotplugd.rules";
const HELPER = "usr/local/lib/hotplugd/hotplugd-load";

const installed = [
	`${UNITS}/hotplugd-command.socket`,
	`${UNITS}/hotplugd-command@.service`,
	`${UNITS}/hotplugd-failed.service`,
	`${UNITS}/hotplugd.service`,
	`${UNITS}/sysinit.target.wants/hotplugd.service`,
	`${UNITS}/systemd-udev-settle.service.d/hotplugd.conf`,
	RULES,
	LAST_RULES,
	HELPER,
];

function write(path: string, content: string, mode = 0o644): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content);
	chmodSync(path, mode);
}

/** The shared libraries that the thin helper needs. */
const libraries = [...execFileSync("ldd", ["dist/hotplugd-load"], { encoding: "utf8" }).matchAll(/\/\S+/g)].map(
	([path]) => path,
);

/** Makes a root with the files that a system has before the installation. */
function makeRoot(t: ExecutionContext, main = "/opt/hotplugd/dist/main.js"): string {
	const root = mkdtempSync(join(tmpdir(), "root-"));
	t.teardown(() => rmSync(root, { recursive: true }));
	write(join(root, main), "");
	write(join(root, "usr/bin/node"), "#!/bin/sh\n", 0o755);
	write(join(root, UNITS, "sshd.service"), "[Service]\n");
	write(join(root, "etc/udev/rules.d/70-own.rules"), "");
	for (const library of libraries) {
		write(join(root, library), "", 0o755);
		copyFileSync(library, join(root, library));
	}
	return root;
}

/** Every entry below a root, with its mode and content. */
function readTree(root: string): Map<string, string> {
	const entries = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
	return new Map(
		entries.map((path) => {
			const found = lstatSync(join(root, path));
			if (found.isSymbolicLink()) return [path, `-> ${readlinkSync(join(root, path))}`];
			const content = found.isDirectory() ? "" : readFileSync(join(root, path), "latin1");
			return [path, `${found.mode.toString(8)} ${content}`];
		}),
	);
}

/** Runs a script as root of a user namespace, which may call chroot. */
function run(script: "install" | "uninstall", root: string, words: readonly string[] = [], shell = ["sh"]) {
	return runOf(".", [...shell, `systemd/${script}.sh`, "--root", root, ...words]);
}

function runOf(package_: string, command: readonly string[], path = process.env.PATH) {
	const options = { encoding: "utf8", env: { PATH: path }, cwd: package_ } as const;
	const { status, stderr } = spawnSync("unshare", ["-Ur", ...command], options);
	return { status, stderr };
}

const PACKAGE = ["--package", "/opt/hotplugd"];
const well = { status: 0, stderr: "" };

for (const shell of [["dash"], ["busybox", "sh"]])
	test(`what is installed is removed again, and nothing else (${shell.join(" ")})`, (t) => {
		const root = makeRoot(t);
		const before = readTree(root);
		t.deepEqual(run("install", root, PACKAGE, shell), well);
		const after = readTree(root);
		t.deepEqual(
			[...after.keys()].filter((path) => !before.has(path) && !lstatSync(join(root, path)).isDirectory()),
			installed.toSorted(),
		);
		for (const [path, content] of before) t.is(after.get(path), content, path);
		t.deepEqual(run("install", root, PACKAGE, shell), well);
		t.deepEqual(readTree(root), after);
		t.deepEqual(run("uninstall", root, [], shell), well);
		t.deepEqual(
			[...readTree(root)].filter(([path]) => !/^usr\/local(\/lib)?$/.test(path)),
			[...before],
		);
		t.deepEqual(run("uninstall", root, [], shell), well);
	});

test("the units call this node with this package, and are there only while both are", (t) => {
	const root = makeRoot(t);
	run("install", root, PACKAGE);
	const unit = (name: string) => readFileSync(join(root, UNITS, name), "utf8");
	const call = "/usr/bin/node /opt/hotplugd/dist/main.js";
	const calls = (text: string) =>
		[...text.matchAll(/^Exec\w+=-?\/bin\/sh -c '[^']+' (.*)$/gm)].map(([, words]) => words);
	const service = unit("hotplugd.service");
	t.deepEqual(calls(service), [`${call} run --command-socket /run/hotplugd-command/socket`, `${call} reload`]);
	t.true(
		service.includes("\nConditionFileIsExecutable=/usr/bin/node\nConditionPathExists=/opt/hotplugd/dist/main.js\n"),
	);
	t.true(service.includes("\nProtectHome=yes\n"));
	t.deepEqual(calls(unit("hotplugd-command@.service")), [`${call} run-install-command`]);
	t.deepEqual(calls(unit("systemd-udev-settle.service.d/hotplugd.conf")), [`${call} settle --timeout 170`]);
	for (const name of readdirSync(join(root, UNITS)).filter((name) => name.startsWith("hotplugd")))
		t.false(unit(name).includes("/usr/bin/hotplugd"), name);
	t.is(readlinkSync(join(root, UNITS, "sysinit.target.wants/hotplugd.service")), "../hotplugd.service");
});

/**
 * Runs an Exec line of a unit with a stand-in for node. Returns the arguments that the stand-in got.
 * @param knows whether the stand-in knows the option
 */
function carryOut(t: ExecutionContext, line: string, knows: boolean): string {
	const folder = mkdtempSync(join(tmpdir(), "node-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const node = join(folder, "node");
	const refuse = knows ? "" : '[ "$1" != --disable-sigusr1 ] || { echo bad option >&2; exit 9; }\n';
	write(node, `#!/bin/sh\n${refuse}[ "$2" = --version ] && echo v1 && exit\necho $# "$@"\n`, 0o755);
	const [, script = "", words = ""] = /^Exec\w+=-?\/bin\/sh -c '([^']+)' (.*)$/m.exec(line) ?? [];
	const [, ...rest] = words.split(" ");
	const { status, stdout, stderr } = spawnSync("sh", ["-c", script.replaceAll("$$", "$"), node, ...rest], {
		encoding: "utf8",
	});
	t.deepEqual({ status, stderr }, { status: 0, stderr: "" });
	return stdout;
}

test("whatever node a unit finds starts, and is told to open no debugger at SIGUSR1 if it knows how", (t) => {
	const root = makeRoot(t);
	run("install", root, PACKAGE);
	const units = readdirSync(join(root, UNITS), { recursive: true, encoding: "utf8" }).filter((name) =>
		/hotplugd.*(?:service|conf)$/.test(name),
	);
	const texts = units.map((name) => readFileSync(join(root, UNITS, name), "utf8"));
	const lines = [...new Set(texts.flatMap((text) => text.match(/^Exec.*\/main\.js.*$/gm) ?? []))];
	t.is(lines.length, 4);
	for (const line of lines) {
		const words = line.slice(line.indexOf("/opt/hotplugd"));
		const count = words.split(" ").length;
		t.is(carryOut(t, line, false), `${count} ${words}\n`);
		t.is(carryOut(t, line, true), `${count + 1} --disable-sigusr1 ${words}\n`);
	}
});

test("the rules and the thin helper are the package's", (t) => {
	const root = makeRoot(t);
	run("install", root, PACKAGE);
	for (const path of [RULES, LAST_RULES]) {
		const [, ...lines] = readFileSync(join(root, path), "utf8").split("\n");
		t.is(lines.join("\n"), readFileSync(join("rules", basename(path)), "utf8"));
	}
	t.deepEqual(readFileSync(join(root, HELPER)), readFileSync("dist/hotplugd-load"));
	t.is(lstatSync(join(root, HELPER)).mode & 0o777, 0o755);
});

const notInstalled = (root: string) =>
	`install.sh: /${HELPER} is not installed, since it was not seen to run in ${root}: it serves only the kernel's own requests, which modprobe goes on serving\n`;

test("in a root in which the thin helper does not run it is not installed, and all else is", (t) => {
	const root = makeRoot(t);
	for (const library of libraries) rmSync(join(root, library));
	t.deepEqual(run("install", root, PACKAGE), { status: 0, stderr: notInstalled(root) });
	t.deepEqual(
		installed.filter((path) => !existsSync(join(root, path))),
		[HELPER],
	);
	t.false(existsSync(dirname(join(root, HELPER))));
	t.deepEqual(run("uninstall", root), well);
});

test("a thin helper of an earlier installation that does not run any more goes", (t) => {
	const root = makeRoot(t);
	for (const library of libraries) rmSync(join(root, library));
	write(join(root, HELPER), sayingItsName, 0o755);
	t.deepEqual(run("install", root, PACKAGE), { status: 0, stderr: notInstalled(root) });
	t.false(existsSync(join(root, HELPER)));
});

/** A copy of a built helper with another machine in its ELF header, which runs on arm64 only. */
function asArm64(program: Buffer): Buffer {
	const foreign = Buffer.from(program);
	foreign.writeUInt16LE(183, 18);
	return foreign;
}

test("a draft of the helper that was left alone is taken back with its directory", (t) => {
	const root = makeRoot(t);
	t.deepEqual(run("install", root, PACKAGE).status, 0);
	rmSync(join(root, HELPER), { force: true });
	write(join(root, `${HELPER}.new`), "half");
	t.deepEqual(run("uninstall", root), well);
	t.false(existsSync(join(root, dirname(HELPER))));
});

type Programs = { readonly helper: string | Buffer | undefined; readonly cc: string };

const helperOf = test.macro({
	exec(t, { helper, cc }: Programs, compiled: boolean) {
		const root = makeRoot(t);
		const folder = mkdtempSync(join(tmpdir(), "package-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		for (const part of ["systemd", "rules", "src/linux/thin-helper"])
			cpSync(part, join(folder, part), { recursive: true });
		if (helper !== undefined) {
			write(join(folder, "dist/hotplugd-load"), "", 0o755);
			writeFileSync(join(folder, "dist/hotplugd-load"), helper);
		}
		write(join(folder, "bin/cc"), cc, 0o755);
		const command = ["sh", "systemd/install.sh", "--root", root, ...PACKAGE];
		const expected = { status: 0, stderr: compiled ? "" : notInstalled(root) };
		t.deepEqual(runOf(folder, command, `${folder}/bin:${process.env.PATH}`), expected);
		t.is(existsSync(join(root, HELPER)), compiled);
		t.false(existsSync(join(root, `${HELPER}.new`)));
		if (compiled) t.is(execFileSync(join(root, HELPER), ["--check"], { encoding: "utf8" }), "hotplugd-load\n");
	},
	title: (title, _, compiled) => `${title}: it is ${compiled ? "compiled" : "not installed"}`,
});

const REAL_CC = '#!/bin/sh\nexec /usr/bin/cc "$@"\n';
const NO_CC = "#!/bin/sh\nexit 1\n";
const built = readFileSync("dist/hotplugd-load");
/** If a shell ran this text as a script, the script would print the expected name. */
const sayingItsName = "echo hotplugd-load\n";

test("the package has no thin helper", helperOf, { helper: undefined, cc: REAL_CC }, true);
test("the package's thin helper is another machine's", helperOf, { helper: asArm64(built), cc: REAL_CC }, true);
test("so it is, and there is no compiler", helperOf, { helper: asArm64(built), cc: NO_CC }, false);
test("the thin helper is a script that fails", helperOf, { helper: "#!/bin/sh\nexit 1\n", cc: NO_CC }, false);
test("the thin helper is no program", helperOf, { helper: sayingItsName, cc: NO_CC }, false);
test("the thin helper is another program", helperOf, { helper: readFileSync("/bin/true"), cc: NO_CC }, false);
test(
	"what the compiler makes does not run",
	helperOf,
	{ helper: undefined, cc: '#!/bin/sh\nfor last; do :; done\ncp /bin/false "$3"\n' },
	false,
);

test("where a home directory has the package, the unit may read it", (t) => {
	const root = makeRoot(t, "/root/hotplugd/dist/main.js");
	t.deepEqual(run("install", root, ["--package", "/root/hotplugd"]), well);
	t.regex(readFileSync(join(root, UNITS, "hotplugd.service"), "utf8"), /\nProtectHome=read-only\n/);
});

test("node may be anywhere", (t) => {
	const root = makeRoot(t);
	rmSync(join(root, "usr/bin/node"));
	t.deepEqual(run("install", root, PACKAGE), {
		status: 1,
		stderr: `install.sh: ${root}/usr/bin/node is no program: name node by --node\n`,
	});
	write(join(root, "opt/node/bin/node"), "", 0o755);
	t.deepEqual(run("install", root, [...PACKAGE, "--node", "/opt/node/bin/node"]), well);
	t.regex(readFileSync(join(root, UNITS, "hotplugd.service"), "utf8"), /\nExecStart=.* \/opt\/node\/bin\/node \/opt/);
});

const foreign = test.macro({
	exec(t, path: string, make: (path: string) => void) {
		const root = makeRoot(t);
		mkdirSync(dirname(join(root, path)), { recursive: true });
		make(join(root, path));
		const before = readTree(root);
		t.deepEqual(run("install", root, PACKAGE), {
			status: 1,
			stderr: `install.sh: ${root}/${path} is not this package's: move it away first\n`,
		});
		t.deepEqual(readTree(root), before);
		t.deepEqual(run("uninstall", root), well);
		t.deepEqual(readTree(root), before);
	},
	title: (title) => `${title} stays as it is, and nothing is installed`,
});

test("somebody else's last rule", foreign, LAST_RULES, (path) => writeFileSync(path, "# mine\n"));
test("somebody else's rule", foreign, RULES, (path) => writeFileSync(path, "# mine\n"));
test("a rule that is masked", foreign, RULES, (path) => symlinkSync("/dev/null", path));
test("a unit that is a link to one of ours", foreign, `${UNITS}/hotplugd.service`, (path) => {
	writeFileSync(
		`${path}.ours`,
		"# Installed by hotplugd's systemd/install.sh; what is changed here is lost when it runs again.\n",
	);
	symlinkSync("hotplugd.service.ours", path);
});
test("a folder in the thin helper's place", foreign, HELPER, (path) => mkdirSync(path));
test("somebody else's link", foreign, `${UNITS}/sysinit.target.wants/hotplugd.service`, (path) =>
	symlinkSync("../own.service", path),
);
test("somebody else's unit", foreign, `${UNITS}/hotplugd.service`, (path) => writeFileSync(path, ""));

const refuses = test.macro({
	exec(t, words: readonly string[], message: RegExp) {
		const root = makeRoot(t);
		const before = readTree(root);
		const { status, stderr } = run("install", root, words);
		t.is(status, 1);
		t.regex(stderr, message);
		t.is(stderr.split("\n").length, 2);
		t.deepEqual(readTree(root), before);
	},
	title: (title) => `${title} is refused, in one line`,
});

test("an unknown option", refuses, ["--prefix", "/usr"], /--prefix is no option/);
test("an option without its value", refuses, ["--node"], /--node is no option, or lacks its value/);
test("a package that is not in the root", refuses, [], /is not below .*--package/);
test("a package that is not there", refuses, ["--package", "/opt/other"], /there is no .*\/opt\/other\/dist\/main.js/);
test("a path that a unit would take for something else is refused", (t) => {
	for (const package_ of ["/opt/100%n", "/opt/two words", "/opt/$HOME"]) {
		const root = makeRoot(t, `${package_}/dist/main.js`);
		const before = readTree(root);
		const { status, stderr } = run("install", root, ["--package", package_]);
		t.is(status, 1);
		t.is(
			stderr,
			`install.sh: /usr/bin/node or ${package_}/dist/main.js has characters in it that a unit would take for something else\n`,
		);
		t.deepEqual(readTree(root), before);
	}
});

test("a root that is not there, or is no directory, is refused and named", (t) => {
	const file = join(makeRoot(t), "usr/bin/node");
	for (const script of ["install", "uninstall"] as const)
		for (const root of ["/nonexistent/root", file])
			t.deepEqual(run(script, root), { status: 1, stderr: `${script}.sh: there is no directory ${root}\n` });
	t.false(existsSync("/nonexistent"));
});

/**
 * Runs a command with the running system's own directories replaced, since it must not change them.
 * @returns the files that it wrote there, too
 */
function runBesideSystem(
	t: ExecutionContext,
	command: readonly string[],
	environment: Readonly<Record<string, string>> = {},
) {
	const written = join(makeRoot(t), "written");
	const mounts = ["/etc", "/run", "/usr/local"].map((path) => `mount -t tmpfs none ${path}`).join(" && ");
	const script = `${mounts} && mkdir -p /etc/udev/rules.d && { "$@"; status=$?; find /etc /usr/local -type f >${written}; exit $status; }`;
	const { status, stderr } = spawnSync("unshare", ["-Urm", "sh", "-c", script, "sh", ...command], {
		encoding: "utf8",
		env: { PATH: process.env.PATH, ...environment },
	});
	return { status, stderr, written: readFileSync(written, "utf8") };
}

const EMPTY = "the root is empty: name a directory, or leave --root and DESTDIR out for the system that runs";

for (const script of ["install", "uninstall"])
	test(`an empty root is refused, by option or by environment (${script}.sh)`, (t) => {
		const command = ["sh", `systemd/${script}.sh`];
		const refused = { status: 1, stderr: `${script}.sh: ${EMPTY}\n`, written: "" };
		t.deepEqual(runBesideSystem(t, [...command, "--root", ""]), refused);
		t.deepEqual(runBesideSystem(t, command, { DESTDIR: "" }), refused);
	});

test("a root that is the running system's by another name is refused", (t) => {
	const folder = makeRoot(t);
	symlinkSync("/", join(folder, "link"));
	for (const root of [join(folder, "link"), "/usr/..", "/."]) {
		const { status, stderr, written } = runBesideSystem(t, ["sh", "systemd/install.sh", "--root", root]);
		t.deepEqual({ status, written }, { status: 1, written: "" });
		t.is(stderr, `install.sh: ${root} is the root of the system that runs: leave --root out, or name another\n`);
	}
});

test("a root may be relative, and look like an option", (t) => {
	const root = makeRoot(t);
	const folder = makeRoot(t);
	cpSync(root, join(folder, "-root"), { recursive: true });
	const command = ["sh", join(process.cwd(), "systemd/install.sh"), "--root", "-root", ...PACKAGE];
	t.deepEqual(runOf(folder, command), well);
	t.true(existsSync(join(folder, "-root", RULES)));
	t.false(existsSync(join(folder, RULES)));
});

/** A root with links that lead out of it for processes outside the root, and the directory that they lead to. */
function makeRootWithLinks(t: ExecutionContext) {
	const root = makeRoot(t);
	const outside = makeRoot(t);
	for (const directory of ["units", "rules", "lib/hotplugd"]) mkdirSync(join(outside, directory), { recursive: true });
	rmSync(join(root, "etc"), { recursive: true });
	mkdirSync(join(root, "etc/systemd"), { recursive: true });
	mkdirSync(join(root, "etc/udev"));
	mkdirSync(join(root, "usr/local"), { recursive: true });
	symlinkSync(join(outside, "units"), join(root, "etc/systemd/system"));
	symlinkSync(`../../../../../../../../../..${outside}/rules`, join(root, "etc/udev/rules.d"));
	symlinkSync("link", join(root, "usr/local/lib"));
	symlinkSync(join(outside, "lib"), join(root, "usr/local/link"));
	return { root, outside };
}

for (const shell of [["dash"], ["busybox", "sh"]])
	test(`links in the root lead where they lead within it (${shell.join(" ")})`, (t) => {
		const { root, outside } = makeRootWithLinks(t);
		const before = readTree(outside);
		t.deepEqual(run("install", root, PACKAGE, shell), well);
		t.deepEqual(readTree(outside), before);
		const at = (path: string) => join(root, outside, path);
		t.true(existsSync(at("units/hotplugd.service")));
		t.is(readlinkSync(at("units/sysinit.target.wants/hotplugd.service")), "../hotplugd.service");
		t.true(existsSync(at("rules/80-drivers.rules")));
		t.true(existsSync(at("lib/hotplugd/hotplugd-load")));
		// Copies what another installation would have at that place.
		cpSync(at("units"), join(outside, "units"), { recursive: true, verbatimSymlinks: true });
		cpSync(at("rules"), join(outside, "rules"), { recursive: true });
		cpSync(at("lib"), join(outside, "lib"), { recursive: true });
		const other = readTree(outside);
		t.deepEqual(run("uninstall", root, [], shell), well);
		t.deepEqual(readTree(outside), other);
		t.deepEqual(
			[...readTree(at("")).keys()].filter((path) => !lstatSync(at(path)).isDirectory()),
			[],
		);
	});

test("links in the root that lead in a circle are named", (t) => {
	const root = makeRoot(t);
	rmSync(join(root, "etc/udev"), { recursive: true });
	symlinkSync("udev", join(root, "etc/udev"));
	const before = readTree(root);
	t.deepEqual(run("install", root, PACKAGE), {
		status: 1,
		stderr: `install.sh: ${root}/etc/udev/rules.d/80-drivers.rules is reached through too many links\n`,
	});
	t.deepEqual(readTree(root), before);
});

for (const shell of [["dash"], ["busybox", "sh"]])
	test(`where a part of the way to any of its files is a file, nothing is installed (${shell.join(" ")})`, (t) => {
		const ways = new Set(installed.flatMap((path) => listAbove(path)).filter((path) => !/^(?:etc|usr)$/.test(path)));
		t.true(ways.size > 8);
		for (const way of ways) {
			const root = makeRoot(t);
			rmSync(join(root, way), { recursive: true, force: true });
			write(join(root, way), "in the way");
			const before = readTree(root);
			const { status, stderr } = run("install", root, PACKAGE, shell);
			t.is(status, 1);
			t.true(
				stderr.startsWith(`install.sh: ${root}/${way} is no directory, and ${root}/`) &&
					stderr.split("\n").length === 2,
				stderr,
			);
			t.deepEqual(readTree(root), before);
			t.deepEqual(run("uninstall", root, [], shell), well);
			t.deepEqual(readTree(root), before);
		}
	});

/** The directories above a path. */
const listAbove = (path: string): string[] => {
	const parts = path.split("/").slice(0, -1);
	return parts.map((_, end) => parts.slice(0, end + 1).join("/"));
};

/** Runs a script while one of the root's directories is read-only, like another file system that is mounted read-only. */
function runWithReadOnly(script: "install" | "uninstall", root: string, directory: string, shell: readonly string[]) {
	const closed = join(root, directory);
	const words = script === "install" ? PACKAGE : [];
	const mounts = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';
	const command = [...shell, `systemd/${script}.sh`, "--root", root, ...words];
	const { status, stderr } = spawnSync("unshare", ["-Urm", "sh", "-c", mounts, "sh", closed, ...command], {
		encoding: "utf8",
		env: { PATH: process.env.PATH },
	});
	return { status, stderr };
}

for (const shell of [["dash"], ["busybox", "sh"]])
	test(`where one of the directories cannot be written, nothing is installed or removed (${shell.join(" ")})`, (t) => {
		const root = makeRoot(t);
		const before = readTree(root);
		const refused = runWithReadOnly("install", root, "etc/udev", shell);
		t.is(refused.status, 1);
		t.regex(refused.stderr, /^install\.sh: \S+ cannot be written, where \S+ belongs: .*read-only\?\n$/);
		t.deepEqual(readTree(root), before);
		t.deepEqual(run("install", root, PACKAGE, shell), well);
		const after = readTree(root);
		for (const directory of ["etc/udev", "usr/local/lib", UNITS]) {
			const kept = runWithReadOnly("uninstall", root, directory, shell);
			t.is(kept.status, 1);
			t.regex(kept.stderr, /^uninstall\.sh: \S+ cannot be written, where \S+ belongs: .*read-only\?\n$/);
			t.deepEqual(readTree(root), after);
		}
	});

for (const shell of [["dash"], ["busybox", "sh"]])
	test(`where only the thin helper's directory cannot be written, all else is installed (${shell.join(" ")})`, (t) => {
		const root = makeRoot(t);
		mkdirSync(join(root, "usr/local/lib"), { recursive: true });
		const done = { status: 0, stderr: notInstalled(root) };
		t.deepEqual(runWithReadOnly("install", root, "usr/local/lib", shell), done);
		t.deepEqual(
			installed.filter((path) => !existsSync(join(root, path))),
			[HELPER],
		);
	});

/** Installs while /etc is a file system of its own with limited room. @returns the content of /etc afterwards, too */
function installIntoRoom(root: string, size: string, shell: readonly string[]) {
	const script =
		'mount -t tmpfs -o "size=$1" none "$2/etc" && mkdir -p "$2/etc/systemd/system" "$2/etc/udev/rules.d" || exit 9; root=$2; shift 2; "$@"; status=$?; (cd "$root/etc" && find systemd/system udev/rules.d -mindepth 1); exit "$status"';
	const command = [...shell, "systemd/install.sh", "--root", root, ...PACKAGE];
	const { status, stdout, stderr } = spawnSync("unshare", ["-Urm", "sh", "-c", script, "sh", size, root, ...command], {
		encoding: "utf8",
		env: { PATH: process.env.PATH },
	});
	const left = stdout.split("\n").filter((line) => /^(?:systemd|udev)\//.test(line));
	return { status, stderr, left };
}

for (const shell of [["dash"], ["busybox", "sh"]])
	test(`where the file system is full before all is written, nothing is installed, and that is told (${shell.join(" ")})`, (t) => {
		const needed = new Set<number>();
		for (const pages of [1, 2, 3, 4, 5, 6, 7, 8, 12]) {
			const { status, stderr, left } = installIntoRoom(makeRoot(t), `${pages * 4}k`, shell);
			if (status === 0) {
				needed.add(pages);
				const missing = installed.filter((path) => path !== HELPER && !left.includes(path.replace("etc/", "")));
				t.deepEqual(missing, []);
				t.false(left.some((path) => path.includes("/.hotplugd")));
				continue;
			}
			t.is(status, 1);
			t.deepEqual(left, []);
			t.regex(
				stderr,
				/^install\.sh: \S+\/etc\/\S+ cannot be written, so nothing is changed: is its file system full\?\n$/,
			);
		}
		// Some of the sizes are large enough and some are not.
		t.true(needed.size > 0 && needed.size < 9, [...needed].join());
	});

test("links in the root that lead in a circle keep all from being removed", (t) => {
	const root = makeRoot(t);
	t.deepEqual(run("install", root, PACKAGE), well);
	rmSync(join(root, "etc/systemd"), { recursive: true });
	symlinkSync("systemd", join(root, "etc/systemd"));
	const before = readTree(root);
	const { status, stderr } = run("uninstall", root);
	t.is(status, 1);
	t.regex(stderr, /^uninstall\.sh: \S+ is reached through too many links\n$/);
	t.deepEqual(readTree(root), before);
});

test("node and package are looked for in the root, whatever links lead to them", (t) => {
	const root = makeRoot(t);
	rmSync(join(root, "usr/bin/node"));
	symlinkSync("/etc/alternatives/node", join(root, "usr/bin/node"));
	mkdirSync(join(root, "etc/alternatives"));
	symlinkSync("/bin/sh", join(root, "etc/alternatives/node"));
	t.regex(run("install", root, PACKAGE).stderr, /\/usr\/bin\/node is no program: name node by --node\n$/);
	rmSync(join(root, "etc/alternatives/node"));
	symlinkSync("/opt/node-within", join(root, "etc/alternatives/node"));
	write(join(root, "opt/node-within"), "", 0o755);
	t.deepEqual(run("install", root, PACKAGE), well);
	t.regex(run("install", root, ["--package", "opt/hotplugd"]).stderr, /--package opt\/hotplugd is no absolute path/);
	t.regex(
		run("install", root, [...PACKAGE, "--node", "usr/bin/node"]).stderr,
		/--node usr\/bin\/node is no absolute path/,
	);
});

test("what is planted beside the files that it writes is not written through", (t) => {
	const root = makeRoot(t);
	write(join(root, "target"), "kept");
	for (const path of [`${UNITS}/hotplugd.service`, RULES, HELPER]) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		symlinkSync(join(root, "target"), join(root, `${path}.new`));
	}
	t.deepEqual(run("install", root, PACKAGE), well);
	t.is(readFileSync(join(root, "target"), "utf8"), "kept");
	for (const path of installed)
		t.regex(`${lstatSync(join(root, path)).mode.toString(8)} ${path}`, /^(?:100644|100755|120777) /);
	t.deepEqual(
		[...readTree(root).keys()].filter((path) => path.includes("/.")),
		[],
	);
});

for (const part of ["systemd/hotplugd-failed.service", "rules/80-drivers.rules"])
	test(`where the package lacks ${part} that is named, and nothing is installed`, (t) => {
		const root = makeRoot(t);
		const before = readTree(root);
		const folder = mkdtempSync(join(tmpdir(), "package-"));
		t.teardown(() => rmSync(folder, { recursive: true }));
		for (const folders of ["systemd", "rules"]) cpSync(folders, join(folder, folders), { recursive: true });
		rmSync(join(folder, part));
		const { status, stderr } = runOf(folder, ["sh", "systemd/install.sh", "--root", root, ...PACKAGE]);
		t.is(status, 1);
		t.regex(
			stderr,
			new RegExp(`^install\\.sh: there is no \\S+${part.split("/").at(-1)}: the package is not whole\\n$`),
		);
		t.deepEqual(readTree(root), before);
	});
