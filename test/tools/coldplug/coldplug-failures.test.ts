// The messages and the exit status of coldplug when modules cannot be inserted: a stand-in gives the kernel's answers.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { compile } from "../../support/running/c-program.js";
import { loadForReal, type RealRun } from "../../support/running/coldplug-process.js";
import { moduleDirectory, worldFiles } from "../../support/worlds/world.js";
import { moduleFile } from "../../support/worlds/world-folder.js";

const world = { modules: { base: [], card: ["base"], lone: [] }, aliases: { "x:card": "card", "x:lone": "lone" } };
const devices = { card: "x:card", lone: "x:lone" };
const configured = (config: string): RealRun["world"] => ({ ...world, config });

const folder = mkdtempSync(join(tmpdir(), "coldplug-failures-"));
test.after.always(() => rmSync(folder, { recursive: true }));
test.before(() => void compile("standin", "-shared", "-fPIC", "-ldl"));

const { EPERM, ENOENT, ENOEXEC, ENODEV, ENOSYS, EKEYREJECTED } = { ...constants.errno, EKEYREJECTED: 129 };

type Case = Omit<RealRun, "world" | "devices"> & {
	readonly config?: string;
	readonly status: number;
	/** The messages, each without `coldplug: `. */
	readonly complaints: readonly string[];
	readonly inserted: readonly string[];
};

let machines = 0;

function failure(title: string, { config = "", status, complaints, inserted, ...run }: Case): void {
	test(title, async (t) => {
		const told = await loadForReal(join(folder, `${machines++}`), { ...run, world: configured(config), devices });
		const stderr = complaints.map((complaint) => `coldplug: ${complaint}\n`).join("");
		t.deepEqual(told, { status, stdout: "", stderr, inserted });
	});
}

const file = (module: string) => `MACHINE${moduleDirectory}/kernel/${module}.ko`;
const lone = "could not load lone (/devices/lone: x:lone matches x:lone (alias index)): ";
const base = "could not load base (dependency of card): ";
const card = "could not load card (/devices/card: x:card matches x:card (alias index)): base is needed first: ";
const notPermitted =
	"not permitted: CAP_SYS_MODULE is missing, kernel.modules_disabled is set, the kernel is locked down, or module_blacklist= names it (EPERM)";
const untrusted =
	"it is not signed, or its signature is by a key that the kernel does not trust, or it was changed since it was signed (EKEYREJECTED)";
const all = ["base", "card", "lone"];

failure("where nothing is wrong nothing is said", { status: 0, complaints: [], inserted: all });

failure("a module file that is gone is named, and what needs the module is not begun", {
	damage: (machine) => rmSync(moduleFile(machine, "base")),
	status: 3,
	complaints: [
		`${base}${file("base")} is gone; run depmod (ENOENT)`,
		`${card}${file("base")} is gone; run depmod (ENOENT)`,
	],
	inserted: ["lone"],
});

failure("a module file that may not be read is named", {
	damage: (machine) => chmodSync(moduleFile(machine, "lone"), 0),
	unprivileged: true,
	status: 3,
	complaints: [`${lone}${file("lone")} may not be read (EACCES)`],
	inserted: ["base", "card"],
});

failure("a file that is no module of this kernel, or is cut short, is told from others", {
	config: `options lone standin.errno=${ENOEXEC}`,
	status: 3,
	complaints: [`${lone}its file is not a module for this kernel (vermagic, or damaged); see dmesg (ENOEXEC)`],
	inserted: all,
});

for (const [name, cut] of Object.entries({
	gzip: gzipSync(Buffer.alloc(10_000, "module")).subarray(0, -6),
	xz: Buffer.from("fd377a585a000004e6d6b446", "hex"),
	zstd: Buffer.from("28b52ffd0458310000", "hex"),
})) {
	failure(`a file that ${name} wrote and that is cut short is damaged`, {
		damage: (machine) => writeFileSync(moduleFile(machine, "lone"), cut),
		status: 3,
		complaints: [`${lone}${file("lone")} cannot be decompressed: its end is missing (EINVAL)`],
		inserted: ["base", "card"],
	});
}

failure("a symbol that is missing, and a signature that is not trusted, are told", {
	// Delays one insertion, so that the other one ends first.
	config: `options lone standin.errno=${ENOENT} standin.sleep=2000\noptions base standin.errno=${EKEYREJECTED}`,
	status: 3,
	complaints: [
		`${base}${untrusted}`,
		`${card}${untrusted}`,
		`${lone}it needs a symbol that no live module has; see dmesg, and run depmod (ENOENT)`,
	],
	inserted: ["base", "lone"],
});

failure("a driver that finds no hardware is no failure", {
	config: `options lone standin.errno=${ENODEV}`,
	status: 0,
	complaints: [],
	inserted: all,
});

failure("without permission for any module it says so", {
	environment: { STANDIN_FINIT_MODULE: `${EPERM}` },
	unprivileged: true,
	status: 4,
	complaints: ["could not load any of 3 modules: CAP_SYS_MODULE is missing: only root inserts modules (EPERM)"],
	inserted: ["base", "lone"],
});

failure("where nothing says why no module is permitted, each is a driver that failed", {
	environment: { STANDIN_FINIT_MODULE: `${EPERM}` },
	status: 3,
	complaints: [`${base}${notPermitted}`, `${card}${notPermitted}`, `${lone}${notPermitted}`],
	inserted: ["base", "lone"],
});

failure("one module that is not permitted is a driver that failed", {
	config: `options lone standin.errno=${EPERM}`,
	status: 3,
	complaints: [`${lone}${notPermitted}`],
	inserted: all,
});

failure("a kernel that cannot load modules is told from others", {
	environment: { STANDIN_FINIT_MODULE: `${ENOSYS}`, STANDIN_INIT_MODULE: `${ENOSYS}` },
	status: 5,
	complaints: ["could not load any of 3 modules: this kernel cannot load modules (ENOSYS)"],
	inserted: ["base", "lone"],
});

failure("an install command that fails is told with its status", {
	config: "install lone exit 9",
	status: 3,
	complaints: [`${lone}its install command ended with status 9: exit 9`],
	inserted: ["base", "card"],
});

failure("what failed is not told with -q, and the exit status stays", {
	config: `options lone standin.errno=${ENOEXEC}`,
	words: ["-q"],
	status: 3,
	complaints: [],
	inserted: all,
});

const index = `${moduleDirectory}/modules.dep.bin`;

failure("an index damaged inside is told once, and nothing that needs the damaged part is begun", {
	damage(machine) {
		const bytes = readFileSync(machine + index);
		bytes.write("4ffffff0", 14, "hex"); // The offset of the root's child for its first letter, b.
		writeFileSync(machine + index, bytes);
	},
	status: 1,
	complaints: [
		`could not look up an alias or module: MACHINE${index} is not a usable index: a node at byte 268435440 lies outside ` +
			`its ${worldFiles(world).get(index)?.length} bytes; run depmod to make it anew`,
	],
	inserted: ["lone"],
});

failure("an index that is none keeps it from beginning", {
	damage: (machine) => writeFileSync(machine + index, ""),
	status: 1,
	complaints: [
		`MACHINE${index} is not a usable index: it has 0 bytes, fewer than a header; run depmod to make it anew`,
	],
	inserted: [],
});

failure("another machine's devices are not loaded for", {
	words: ["--sysfs", "/sys"],
	status: 2,
	complaints: ["--sysfs names another machine's devices: it needs --dry-run"],
	inserted: [],
});
