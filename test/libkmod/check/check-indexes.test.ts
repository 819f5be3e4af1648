import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { checkIndex, checkIndexes } from "../../../src/libkmod/check/check-indexes.js";
import { ALWAYS_MADE, timeOfRun } from "../../../src/libkmod/depmod/publication.js";
import { type Files, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { modules, readMachine } from "../../support/fakes/captured-machine.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { encodeTrie } from "../../support/worlds/trie.js";
import { filesIn, moduleDirectory, type World, worldFiles } from "../../support/worlds/world.js";

const world: World = {
	modules: { top: ["base"], base: [], "by-dash": [] },
	aliases: { "x:top": "top", "x:dash": "by-dash" },
	builtin: ["built"],
};

const path = (name: string) => `${moduleDirectory}/${name}`;

/** A module directory as depmod leaves it, with the files of its modules. */
function complete(): Map<string, Buffer> {
	const files = worldFiles(world);
	for (const name of ["top", "base", "by-dash"]) files.set(path(`kernel/${name}.ko`), Buffer.alloc(0));
	return files;
}

/** The problems that checkIndexes reports, each with its index, after `change` was done to the files. */
function told(change: (files: Map<string, Buffer>) => void): readonly string[] {
	const files = complete();
	change(files);
	const { problems } = checkIndexes(filesIn(files), moduleDirectory);
	return problems.map(({ file, message }) => `${file.slice(moduleDirectory.length + 1)}: ${message}`);
}

test("what depmod has left as it should be has no problems, and every index is read", (t) => {
	const { problems, read } = checkIndexes(filesIn(complete()), moduleDirectory);
	t.deepEqual(problems, []);
	t.deepEqual(read.map((file) => file.slice(moduleDirectory.length + 1)).sort(), [
		"modules.alias.bin",
		"modules.builtin.alias.bin",
		"modules.builtin.bin",
		"modules.dep.bin",
		"modules.symbols.bin",
	]);
});

test("the captured machine has all but the module files, and that is told once", (t) => {
	const directory = `${readMachine()}/${modules}`;
	const files = new Map(
		readdirSync(directory).map((name) => [`${directory}/${name}`, readFileSync(`${directory}/${name}`)]),
	);
	const { problems } = checkIndexes(filesIn(files), directory);
	t.is(problems.length, 1);
	t.regex(problems[0]!.message, /^it has modules whose files are not there: kernel\/\S+ and \d+ more; run depmod$/);
});

test("an index that is missing is a problem, but for the one that older depmods do not write", (t) => {
	for (const name of ["modules.dep.bin", "modules.alias.bin", "modules.symbols.bin", "modules.builtin.bin"])
		t.deepEqual(
			told((files) => files.delete(path(name))),
			[`${name}: there is no such file: run depmod`],
		);
	t.deepEqual(
		told((files) => files.delete(path("modules.builtin.alias.bin"))),
		[],
	);
	t.deepEqual(
		told((files) => files.set(path("modules.builtin.alias.bin"), Buffer.alloc(0))),
		[],
	);
});

test("an index that is damaged behind what a look-up would meet is a problem", (t) => {
	const cut = (name: string) => told((files) => files.set(path(name), files.get(path(name))!.subarray(0, -1)));
	t.regex(
		cut("modules.alias.bin").join(),
		/^modules\.alias\.bin: is not a usable index: .*; run depmod to make it anew$/,
	);
	t.regex(cut("modules.dep.bin").join(), /^modules\.dep\.bin: is not a usable index/);
	t.regex(
		told((files) => files.set(path("modules.symbols.bin"), Buffer.from("rubbish"))).join(),
		/^modules\.symbols\.bin: is not/,
	);
});

test("an index that may not be read is a problem", (t) => {
	const files = filesIn(complete());
	const refusing = {
		...files,
		read(file: string) {
			if (file.endsWith("alias.bin")) throw new Refusal({ operation: "read", subject: file, code: "EACCES" });
			return files.read(file);
		},
	};
	const { problems } = checkIndexes(refusing, moduleDirectory);
	t.deepEqual(
		problems.map(({ message }) => message),
		["cannot be read (EACCES)", "cannot be read (EACCES)"],
	);
});

test("indexes that are not of one run of depmod are told apart by the modules that they name", (t) => {
	t.deepEqual(
		told((files) =>
			files.set(
				path("modules.alias.bin"),
				encodeTrie(
					[
						["x:y", 0, "gone"],
						["x:z", 0, "left"],
					],
					true,
				),
			),
		),
		["modules.alias.bin: it has modules that modules.dep.bin lacks: gone and 1 more; run depmod"],
	);
	t.deepEqual(
		told((files) => files.set(path("modules.symbols.bin"), encodeTrie([["symbol:s", 0, "gone"]], true))),
		["modules.symbols.bin: it has modules that modules.dep.bin lacks: gone; run depmod"],
	);
	const dependencies = (entries: readonly (readonly [string, string])[]) =>
		told((files) => {
			files.set(
				path("modules.dep.bin"),
				encodeTrie(
					entries.map(([key, line]) => [key, 0, line]),
					true,
				),
			);
			files.set(path("modules.alias.bin"), encodeTrie([], true));
			for (const [name] of [...files]) if (name.endsWith(".ko")) files.delete(name);
			files.set(path("kernel/a.ko"), Buffer.alloc(0));
		});
	t.deepEqual(dependencies([["a", "kernel/a.ko:"]]), []);
	t.deepEqual(dependencies([["a", "kernel/a.ko: kernel/b.ko"]]), [
		"modules.dep.bin: it lacks modules that others depend on: b; run depmod",
	]);
	t.deepEqual(
		dependencies([
			["a", "kernel/a.ko:"],
			["b", "no line"],
			["c", "kernel/a.ko:"],
		]),
		["modules.dep.bin: it has lines that name the file of another module, or none: b and 1 more; run depmod"],
	);
});

test("an index and its text that do not say the same are not of one run of depmod", (t) => {
	const text = (name: string, content: string) =>
		told((files) => files.set(path(name), Buffer.from(content, "latin1")));
	const since = "since one of the two lacks lines that the other has";
	const dep = "kernel/top.ko: kernel/base.ko\nkernel/base.ko:\nkernel/by-dash.ko:\n";
	t.deepEqual(text("modules.dep", dep), []);
	t.deepEqual(text("modules.dep", dep.replace(": kernel/base.ko", ":")), [
		`modules.dep.bin: it is not of the same run of depmod as modules.dep, ${since}: kernel/top.ko: kernel/base.ko and 1 more; run depmod`,
	]);
	t.deepEqual(text("modules.alias", "# x\nalias x:top top\nalias x:dash by_dash\nalias x[ top\n"), []);
	t.deepEqual(text("modules.alias", "alias x:top top\n"), [
		`modules.alias.bin: it is not of the same run of depmod as modules.alias, ${since}: x:dash by_dash; run depmod`,
	]);
	t.deepEqual(text("modules.alias", "alias x:top top\nalias x:dash by_dash\nalias x-new base\n"), [
		`modules.alias.bin: it is not of the same run of depmod as modules.alias, ${since}: x_new base; run depmod`,
	]);
	t.deepEqual(text("modules.symbols", "alias symbol:a base\n"), [
		`modules.symbols.bin: it is not of the same run of depmod as modules.symbols, ${since}: symbol:a base; run depmod`,
	]);
});

test("a text about modules that modules.dep.bin lacks is of another run of depmod", (t) => {
	for (const [name, line] of [
		["modules.softdep", "softdep gone pre: top"],
		["modules.weakdep", "weakdep gone top"],
		["modules.devname", "gone net/tun c10:200"],
	] as const)
		t.deepEqual(
			told((files) => files.set(path(name), Buffer.from(`# x\n${line}\n${line.replace("gone", "base")}\n`))),
			[`${name}: it has modules that modules.dep.bin lacks: gone; run depmod`],
		);
});

test("what a depmod leaves that was interrupted is told, by whatever name", (t) => {
	const message =
		"a depmod that was interrupted left this draft, or a depmod is at work: files may be of two runs; run depmod";
	for (const name of [".modules.alias.bin.0123456789abcdef01234567.new", "modules.dep.4242.old"])
		t.deepEqual(
			told((files) => files.set(path(name), Buffer.alloc(0))),
			[`${name}: ${message}`],
		);
	for (const name of ["modules.dep.bak", ".modules.dep.swp", "modules.order.1"])
		t.deepEqual(
			told((files) => files.set(path(name), Buffer.alloc(0))),
			[],
		);
});

test("a text as large as an index may be is compared", (t) => {
	const content = Buffer.from(`alias x:top top\n#${"x".repeat(2 ** 21)}\n`);
	const files = complete();
	const bounded: Files = {
		...filesIn(files),
		read(file, bound) {
			if (file !== path("modules.alias")) return files.get(file);
			if ((bound?.bytes ?? 2 ** 20) < content.length)
				throw new Refusal({ operation: "read", subject: file, code: "EFBIG" });
			return content;
		},
	};
	const [problem] = checkIndexes(bounded, moduleDirectory).problems;
	t.regex(`${problem?.message}`, /^it is not of the same run of depmod as modules\.alias, /);
});

const run = (seconds: number) => BigInt(timeOfRun(BigInt(seconds * 1e9) + 15_999_999n) * 1e9);

test("what bears another time than files of one run do is of another run", (t) => {
	const withTimes = (times: Readonly<Record<string, bigint>>) => {
		const files = { ...filesIn(complete()), modified: (file: string) => times[file.slice(moduleDirectory.length + 1)] };
		return checkIndexes(files, moduleDirectory).problems.map(
			({ file, message }) => `${file.slice(moduleDirectory.length + 1)}: ${message}`,
		);
	};
	const all = (time: bigint) => Object.fromEntries(ALWAYS_MADE.map((name) => [name, time]));
	const told = ["modules.alias: it is not of the same run of depmod as modules.dep; run depmod"];
	t.deepEqual(withTimes(all(run(100))), []);
	t.deepEqual(withTimes({ ...all(run(100)), "modules.alias": run(101) }), told);
	t.deepEqual(withTimes({ ...all(run(100)), "modules.alias": 100_123_456_789n }), told);
	// A foreign depmod takes a while to write its files, and a program that copies files may round their times.
	t.deepEqual(withTimes({ ...all(100_123_456_789n), "modules.alias": 100_124_456_789n }), []);
	t.deepEqual(withTimes({ ...all(100_000_000_000n), "modules.alias": 101_000_000_000n }), []);
	// An older depmod does not touch the files that only a newer depmod makes.
	t.deepEqual(withTimes({ ...all(100_123_456_789n), "modules.weakdep": run(99) }), []);
	t.deepEqual(withTimes({ "modules.dep.bin": run(100), "modules.alias.bin": run(100) }), []);
});

test("modules that came or went since depmod was run are told", (t) => {
	t.deepEqual(
		told((files) => files.delete(path("kernel/base.ko"))),
		["modules.dep.bin: it has modules whose files are not there: kernel/base.ko; run depmod"],
	);
	t.deepEqual(
		told((files) => {
			files.set(path("updates/dkms.d/new-one.ko.xz"), Buffer.alloc(0));
			files.set(path("updates/base.ko"), Buffer.alloc(0));
			files.set(path("build/drivers/not.ko"), Buffer.alloc(0));
			files.set(path("kernel/notes.kold"), Buffer.alloc(0));
		}),
		["modules.dep.bin: it lacks modules whose files are there: new_one; run depmod"],
	);
});

test("what depmod does not take for a module is none here either: what it passes over, and links to nowhere", (t) => {
	const files = complete();
	files.set(path("kernel/drivers/build/x.ko"), Buffer.alloc(0));
	files.set(path("modules.d/y.ko"), Buffer.alloc(0));
	files.set(path("kernel/z.ko/inside.ko"), Buffer.alloc(0));
	const there = filesIn(files);
	const withLink = {
		...there,
		list: (asked: string) => (asked === path("kernel") ? [...(there.list(asked) ?? []), "gone.ko"] : there.list(asked)),
	};
	t.deepEqual(
		checkIndexes(withLink, moduleDirectory).problems.map(({ message }) => message),
		["it lacks modules whose files are there: inside and 1 more; run depmod"],
	);
});

test("a module file whose name cannot stand in modules.dep is named, and no run of depmod asked for that changes nothing", (t) => {
	/**
	 * Problems in a directory as depmod leaves it, with a module file of that name on which another module depends if `needed`.
	 */
	const withFile = (file: string, key: string, needed: boolean) =>
		told((files) => {
			for (const name of [...files.keys()]) if (name.endsWith(".ko")) files.delete(name);
			for (const name of [file, "kernel/user.ko"]) files.set(path(name), Buffer.alloc(0));
			const lines = [`${file}:`, needed ? `kernel/user.ko: ${file}` : "kernel/user.ko:"] as const;
			files.set(path("modules.dep"), Buffer.from(lines.join("\n").concat("\n")));
			const entries = [
				[key, 0, lines[0]],
				["user", 0, lines[1]],
			] as const;
			files.set(path("modules.dep.bin"), encodeTrie(entries, true));
			files.set(path("modules.alias.bin"), encodeTrie([], true));
		});
	const problem = (file: string) => [
		`: it has files whose names cannot stand in modules.dep: ${file}; rename each module file whose name has a colon, a line break or, if other modules depend on the module, a space in it, and run depmod`,
	];
	for (const needed of [false, true]) {
		t.deepEqual(withFile("kernel/col:on.ko", "col:on", needed), problem("kernel/col:on.ko"));
		t.deepEqual(withFile("kernel/a:/x.ko", "x", needed), problem("kernel/a:/x.ko"));
		t.deepEqual(withFile("kernel/new\nline.ko", "new\nline", needed), problem("kernel/new\nline.ko"));
		t.deepEqual(withFile("kernel/#\n#/x.ko", "x", needed), problem("kernel/#\n#/x.ko"));
	}
	t.deepEqual(withFile("kernel/a space.ko", "a space", false), []);
	t.deepEqual(withFile("kernel/a space.ko", "a space", true), problem("kernel/a space.ko"));
});

test("what depmod.d excludes is not missed, by the configuration of the root that is checked", (t) => {
	const files = new Map([...complete()].map(([file, content]) => [`/other${file}`, content]));
	files.set(`/other${path("kernel/staging/x.ko")}`, Buffer.alloc(0));
	const missing = () => checkIndexes(filesIn(files), `/other${moduleDirectory}`, "/other").problems.length;
	t.is(missing(), 1);
	files.set("/etc/depmod.d/own.conf", Buffer.from("exclude staging\n"));
	t.is(missing(), 1);
	files.set("/other/etc/depmod.d/own.conf", Buffer.from("exclude staging\n"));
	t.is(missing(), 0);
});

test("a file alone is read to its end", (t) => {
	const files = complete();
	t.is(checkIndex(filesIn(files), path("modules.alias.bin")), undefined);
	files.set("/x.bin", files.get(path("modules.alias.bin"))!.subarray(0, -1));
	t.regex(checkIndex(filesIn(files), "/x.bin") ?? "", /^is not a usable index/);
	t.regex(checkIndex(filesIn(files), "/none.bin") ?? "", /^there is no such file/);
});

test("whatever is in the files, it does not throw", (t) => {
	const random = seededRandom(t);
	const names = [...complete().keys()].filter((name) => name.endsWith(".bin"));
	let problems = 0;
	for (let round = 0; round < 3000; round++) {
		const files = complete();
		const name = random.pick(names);
		const bytes = Buffer.from(files.get(name)!);
		if (random.below(4) === 0) files.set(name, bytes.subarray(0, random.below(bytes.length)));
		else for (let n = 0; n <= random.below(4); n++) bytes[random.below(bytes.length)] = random.below(256);
		if (files.get(name)!.length === complete().get(name)!.length) files.set(name, bytes);
		problems += checkIndexes(filesIn(files), moduleDirectory).problems.length;
	}
	t.true(problems > 1000, `${problems}`);
});

test("a line that names more dependencies than a call has room for arguments is read as any other", (t) => {
	const many = 300_000;
	const needed = Array.from({ length: many }, (_, n) => `m${n}.ko`).join(" ");
	const index = encodeTrie([["top", 0, `kernel/top.ko: ${needed}`]], true);
	const { problems } = checkIndexes(filesIn(complete().set(path("modules.dep.bin"), index)), moduleDirectory);
	t.true(
		problems.some(({ message }) =>
			message.startsWith(`it lacks modules that others depend on: m0 and ${many - 1} more`),
		),
	);
});

test("a directory to which links lead again is looked at once", (t) => {
	const files = filesIn(complete().set(path("kernel/new.ko"), Buffer.alloc(0)));
	const links = Array.from({ length: 12 }, (_, n) => `to-${n}`);
	/** The directory to which a path leads: each of the twelve directories has links to all twelve. */
	const leadsTo = (asked: string) => links.find((name) => asked.endsWith(`/${name}`));
	let listed = 0;
	const looping: Files = {
		...files,
		stamp: (asked) => leadsTo(asked) ?? (asked.endsWith("/inside.ko") ? "a file" : files.stamp(asked)),
		list(asked) {
			listed++;
			if (leadsTo(asked) !== undefined) return [...links, "inside.ko"];
			return asked === moduleDirectory ? files.list(asked)?.concat(links) : files.list(asked);
		},
	};
	t.deepEqual(
		checkIndexes(looping, moduleDirectory).problems.map(({ message }) => message),
		["it lacks modules whose files are there: inside and 1 more; run depmod"],
	);
	t.true(listed < 12 * 12 * 2, String(listed));
});

test("directories without an end are looked at up to a number of names, and that is told", (t) => {
	const files = filesIn(complete());
	let listed = 0;
	const names = Array.from({ length: 1000 }, (_, n) => `deeper-${n}`);
	const endless = {
		...files,
		list: (asked: string) => {
			if (!asked.includes("deeper")) return files.list(asked)?.concat(names);
			listed++;
			return names;
		},
	};
	t.deepEqual(checkIndexes(endless, moduleDirectory).problems, [
		{
			file: moduleDirectory,
			line: 0,
			message:
				"it holds more than 65536 names, so not all of them were checked: move all files that are no modules out of the directory",
		},
	]);
	t.true(listed < 2 ** 17, String(listed));
});

test("what has a module's name and is a FIFO, a socket or the null device is none, as to depmod", (t) => {
	const content = complete();
	for (const name of ["fifo", "socket", "null", "closed"]) content.set(path(`kernel/${name}.ko`), Buffer.from(name));
	content.set("/dev/null", Buffer.from("null"));
	const files = filesIn(content);
	const codes: Readonly<Record<string, string>> = { fifo: "EINVAL", socket: "ENXIO", closed: "EACCES" };
	const strange: Files = {
		...files,
		read(asked, bound) {
			const code = codes[asked.replace(/.*\/(.*)\.ko$/, "$1")];
			if (code !== undefined) throw new Refusal({ operation: "read", subject: asked, code, errno: 1 });
			return files.read(asked, bound);
		},
	};
	t.deepEqual(
		checkIndexes(strange, moduleDirectory).problems.map(({ message }) => message),
		["it lacks modules whose files are there: closed; run depmod"],
	);
});
