// What the kmod tools print with --json, checked against the schemas that describe it.
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import test from "ava";
import { type PretendMachine, runBoth } from "../../support/fakes/pretend-machine.js";
import { compileSchema, listWithoutEach, type Schema } from "../../support/project/json-schema.js";
import { elfImage, exported, moduleImage } from "../../support/worlds/elf-image.js";

const machine: PretendMachine = {
	files: {
		"proc/modules": "base 4096 1 user, Live 0x0\nbegun 1 1 - Loading 0x0\nended 1 0 - Unloading 0x0\n",
		"proc/cmdline": "quiet base.x=1 modprobe.blacklist=kept-out\n",
		"sys/module/base/coresize": "4096\n",
		"sys/module/base/refcnt": "1\n",
		"sys/module/base/holders/user/x": "",
		"modules/kernel/base.ko": moduleImage(["base"], []),
		"modules/kernel/user.ko": moduleImage([], ["base"], ["softdep=pre: soft post: inside", "alias=user-alias"]),
		"modules/kernel/soft.ko": moduleImage([], [], ["alias=soft-*"]),
		"modules/kernel/kept-out.ko": moduleImage([], [], ["alias=kept-alias"]),
		"modules/kernel/gone.ko": moduleImage([], []),
		"modules/kernel/told.ko": elfImage({
			modinfo: [
				"license=GPL",
				"author=J\xfcrgen",
				"parm=a:first",
				"parmtype=a:int",
				"parmtype=b:bool",
				"alias=x",
				"alias=y",
			],
			symbols: [exported("told", 1)],
		}),
		"modules/modules.order": "",
		"modules/modules.builtin": "kernel/inside.ko\n",
		"modules/modules.builtin.modinfo": "inside.license=GPL\0inside.alias=inside-alias\0",
		"work/conf": `blacklist kept-out
alias own-alias soft
alias ghostly ghost
options user a=1
install commanded echo $CMDLINE_OPTS
install soft echo
remove base echo
softdep gone pre: base ghostly post: soft
weakdep base soft
`,
	},
	prepare: "depmod",
};

const modprobe = ["modprobe", "--json", "-C", "conf"];
const asked = ["own-alias", "base", "symbol:base", "commanded", "user-alias", "inside", "inside-alias"];
const calls: Readonly<Record<string, readonly (readonly string[])[]>> = {
	lsmod: [
		["lsmod", "--json"],
		["kmod", "list", "--json"],
	],
	modinfo: [["modinfo", "--json", "told", "inside", "user"]],
	"modprobe-show-alias": [
		[...modprobe, "-a", "-R", ...asked],
		[...modprobe, "-R", "/lib/modules/RELEASE/kernel/base.ko"],
	],
	"modprobe-show-depends": [
		[...modprobe, "-a", "-D", "user", "gone", "kept-alias", "inside", "commanded", "own-alias"],
	],
	"modprobe-show-config": [[...modprobe, "-c"]],
};

const folder = "schemas";
/** The schemas of the kmod tools. test/tools/agent/json.test.ts has all others. */
const names = readdirSync(folder)
	.map((name) => basename(name, ".json"))
	.filter((name) => /^(?:lsmod|modinfo|modprobe-.*)$/.test(name));
const read = (name: string): Schema => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));

test("every schema is of something that --json prints", (t) => {
	t.deepEqual(names.toSorted(), Object.keys(calls).toSorted());
});

test("what --json prints is as its schema says, and all that the schema speaks of is printed", async (t) => {
	const release = readFileSync("/proc/sys/kernel/osrelease", "latin1").trim();
	const all = Object.entries(calls).flatMap(([name, lines]) =>
		lines.map((line) => ({ name, words: line.map((word) => word.replace("RELEASE", release)) })),
	);
	const runs = await runBoth(machine, all);
	for (const [name, schema] of names.map((it) => [it, read(it)] as const)) {
		const printed = runs.flatMap(({ ours }, number) => (all[number]!.name === name ? [ours.stdout] : [])).join("");
		const records: unknown[] = printed
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(Buffer.from(line, "latin1").toString()));
		t.true(records.length >= 3, name);
		const findFaults = compileSchema(schema);
		t.deepEqual(
			records.flatMap((record) => findFaults(record).map((fault) => `${JSON.stringify(record)}: ${fault}`)),
			[],
			name,
		);
		const unmet = listWithoutEach(schema).filter(([, without]) => {
			const findMissed = compileSchema(without);
			return records.every((record) => findMissed(record).length === 0);
		});
		t.deepEqual(
			unmet.map(([place]) => place),
			[],
			`${name}: nothing has`,
		);
	}
});

test("a record that is not as its schema says is found out", (t) => {
	const good = { module: "a", holders: [], state: "live" };
	const faults = (change: object): readonly string[] => compileSchema(read("lsmod"))({ ...good, ...change });
	t.deepEqual(faults({}), []);
	t.deepEqual(faults({ state: "dead" }), ["/state must be equal to one of the allowed values"]);
	t.deepEqual(faults({ holders: [1] }), ["/holders/0 must be string"]);
	t.deepEqual(faults({ more: 1 }), [" must NOT have additional properties"]);
	t.deepEqual(compileSchema(read("lsmod"))({ module: "a" }), [
		" must have required property 'holders'",
		" must have required property 'state'",
	]);
	const unlike = compileSchema(read("modprobe-show-depends"))({ asked: "a", module: "a", how: "insert" });
	t.is(unlike.filter((fault) => fault === " must match exactly one schema in oneOf").length, 1);
	t.throws(() => compileSchema({ type: "object", unheardOf: 1 }), { message: /unknown keyword: "unheardOf"/ });
	t.is(listWithoutEach(read("lsmod")).length, 5);
});
