import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { formatConfig } from "../../../src/libkmod/formats/config-dump.js";
import { type Files, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import {
	type ConfigurationOptions,
	modprobeDirectories,
	readConfiguration,
} from "../../../src/libkmod/knowledge/configuration.js";
import { files } from "../../../src/linux/files/files.js";
import {
	type Dump,
	inKmodsWords,
	makeWorld,
	showConfigs,
	showConfigsOfDirectories,
	type Tree,
	withoutBlankBeforePost,
} from "../../support/fakes/modprobe-configuration.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const kernelCommandLine = readFileSync("/proc/cmdline", "utf8");

/** Configuration files that each blacklist their own name. */
function speaking(names: readonly string[]): Tree {
	return Object.fromEntries(names.map((name) => [name, `blacklist ${name}\n`]));
}

function dump(world: string, options: Omit<ConfigurationOptions, "moduleDirectory">): Dump {
	const found = readConfiguration(files, { moduleDirectory: join(world, "none"), kernelCommandLine, ...options });
	return { config: formatConfig(found.value), complaints: found.problems.map(inKmodsWords).sort() };
}

const world = (t: Parameters<typeof makeWorld>[0]): string => {
	const made = makeWorld(t, {
		...speaking(["one/b.conf", "one/.hidden.conf", "one/note.txt", "one/x.conf.bak", "one/zz.conf", "one/conf"]),
		...speaking(["two/b.conf", "two/B.conf", "two/a.conf", "two/é.conf", "two/\u{1f4a9}.conf", "two/\uffee.conf"]),
		...speaking(["two/sub.conf/inner.conf", "two/sub/inner.conf", "files/0", "files/b.conf", "files/zz.conf"]),
		...speaking(["three/hidden.conf", ".dotted/b.conf", "files/.dotted"]),
	});
	symlinkSync("/dev/null", join(made, "one/hidden.conf"));
	symlinkSync("/dev/null", join(made, "one/masked.conf"));
	symlinkSync("one", join(made, "link"));
	symlinkSync("../two", join(made, "three/link.conf"));
	return made;
};

const paths = test.macro({
	exec(t, ...given: string[]) {
		const made = world(t);
		const configPaths = given.map((name) => (name.startsWith("/") ? name : join(made, name)));
		const [expected] = showConfigs(made, [configPaths.flatMap((path) => ["-C", path])]);
		t.deepEqual(dump(made, { configPaths }), { ...expected!, complaints: expected!.complaints.toSorted() });
	},
	title: (_, ...given) => `modprobe reads the same of -C ${given.join(" -C ")}`,
});

test(paths, "one");
test(paths, "one", "two");
test(paths, "two", "one");
test(paths, "one/", "one");
test(paths, "one", "three");
test(paths, "three");
test(paths, "two", "files/0", "one");
test(paths, "files/zz.conf", "one");
test(paths, "one", "files/zz.conf");
test(paths, "files/0", "files/0");
test(paths, "link", ".dotted", "files/.dotted");
test(paths, "/dev/null");

test("a link that leads nowhere or in a circle is named, and the file of its name in a later directory counts", (t) => {
	const made = makeWorld(
		t,
		speaking(["etc/z.conf", "lib/gone.conf", "lib/loop.conf", "lib/below.conf", "lib/directory.conf"]),
	);
	mkdirSync(join(made, "some"));
	for (const [name, target] of Object.entries({
		gone: "nowhere",
		loop: "loop.conf",
		below: "z.conf/x",
		directory: "../some",
	}))
		symlinkSync(target, join(made, `etc/${name}.conf`));
	const both = [join(made, "etc"), join(made, "lib")];
	for (const where of [{ directories: both }, { configPaths: both }]) {
		const { value, problems } = readConfiguration(files, { moduleDirectory: join(made, "none"), ...where });
		t.deepEqual(
			value.blacklist.map(({ module }) => module),
			["lib/below.conf", "lib/directory.conf", "lib/gone.conf", "lib/loop.conf", "etc/z.conf"],
		);
		t.deepEqual(problems.map(({ file, message }) => `${file.slice(made.length)} ${message.split(",")[0]}`).sort(), [
			"/etc/below.conf is a dangling symbolic link",
			"/etc/directory.conf Directories inside directories are not supported",
			"/etc/gone.conf is a dangling symbolic link",
			"/etc/loop.conf cannot be followed (ELOOP)",
		]);
		t.deepEqual(problems.map(({ kind }) => kind).sort(), ["dangling", "dangling", "dangling", "nested"]);
	}
});

test("modprobe reads the same of the five directories", (t) => {
	const random = seededRandom(t);
	const places = ["etc", "run", "local", "lib"];
	const there = ["/etc", "/run", "/usr/local/lib", "/lib"].map((place) => `${place}/modprobe.d`);
	const names = ["a.conf", "b.conf", "B.conf", "c-d.conf", "c_d.conf", "e.txt", ".f.conf", "é.conf", "z.conf"];
	const worlds = Array.from({ length: 12 }, (_, n) => `world${n}`);
	const made = makeWorld(t, speaking(worlds.flatMap((name) => randomFiles(name))));
	for (const name of worlds)
		for (const place of places) mkdirSync(join(made, name, place, "dir.conf"), { recursive: true });
	showConfigsOfDirectories(made, worlds).forEach((expected, n) => {
		const directories = ["etc", "run", "local", "lib", "lib"].map((place) => join(made, worlds[n]!, place));
		const found = dump(made, { directories });
		t.is(found.config, expected.config);
		t.true(found.config.includes("blacklist world"));
		t.deepEqual(
			places.filter((place) => complained(found.complaints, `${made}/${worlds[n]}/${place}`)),
			places,
		);
		t.deepEqual(
			places.filter((_, at) => complained(expected.complaints, there[at]!)),
			places,
		);
	});

	function complained(complaints: readonly string[], directory: string): boolean {
		return complaints.includes(`Directories inside directories are not supported: ${directory}/dir.conf`);
	}

	function randomFiles(name: string): string[] {
		const some = places.flatMap((place) => names.map((file) => `${name}/${place}/${file}`));
		return [`${name}/etc/b.conf`, ...some.filter(() => random.below(2) === 0)];
	}
});

test("modprobe reads the same of a file in place of a directory: it is one of the configuration, by its own name", (t) => {
	const names = ["both", "one", "before"];
	const made = makeWorld(
		t,
		speaking([
			...names.flatMap((name) => [`${name}/etc/b.conf`, `${name}/lib/z.conf`, `${name}/run/modprobe.d`]),
			...["both/local/modprobe.d", "one/local/modprobe.d/c.conf", "before/local/modprobe.d/c.conf"],
			"before/lib/modprobe.d.conf",
		]),
	);
	showConfigsOfDirectories(made, names, "/modprobe.d").forEach((expected, n) => {
		const directories = ["etc", "run/modprobe.d", "local/modprobe.d", "lib", "lib"].map((place) =>
			join(made, names[n]!, place),
		);
		t.deepEqual(dump(made, { directories }), expected);
		t.true(expected.config.includes(`blacklist ${names[n]}/run/modprobe.d`));
	});
});

test("what is no regular file in place of a directory is told", (t) => {
	const made = makeWorld(t, speaking(["lib/z.conf"]));
	execFileSync("mkfifo", [join(made, "etc")]);
	const where = { directories: [join(made, "etc"), join(made, "lib")] };
	const { value, problems } = readConfiguration(files, { moduleDirectory: join(made, "none"), ...where });
	t.is(value.blacklist.length, 1);
	t.deepEqual(problems, [
		{
			file: join(made, "etc"),
			line: 0,
			message: "cannot be read (it is a FIFO, and no regular file), so nothing in it counts",
		},
	]);
});

test("the directories are those of modprobe.d(5), the administrator's first", (t) => {
	t.is(modprobeDirectories[0], "/etc/modprobe.d");
	t.is(modprobeDirectories.length, 5);
	t.is(new Set(modprobeDirectories).size, 5);
});

test("softdeps of the module directory count where their file's name stands among the others", (t) => {
	const softdep = (name: string) => [`dir/${name}`, `softdep ${name} pre: x\n`] as const;
	const made = makeWorld(t, {
		...Object.fromEntries(["aa.conf", "modules.conf", "modules.softdep.conf", "modulesz.conf", "zz.conf"].map(softdep)),
		"other/modules.softdep": "softdep hidden pre: x\n",
		"root/lib/modules/6.1/modules.softdep": "softdep kernel pre: x\n",
	});
	const moduleDirectory = join(made, "root/lib/modules/6.1");
	const configPaths = [join(made, "dir"), join(made, "other/modules.softdep")];
	const [expected] = showConfigs(made, [
		["-d", join(made, "root"), "-S", "6.1", ...configPaths.flatMap((path) => ["-C", path])],
	]);
	const found = readConfiguration(files, { moduleDirectory, configPaths, kernelCommandLine });
	t.is(withoutBlankBeforePost(formatConfig(found.value)), withoutBlankBeforePost(expected!.config));
	t.is(found.value.softdeps.length, 6);
});

test("it tells which files it read, in order, and where each line stands", (t) => {
	const made = makeWorld(t, {
		"dir/b.conf": "blacklist b\n",
		"dir/a.conf": "\noptions a x=1\n",
		"modules/modules.weakdep": "# Weak dependencies extracted from modules themselves.\nweakdep c d e\n",
	});
	const found = readConfiguration(files, {
		moduleDirectory: join(made, "modules"),
		configPaths: [join(made, "dir")],
		kernelCommandLine: "a.y=2 modprobe.blacklist=snd-x module_blacklist=z f[.g",
	});
	t.deepEqual(found.read, [`${made}/dir/a.conf`, `${made}/dir/b.conf`, `${made}/modules/modules.weakdep`]);
	t.deepEqual(found.value, {
		aliases: [],
		blacklist: [
			{ module: "b", source: { file: `${made}/dir/b.conf`, line: 1 } },
			{ module: "snd_x", source: { file: "/proc/cmdline", line: 0 } },
		],
		options: [
			{ module: "a", options: "x=1", source: { file: `${made}/dir/a.conf`, line: 2 } },
			{ module: "a", options: "y=2", source: { file: "/proc/cmdline", line: 0 } },
		],
		install: [],
		remove: [],
		softdeps: [],
		weakdeps: [{ pattern: "c", modules: ["d", "e"], source: { file: `${made}/modules/modules.weakdep`, line: 2 } }],
	});
	t.deepEqual(found.problems, [
		{
			file: "/proc/cmdline",
			line: 0,
			message: "Ignoring bad option on kernel command line while parsing module name: 'f['",
			kind: "parameter",
		},
	]);
});

test("what cannot be read is a problem, and the rest counts", (t) => {
	const refused = (operation: string, path: string, code: string, errno: number): never => {
		throw new Refusal({ operation, subject: path, code, errno });
	};
	const guarded: Files = {
		read: (path) => (path === "/c/a.conf" ? refused("read", path, "EACCES", 13) : Buffer.from(`blacklist ${path}\nx`)),
		list(path) {
			if (path === "/secret") return refused("list", path, "EACCES", 13);
			if (path === "/c") return ["b.conf", "a.conf", "loop.conf"];
			return path === "/c/loop.conf" ? refused("list", path, "ELOOP", 40) : undefined;
		},
		stamp: (path) => (path === "/none" ? undefined : "1"),
	};
	const found = readConfiguration(guarded, { moduleDirectory: "/m", configPaths: ["/secret", "/c", "/none"] });
	t.deepEqual(found.read, ["/c/b.conf", "/c/loop.conf", "/m/modules.softdep", "/m/modules.weakdep"]);
	t.deepEqual(found.value.blacklist[0], { module: "/c/b.conf", source: { file: "/c/b.conf", line: 1 } });
	const bad = (file: string) => ({ file, line: 2, message: "ignoring bad line starting with 'x'" });
	t.deepEqual(found.problems, [
		{ file: "/secret", line: 0, message: "cannot be listed (EACCES), so nothing in it counts" },
		{ file: "/none", line: 0, message: "there is no such file or directory" },
		{ file: "/c/a.conf", line: 0, message: "cannot be read (EACCES), so nothing in it counts" },
		...found.read.map(bad),
	]);
});

test("no directory at all is no problem", (t) => {
	const nothing: Files = { read: () => undefined, list: () => undefined, stamp: () => undefined };
	const found = readConfiguration(nothing, { moduleDirectory: "/lib/modules/6.1" });
	t.deepEqual(
		{ read: found.read, problems: found.problems, text: formatConfig(found.value) },
		{ read: [], problems: [], text: "" },
	);
});

test("a fault of ours in reading is no problem of the configuration", (t) => {
	const faulty: Files = {
		read: () => undefined,
		list: () => {
			throw new TypeError("a fault");
		},
		stamp: () => undefined,
	};
	t.throws(() => readConfiguration(faulty, { moduleDirectory: "/m" }), { instanceOf: TypeError });
});
