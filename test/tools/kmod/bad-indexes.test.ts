// The messages and the exit status of coldplug when indexes are damaged.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { copyMachine, indexes, modules, release, unusable } from "../../support/fakes/captured-machine.js";
import { dryRun, dryRunHere } from "../../support/running/coldplug-process.js";
import { encodeTrie } from "../../support/worlds/trie.js";

type Change = (bytes: Buffer) => Buffer;

/**
 * The results of dry runs with a changed index, in this process. For the first change of a row the executable must give the
 * same.
 */
async function tellChanged(t: ExecutionContext, machine: string, index: string, changes: readonly Change[]) {
	const file = join(machine, modules, index);
	const whole = readFileSync(file);
	const told = [];
	for (const change of changes) {
		const changed = change(Buffer.from(whole));
		writeFileSync(file, changed);
		const here = await dryRunHere(machine, release, ["--order"]);
		if (told.length === 0) t.deepEqual(await dryRun(machine, release, ["--order"]), here);
		told.push({ ...here, size: changed.length });
	}
	writeFileSync(file, whole);
	return told;
}

const empty = () => Buffer.alloc(0);

const atStart: readonly (readonly [change: Change, why: (size: number) => string])[] = [
	[
		(bytes) => Buffer.concat([Buffer.of(0x7f), bytes.subarray(1)]),
		() => "it does not begin with the magic number B007F457",
	],
	[(bytes) => bytes.fill(3, 5, 6), () => "it is of version 3, not 2"],
	[empty, () => "it has 0 bytes, fewer than a header"],
	[(bytes) => bytes.subarray(0, 11), () => "it has 11 bytes, fewer than a header"],
	[(bytes) => bytes.fill("4ffffff0", 8, 12, "hex"), (size) => `its root node lies outside its ${size} bytes`],
];

for (const index of indexes) {
	test(`${index}, where it is none, keeps it from beginning`, async (t) => {
		const machine = copyMachine();
		// depmod leaves this index empty when it knows no built-in modules.
		const rows = index === "modules.builtin.alias.bin" ? atStart.filter(([change]) => change !== empty) : atStart;
		const changes = rows.map(([change]) => change);
		for (const [row, { size, ...told }] of (await tellChanged(t, machine, index, changes)).entries()) {
			const stderr = `coldplug: ${unusable(index, rows[row]![1](size))}`;
			t.deepEqual(told, { status: 1, stdout: "", stderr });
		}
	});
}

/** Changes the offsets of all children of the root. */
function redirect(bytes: Buffer, where: (root: number) => number): Buffer {
	const root = bytes.readUInt32BE(8);
	let at = root & 0x0fffffff;
	if ((root & 0x80000000) !== 0) at = bytes.indexOf(0, at) + 1;
	const [first = 0, last = 0] = bytes.subarray(at, at + 2);
	for (let child = at + 2; child <= at + 2 + 4 * (last - first); child += 4)
		if (bytes.readUInt32BE(child) !== 0) bytes.writeUInt32BE(where(root), child);
	return bytes;
}

const inside: readonly (readonly [change: Change, why: string])[] = [
	[(bytes) => bytes.subarray(0, bytes.length >> 1), "[a-z ]+ at byte [0-9]+ lies outside its SIZE bytes"],
	[(bytes) => redirect(bytes, () => 0x4ffffff0), "a node at byte 268435440 lies outside its SIZE bytes"],
	[(bytes) => redirect(bytes, (root) => root), "the node at byte [0-9]+ leads in a loop"],
];

const listPlanned = (stdout: string) => [...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, module]) => module);

for (const index of indexes) {
	test(`${index}, damaged inside, costs what needs the damaged part`, async (t) => {
		const machine = copyMachine();
		// The captured machine asks for no symbol; this device does.
		writeFileSync(join(machine, modules, "modules.symbols.bin"), encodeTrie([["symbol:printk", 0, "ext4"]], true));
		mkdirSync(join(machine, "sys/devices/odd"));
		writeFileSync(join(machine, "sys/devices/odd/modalias"), "symbol:printk\n");
		const whole = new Set(listPlanned((await dryRunHere(machine, release, ["--order"])).stdout));
		t.true(whole.size > 100);
		const changes = inside.map(([change]) => change);
		for (const [row, told] of (await tellChanged(t, machine, index, changes)).entries()) {
			const { size, status, stdout, stderr } = told;
			t.is(status, 1);
			const [, count] = /^coldplug: could not look up (an|[0-9]+) alias/.exec(stderr) ?? [];
			const what = count === "an" ? "an alias or module" : `${count} aliases or modules`;
			const reason = unusable(index, inside[row]![1].replace("SIZE", `${size}`));
			t.regex(stderr, new RegExp(`^coldplug: could not look up ${what}: ${reason.replaceAll(/[.]/g, "\\.")}$`));
			t.regex(stdout, new RegExp(`, ${count === "an" ? 1 : count} that could not be looked up\n$`));
			const others = listPlanned(stdout).filter((module) => !whole.has(module));
			t.deepEqual(others, []);
		}
	});
}

test("an index that is missing is named, with what to do; that of built-in aliases may be", async (t) => {
	const hint =
		"run depmod there, or ask a captured machine: " +
		"node dist/main.js coldplug --dry-run --cold --machine fixtures/machine.json";
	const machine = copyMachine();
	for (const index of indexes.slice(0, 4)) {
		const file = join(machine, modules, index);
		const bytes = readFileSync(file);
		rmSync(file);
		const stderr = `coldplug: MACHINE/${modules} has no ${index}: ${hint}\n`;
		t.deepEqual(await dryRunHere(machine, release), { status: 1, stdout: "", stderr });
		writeFileSync(file, bytes);
	}
	t.is(
		(await dryRunHere(machine, "5.0")).stderr,
		`coldplug: MACHINE/lib/modules/5.0 has no modules.dep.bin: ${hint}\n`,
	);
	rmSync(join(machine, modules, "modules.builtin.alias.bin"));
	const { status, stderr } = await dryRun(machine, release);
	t.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});
