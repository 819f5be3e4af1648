// Which other kernels have a module for an alias.
import test from "ava";
import { findInOtherKernels, MOST_KERNELS } from "../../../src/agent/explaining/other-kernels.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { filesIn, moduleDirectory, worldFiles } from "../../support/worlds/world.js";

const ALIAS = "pci:v00008086d0000100E";

/** The files of a kernel whose module has the alias, in another directory. */
function kernelIn(directory: string, module: string, pattern = `${ALIAS}*`): [string, Buffer][] {
	const files = worldFiles({ modules: { [module]: [] }, aliases: { [pattern]: module } });
	return [...files]
		.filter(([path]) => path.startsWith(moduleDirectory))
		.map(([path, bytes]) => [directory + path.slice(moduleDirectory.length), bytes]);
}

const find = (content: readonly [string, Buffer][], also: readonly string[] = [], root?: string) =>
	findInOtherKernels(filesIn(new Map(content)), {
		alias: ALIAS,
		moduleDirectory: `${root ?? ""}/lib/modules/1`,
		also,
		root,
	});

test("the installed kernels are searched by name, but for this one", (t) => {
	const { kernels, problems } = find([
		...kernelIn("/lib/modules/3", "c", "usb:*"),
		...kernelIn("/lib/modules/2", "b"),
		...kernelIn("/lib/modules/1", "a"),
	]);
	t.deepEqual(kernels, [
		{
			release: "2",
			directory: "/lib/modules/2",
			modules: [{ module: "b", via: "alias index", pattern: `${ALIAS}*` }],
		},
		{ release: "3", directory: "/lib/modules/3", modules: [] },
	]);
	t.deepEqual(problems, []);
});

test("a named directory may be of modules, or a root, and is searched once", (t) => {
	const files = [
		...kernelIn("/lib/modules/2", "b"),
		...kernelIn("/mnt/lib/modules/4", "d"),
		...kernelIn("/opt/5", "e"),
	];
	const { kernels } = find(
		[...files, ...kernelIn("/srv/usr/lib/modules/6", "f")],
		["/opt/5/", "/mnt", "/srv", "/lib/modules/2"],
	);
	t.deepEqual(
		kernels.map(({ release, modules }) => `${release} ${modules[0]?.module}`),
		["2 b", "5 e", "4 d", "6 f"],
	);
});

test("another machine's kernels are those below its root", (t) => {
	const { kernels } = find(
		[...kernelIn("/x/lib/modules/1", "a"), ...kernelIn("/x/lib/modules/2", "b"), ...kernelIn("/lib/modules/3", "c")],
		[],
		"/x",
	);
	t.deepEqual(
		kernels.map(({ directory }) => directory),
		["/x/lib/modules/2"],
	);
});

test("what cannot be searched is told in a sentence each, and the others are searched", (t) => {
	const damaged = kernelIn("/lib/modules/2", "b").map(([path, bytes]): [string, Buffer] => [
		path,
		path.endsWith("modules.alias.bin") ? Buffer.from("nothing of the kind") : bytes,
	]);
	const { kernels, problems } = find(
		[
			...damaged,
			["/lib/modules/3/kernel/x.ko", Buffer.from("")],
			...kernelIn("/lib/modules/4", "d"),
			["/tmp/a", Buffer.from("")],
		],
		["/tmp", "/nowhere"],
	);
	t.deepEqual(
		kernels.map(({ release }) => release),
		["4"],
	);
	t.is(problems.length, 4);
	t.is(problems[0], "/tmp is no module directory, and has no lib/modules");
	t.is(problems[1], "/nowhere is no module directory, and has no lib/modules");
	t.regex(problems[2]!, /^\/lib\/modules\/2\/modules.alias.bin is not a usable index: /);
	t.regex(problems[3]!, /^\/lib\/modules\/3 has no modules.alias.bin: run depmod/);
});

test("a directory that may not be read is told, and nothing is thrown", (t) => {
	const files = filesIn(new Map());
	const refuse = (path: string): never => {
		throw new Refusal({ operation: "list", subject: path, code: "EACCES" });
	};
	const options = { alias: ALIAS, moduleDirectory: "/lib/modules/1", also: ["/opt/5"] };
	const { kernels, problems } = findInOtherKernels({ ...files, list: refuse }, options);
	t.deepEqual(kernels, []);
	t.true(problems.length >= 2 && problems.every((problem) => problem.includes("/")));
});

test("a directory with countless kernels is searched up to a limit, which is told", (t) => {
	const many = Array.from({ length: MOST_KERNELS + 2 }, (_, n) => kernelIn(`/lib/modules/k${100 + n}`, "m")).flat();
	const { kernels, problems } = find(many);
	t.is(kernels.length, MOST_KERNELS);
	t.deepEqual(problems, [`only ${MOST_KERNELS} of ${MOST_KERNELS + 2} other kernels were searched`]);
});
