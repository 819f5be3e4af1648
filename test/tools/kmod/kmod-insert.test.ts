// kmod insert and kmod remove, which Debian's kmod does not have: their system calls and their messages.
import test, { type ExecutionContext } from "ava";
import { type PretendMachine, type Run, runBoth } from "../../support/fakes/pretend-machine.js";
import { elfImage } from "../../support/worlds/elf-image.js";
import { moduleDirectory, worldFiles } from "../../support/worlds/world.js";

const world = worldFiles({
	modules: { base: [], middle: ["base"], user: ["middle"], other: [], lone: [] },
	aliases: { "x:user*": "user", "x:two": ["user", "other"], "x:kept*": "lone" },
	builtin: ["inside"],
});
const indexes = [...world].flatMap(([path, content]) =>
	path.startsWith(`${moduleDirectory}/`)
		? [[`modules/${path.slice(moduleDirectory.length + 1)}`, content] as const]
		: [],
);

const live = (module: string, references: number, holders: readonly string[] = []) => ({
	[`sys/module/${module}/initstate`]: "live\n",
	[`sys/module/${module}/refcnt`]: `${references}\n`,
	...Object.fromEntries(holders.map((holder) => [`sys/module/${module}/holders/${holder}/initstate`, "live\n"])),
});

const image = (name: string, depends: string) =>
	elfImage({ modinfo: [`name=${name}`, `depends=${depends}`, "vermagic=1 "] });

const machine: PretendMachine = {
	files: {
		...Object.fromEntries(indexes),
		...Object.fromEntries(
			["base", "middle", "user", "other", "lone"].map((name) => [`modules/kernel/${name}.ko`, image(name, "")]),
		),
		"work/user.ko": image("user", "middle"),
		"work/stranger.ko": image("stranger", "middle,other"),
		"work/broken.ko": "no module at all",
	},
};

type Told = Partial<Pick<Run, "status" | "stdout" | "stderr">> & {
	/** Each system call in short form: an insertion as `FILE PARAMETERS`, a removal as `- NAME`. */
	readonly asked?: readonly string[];
};
type Case = { readonly line: string; readonly errno?: number } & Told;

async function check(t: ExecutionContext, given: PretendMachine, cases: readonly Case[]): Promise<void> {
	const calls = cases.map(({ line, errno }) => ({
		words: line.split(" "),
		...(errno !== undefined && {
			environment: { STANDIN_FINIT_MODULE: `${errno}`, STANDIN_DELETE_MODULE: `${errno}` },
		}),
	}));
	const runs = await runBoth(given, calls);
	for (const [number, { line, errno: _, ...expected }] of cases.entries())
		t.deepEqual(tell(runs[number]!.ours), { status: 0, stdout: "", stderr: "", asked: [], ...expected }, line);
}

const shorten = (text: string): string => text.replaceAll(/\/lib\/modules\/[^/\s]+/g, "TREE");

function tell({ status, stdout, stderr, calls }: Run): Told {
	const asked = calls.map(({ file, parameters, name, flags }) =>
		name === undefined ? shorten(`${file} ${parameters}`).trimEnd() : `- ${name}${flags === 2560 ? " by force" : ""}`,
	);
	return { status, stdout: shorten(stdout), stderr: shorten(stderr), asked };
}

const tree = (...names: string[]) => names.map((name) => `TREE/kernel/${name}.ko`);

test("kmod insert brings what a module needs, and gives it its parameters", async (t) => {
	await check(t, machine, [
		{ line: "kmod insert base", asked: tree("base") },
		{ line: "kmod insert user a=1 b", asked: [...tree("base", "middle"), "TREE/kernel/user.ko a=1 b"] },
		{ line: "kmod insert x:user-1 a=1", asked: [...tree("base", "middle"), "TREE/kernel/user.ko a=1"] },
		{ line: "kmod insert inside" },
		{ line: "kmod insert user.ko a=1", asked: [...tree("base", "middle"), "user.ko a=1"] },
		{ line: "kmod insert ./user.ko", asked: [...tree("base", "middle"), "user.ko"] },
		{ line: "kmod insert stranger.ko", asked: [...tree("base", "middle", "other"), "stranger.ko"] },
		{
			line: "kmod insert -v user.ko x=1",
			stdout: "insmod TREE/kernel/base.ko \ninsmod TREE/kernel/middle.ko \ninsmod user.ko x=1\n",
			asked: [...tree("base", "middle"), "user.ko x=1"],
		},
	]);
});

test("kmod insert says what it could not do, and why", async (t) => {
	const failed = (text: string) => ({ status: 1, stderr: `kmod insert: ERROR: ${text}\n` });
	await check(t, machine, [
		{ line: "kmod insert", ...failed("missing module name.") },
		{ line: "kmod insert nothing", ...failed("Module nothing not found in directory TREE") },
		{ line: "kmod insert ./nothing.ko", ...failed("Module ./nothing.ko not found in directory TREE") },
		{ line: "kmod insert -x", status: 1, stderr: "kmod insert: invalid option -- 'x'\n" },
		{
			line: "kmod insert base",
			errno: 5,
			asked: tree("base"),
			...failed("could not insert 'base': Input/output error"),
		},
		{
			line: "kmod insert user",
			errno: 129,
			asked: tree("base"),
			...failed(
				"could not insert 'user': Key was rejected by service\nkmod insert: NOTICE: base: it is not signed, and the kernel takes only modules signed by a key that it trusts (EKEYREJECTED)",
			),
		},
		{
			line: "kmod insert broken.ko",
			...failed("could not insert 'broken': it is not an ELF file"),
		},
	]);
});

const loaded: PretendMachine = {
	files: {
		...machine.files,
		...live("base", 1, ["middle"]),
		...live("middle", 0),
		...live("other", 2),
		...live("lone", 0),
	},
};

test("kmod remove removes modules, and nothing that is in use", async (t) => {
	const refused = (text: string) => ({ status: 1, stderr: `kmod remove: ERROR: ${text}\n` });
	await check(t, loaded, [
		{ line: "kmod remove", ...refused("missing module name.") },
		{ line: "kmod remove lone", asked: ["- lone"] },
		{ line: "kmod remove lone.ko", ...refused("Module lone.ko not found in directory TREE") },
		{ line: "kmod remove -v middle", stdout: "rmmod middle\n", asked: ["- middle"] },
		{ line: "kmod remove base lone", asked: ["- lone"], ...refused("Module base is in use.") },
		{ line: "kmod remove user", ...refused("Module user is not in kernel.") },
		{ line: "kmod remove inside", ...refused("Module inside is builtin.") },
		{ line: "kmod remove nothing", ...refused("Module nothing not found in directory TREE") },
		{ line: "kmod remove --force lone", asked: ["- lone by force"] },
		{
			line: "kmod remove lone",
			errno: 11,
			asked: ["- lone"],
			...refused("could not remove 'lone': Resource temporarily unavailable"),
		},
	]);
});
