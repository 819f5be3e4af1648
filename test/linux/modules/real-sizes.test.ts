// Real files that no bound may refuse: all modules of Debian's kernel, compressed in every way, the largest module of its debug
// package, and the largest configurations in its archive.
import {
	closeSync,
	ftruncateSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readdirSync,
	rmSync,
	statSync,
	writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { listEntries, openIndex } from "../../../src/libkmod/formats/index-file.js";
import { bounds, MOST_NAMES, MOST_NAMES_CHECKED } from "../../../src/libkmod/kernel/bounds.js";
import { modprobeDirectories } from "../../../src/libkmod/knowledge/configuration.js";
import { DECODING_BUDGET_BYTES } from "../../../src/linux/decoding/memory-budget.js";
import { files } from "../../../src/linux/files/files.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { modprobe } from "../../support/real/real-kmod.js";
import { asset } from "../../support/vm/images/cache.js";
import { kernelPackage, unpackPackages } from "../../support/vm/images/kernel-package.js";
import { elfImage } from "../../support/worlds/elf-image.js";
import { packageModules } from "../../support/worlds/module-files.js";

/** Each bound is at least so many times the largest file of today: room for later kernels. */
const ROOM = 4;

const boundOf = (name: string) => {
	if (name.endsWith(".bin")) return bounds.index;
	if (/^modules\.(?:softdep|weakdep)$/.test(name)) return bounds.configuration;
	return name === "modules.symbols" ? bounds.symbols : bounds.kernelBuild;
};

test("every index and list of Debian's whole kernel is read, to its last entry, with room for one four times as large", async (t) => {
	const { root, release } = await kernelPackage();
	const directory = join(root, "lib/modules", release);
	const sizes: Record<string, number> = {};
	for (const name of readdirSync(directory).filter((name) => name.startsWith("modules."))) {
		const path = join(directory, name);
		const bytes = files.read(path, boundOf(name));
		t.is(bytes?.length, statSync(path).size);
		t.true(ROOM * bytes!.length < boundOf(name).bytes, name);
		sizes[name] = bytes!.length;
		if (!name.endsWith(".bin") || bytes!.length === 0) continue;
		const entries = [...listEntries(openIndex(path, bytes!))];
		t.true(entries.length > 0, name);
	}
	t.log(sizes);
	t.true(Object.keys(sizes).filter((name) => name.endsWith(".bin")).length >= 5);
	t.true(Object.keys(sizes).length >= 12);
});

for (const tree of ["plain", "xz", "zst", "gz"] as const)
	test(`no module of Debian's whole kernel (${tree}) comes near the bound, and as many as are at work fit into the budget`, async (t) => {
		const { directory, paths } = await packageModules(tree);
		const sizes = paths.map((path) => statSync(join(directory, path)).size);
		const largest = Math.max(...sizes);
		t.log(`${sizes.length} modules, the largest of ${largest} bytes`);
		t.true(sizes.length >= 4000);
		t.true(ROOM * largest < bounds.module.bytes);
		// A machine with two cores decodes four modules at a time; each may be in memory twice.
		if (tree === "plain") t.true(4 * 2 * largest < DECODING_BUDGET_BYTES, String(largest));
		const folders = new Map<string, number>();
		for (const path of paths) folders.set(join(path, ".."), 1 + (folders.get(join(path, "..")) ?? 0));
		t.true(ROOM * Math.max(...folders.values()) < MOST_NAMES);
		t.true(ROOM * (paths.length + folders.size) < MOST_NAMES_CHECKED);
	});

/**
 * Packages with the three largest files of modprobe.d in all of Debian's archive (main, contrib, non-free and non-free-firmware
 * of bookworm, trixie and sid, by Contents-amd64 and -all; 2,468, 1,004 and 821 bytes; no package ships a depmod.d).
 */
const LARGEST_CONFIGURATIONS = ["libpsm2-2-compat", "rdma-core", "systemd"];

test("the largest configurations of Debian's archive, and those of this machine, are read as modprobe reads them", async (t) => {
	const shipped = await asset("configurations-1", (draft) => unpackPackages(LARGEST_CONFIGURATIONS, draft));
	const own = [...modprobeDirectories, ...modprobeDirectories.map((path) => path.replace("modprobe", "depmod"))];
	const directories = [...["etc", "lib", "usr/lib"].map((path) => join(shipped, path, "modprobe.d")), ...own];
	const sizes: Record<string, number> = {};
	for (const directory of directories)
		for (const name of files.list(directory) ?? []) {
			const path = join(directory, name);
			if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
			sizes[name] = files.read(path, bounds.configuration)!.length;
			t.is(sizes[name], statSync(path).size);
			if (!path.startsWith(shipped)) continue;
			const theirs = modprobe("-C", path, "-c");
			const ours = await ourTool("modprobe", "-C", path, "-c");
			t.deepEqual(ours, { status: 0, stdout: theirs, stderr: "" });
			t.true(theirs.length > 0);
		}
	t.log(sizes);
	t.true(["libpsm2-compat.conf", "mlx4.conf", "systemd.conf"].every((name) => sizes[name]! > 0));
	t.true(1000 * Math.max(...Object.values(sizes)) < bounds.configuration.bytes);
});

/** The largest module of linux-image-6.1.0-56-amd64-dbg 6.1.192-2, in bytes: /usr/lib/debug/lib/modules/RELEASE/kernel/... */
const LARGEST_WITH_DEBUGGING = { name: "amdgpu.ko", bytes: 355_579_816 };

test("a module as large as the largest of Debian's debug package goes through modinfo and depmod", async (t) => {
	const { name, bytes } = LARGEST_WITH_DEBUGGING;
	t.true(2 * bytes < bounds.module.bytes);
	const root = mkdtempSync(join(tmpdir(), "real-sizes-"));
	t.teardown(() => rmSync(root, { recursive: true }));
	const directory = join(root, "lib/modules/6.1.0/kernel");
	mkdirSync(directory, { recursive: true });
	const path = join(directory, name);
	writeSparse(path, bytes);
	t.is(statSync(path).size, bytes);
	const info = await ourTool("modinfo", path);
	t.deepEqual([info.status, info.stderr], [0, ""]);
	t.true(info.stdout.includes("license:        GPL\n"));
	const made = await ourTool("depmod", "-b", root, "6.1.0");
	t.is(made.status, 0);
	t.is(files.read(join(root, "lib/modules/6.1.0/modules.alias"))?.toString().includes("alias real:* "), true);
});

/** Writes a sparse module of so many bytes: its section table stands at the end, and a hole fills the rest. */
function writeSparse(path: string, bytes: number): void {
	const image = elfImage({ modinfo: ["license=GPL", "alias=real:*"], symbols: [] });
	const table = Number(image.readBigUInt64LE(40));
	const headers = image.subarray(table);
	const at = bytes - headers.length;
	image.writeBigUInt64LE(BigInt(at), 40);
	const fd = openSync(path, "w");
	ftruncateSync(fd, bytes);
	writeSync(fd, image, 0, table, 0);
	writeSync(fd, headers, 0, headers.length, at);
	closeSync(fd);
}
