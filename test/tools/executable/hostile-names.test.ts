// Names cannot send escape sequences to a terminal: every command meets names that contain some. A command that is missing in
// this table fails the first test.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { run, thisMachine, tools } from "../../../src/main.js";
import type { Machine } from "../../../src/ports/machine.js";
import { commands as kmodCommands } from "../../../src/tools/kmod/kmod.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { sampleStatus } from "../../support/running/agent-status.js";
import { elfImage, exported, moduleImage } from "../../support/worlds/elf-image.js";
import { writeMachine } from "../../support/worlds/machine-folder.js";
import type { World } from "../../support/worlds/world.js";

/**
 * CSI as one byte and as two bytes of UTF-8, the setting of a title, an override of direction, and a line that could pass for
 * ours. As bytes.
 */
const EVIL = "evil\x1b[31m\x9b2J\xc2\x9b\x1b]0;t\x07\xe2\x80\xae\x7f\nFORGED";
/** The name in a file of lines. */
const LINE = EVIL.replace("\n", "\r");
/** The name in a file of words. */
const WORD = LINE.replaceAll(/[\s#]/g, "");

const folder = mkdtempSync(join(tmpdir(), "hostile-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

type Scene = {
	readonly words: readonly string[];
	readonly machine?: () => Machine & { printed(): string; complained(): string };
};

const world: World = {
	modules: { card: [], lone: [] },
	aliases: { "x:*": "card", "x:lone*": "lone" },
	config: [`blacklist ${WORD}`, `install lone run ${LINE}`, `options card a=${LINE}`, WORD].join("\n"),
	commandLine: `hotplugd=${WORD} ${WORD}.x=1 modprobe.blacklist=${WORD}`,
};

type FakeOptions = Partial<Parameters<typeof makeFakeMachine>[0]>;

const fake = (options: FakeOptions = {}) => {
	const devices = { [EVIL]: [`x:${LINE}`, `x:lone${LINE}`, `y:${LINE}`] };
	return makeFakeMachine({ world, devices, ...options });
};

/** A machine with modules whose names are hostile, one of which needs the other. */
const lonely = () => {
	const modules = { card: [WORD], lone: [], [WORD]: [] };
	return fake({ world: { ...world, modules, config: `softdep card pre: lone\ninstall ${WORD} /bin/false` } });
};

/** A machine whose agent gives this answer. */
const answering = (reply: object) => () => {
	const machine = fake();
	const service = async () => ({
		...(await machine.service()),
		ask: async () => Buffer.from(JSON.stringify({ ok: true, ...reply })),
	});
	return { ...machine, service };
};

/** A machine on which the companion gets a line. */
const connected = (line: string) => () => {
	const machine = fake();
	const acceptConnection = async () => ({
		readLine: async () => Buffer.from(line, "latin1"),
		tell: () => undefined,
		answer: async () => undefined,
	});
	const service = async () => ({ ...(await machine.service()), acceptConnection });
	return { ...machine, service } as unknown as ReturnType<NonNullable<Scene["machine"]>>;
};

/** Appends the hostile name to every string of a value. */
const evil = <Value>(value: Value): Value =>
	JSON.parse(JSON.stringify(value), (_key, one) => (typeof one === "string" ? `${one}${EVIL}` : one));

/** A machine with the real files of this process, which a test writes into a folder. The output is kept. */
const real = () => {
	const told = { printed: "", complained: "" };
	return {
		...thisMachine,
		environment: {},
		print(text: string | Uint8Array) {
			told.printed += typeof text === "string" ? text : Buffer.from(text).toString("latin1");
		},
		complain(text: string) {
			told.complained += text;
		},
		printed: () => told.printed,
		complained: () => told.complained,
	};
};

const RELEASE = "6.0.0";
const directory = join(folder, "lib/modules", RELEASE);
const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

mkdirSync(bytes(`${directory}/kernel/${EVIL}`), { recursive: true });
const image = elfImage({
	modinfo: [`license=${EVIL}`, `author=${EVIL}`, `${LINE}=x`, `parm=a:${EVIL}`, `alias=x:${WORD}`, "parm=bad"],
	symbols: [exported(`sym${EVIL}`, 1)],
});
const plain = `${directory}/kernel/${EVIL}/plain.ko`;
writeFileSync(bytes(plain), image);
writeFileSync(bytes(`${directory}/kernel/needy.ko`), moduleImage([], [EVIL]));
const damaged = `${directory}/kernel/${EVIL}.ko`;
writeFileSync(bytes(damaged), "no module");
writeFileSync(join(directory, "modules.order"), "");
writeFileSync(join(directory, "modules.builtin"), "");
const conf = join(folder, "conf");
writeFileSync(
	bytes(conf),
	bytes(`options plain a=${LINE}\nalias own-${WORD} plain\n${LINE} line\ninstall lone echo ${LINE}\n`),
);

const withRoot = ["-d", folder, "-S", RELEASE, "-C", conf];
const indexed = real();
test.before(async () => {
	await run(["node", "/sbin/depmod", "-b", folder, RELEASE], indexed);
});

const operand: Scene = { words: [EVIL] };
const option: Scene = { words: [`--${EVIL}`] };

/** A timeline whose one module, and everything about it, has the hostile name. */
const timeline = {
	format: 1,
	command: "coldplug",
	kernel: EVIL,
	milliseconds: 9,
	forgotten: 0,
	modules: [
		{
			...{ module: EVIL, try: 1, batch: 1, wanted: 1, ready: 2, begun: 3, ended: 4, result: "failed", errno: EVIL },
			...{ explanation: EVIL, waits: [{ kind: "rival", module: EVIL, until: 2 }], rivals: [EVIL] },
			cause: { kind: "alias", device: EVIL, alias: EVIL, of: EVIL, why: EVIL },
		},
	],
	marks: [],
};

/** A machine that has the timeline as a file. */
const recorded = () => fake({ files: { "/t.json": Buffer.from(JSON.stringify(timeline)).toString("latin1") } });

/** A file with a hostile name and content that is no capture. */
const evilCapture = `${folder}/${EVIL}.json`;
writeFileSync(bytes(evilCapture), `{"hotplugdCapture": 1, "by": ${JSON.stringify(EVIL)}, "${WORD}`);

/** The root of a machine whose device and configuration have hostile names. */
function hostileMachine(name: string, pattern: string): string {
	return writeMachine(name, {
		world: { modules: { card: [] }, aliases: { [pattern]: "card" }, config: `options card a=${LINE}` },
		devices: { [EVIL]: "x:card" },
	});
}

/** explain of a hostile word, of a device and of modules with hostile names, and with a hostile log. */
const explaining: readonly Scene[] = [
	option,
	operand,
	{ words: ["card", "lone"] },
	{ words: ["-v", `/devices/${EVIL}`] },
	{ words: ["--json", `/devices/${EVIL}`] },
	{ words: [WORD, "lone"], machine: lonely },
	{ words: ["--json", WORD], machine: lonely },
	{ words: ["--log", EVIL, "card"] },
	{ words: ["--also", EVIL, `y:${LINE}`] },
	{ words: ["-C", EVIL, "card"] },
];

/** By command: the scenes that bring names into its output. The output of each scene contains the word `evil`. */
const scenes: Readonly<Record<string, readonly Scene[]>> = {
	coldplug: [
		option,
		{ words: ["-n", "-v"] },
		{ words: ["-n", "--json"] },
		...["--order", "--tree", "--dot"].map((form) => ({ words: ["-n", form, "lone", "card"], machine: lonely })),
		{ words: ["-n", EVIL] },
		{ words: ["-n", "--state", EVIL] },
		{ words: [EVIL] },
		{ words: ["-vv", "--quiet", "10"] },
		{ words: ["--json", "--quiet", "10"] },
		{ words: ["--quiet", "10"], machine: () => fake({ answers: { card: "EIO" }, statuses: { lone: 3 } }) },
		{ words: ["-n", "-d", EVIL] },
		{ words: ["-n", "--config", EVIL] },
		{
			words: ["-n"],
			machine: () => fake({ files: { "/etc/hotplugd.toml": '"evil\\u001b[31m\\u202e\\nFORGED" = 1' } }),
		},
		{ words: ["-n", "--sysfs", EVIL], machine: () => fake({ withoutDevices: "ENOENT" }) },
		{ words: ["-n", "-C", EVIL] },
	],
	explain: explaining,
	why: explaining,
	capture: [
		option,
		{ words: ["a", EVIL] },
		{ words: ["-d", EVIL], machine: real },
		{ words: ["-d", hostileMachine("hostile-captured", "x:*")], machine: real },
		{ words: ["-d", hostileMachine("hostile-log", "x:*"), "--log", EVIL], machine: real },
		{ words: ["-d", hostileMachine("hostile-file", "x:*"), `${folder}/none/${EVIL}`], machine: real },
	],
	compare: [
		option,
		operand,
		{ words: [evilCapture, folder], machine: real },
		{ words: [hostileMachine("hostile-beside", "x:*"), evilCapture], machine: real },
		...[[], ["--json"], ["-v"]].map((form) => ({
			words: [hostileMachine("hostile-a", "x:*"), hostileMachine("hostile-b", "z:*"), ...form],
			machine: real,
		})),
		...["--kernel", "--config", "--policy", "--initramfs"].map((name) => ({
			words: [hostileMachine(`hostile${name}`, "x:*"), name, EVIL],
			machine: real,
		})),
		{ words: ["--initramfs", evilCapture], machine: real },
		{ words: ["--fleet", EVIL, "--kernel", folder], machine: real },
		{ words: ["--fleet", evilCapture, "--kernel", EVIL], machine: real },
	],
	timeline: [
		option,
		{ words: [EVIL], machine: answering({ ok: false, error: EVIL }) },
		{ words: ["--from", EVIL] },
		{ words: ["--from", "/t.json"], machine: recorded },
	],
	blame: [
		option,
		operand,
		{ words: ["--from", EVIL] },
		{ words: ["--from", "/t.json"], machine: recorded },
		{ words: ["--json", "--from", "/t.json"], machine: recorded },
	],
	"critical-chain": [
		option,
		{ words: [EVIL, "--from", "/t.json"], machine: recorded },
		{ words: ["--from", "/t.json"], machine: recorded },
	],
	run: [
		option,
		{ words: ["--source", EVIL] },
		{ words: ["--config", EVIL], machine: () => fake({ world: { modules: {} } }) },
		{ words: [], machine: () => fake({ lock: { held: false, pid: 1, file: EVIL } }) },
	],
	check: [
		option,
		{ words: [EVIL] },
		{ words: ["--json", EVIL] },
		{ words: [] },
		{ words: ["--config", EVIL] },
		{ words: ["-d", EVIL] },
	],
	"run-install-command": [
		option,
		{ words: [], machine: connected(`rule ${JSON.stringify({ file: `/${EVIL}`, line: 1, environment: {} })}`) },
	],
	status: [
		option,
		{ words: [], machine: answering({ status: evil(sampleStatus) }) },
		{ words: ["--json"], machine: answering({ status: evil(sampleStatus) }) },
		{ words: [], machine: answering({ ok: false, error: EVIL }) },
	],
	settle: [
		option,
		{ words: [], machine: answering({ settled: false, waiting_for: [EVIL], not_waited_for: [EVIL], note: EVIL }) },
	],
	reload: [option, operand, { words: [], machine: answering({ ok: false, error: EVIL }) }],
	load: [option, { words: ["x"], machine: answering({ result: "failed", explanation: EVIL }) }],
	stop: [option, operand, { words: [], machine: answering({ ok: false, error: EVIL }) }],
	metrics: [option, { words: [], machine: answering({ text: `# ${LINE}\n` }) }],
	kmod: [option, operand],
	modprobe: [
		option,
		operand,
		{ words: [...withRoot, "-a", "-R", "plain", `own-${WORD}`, `none${EVIL}`], machine: real },
		{ words: [...withRoot, "-D", "plain"], machine: real },
		{ words: [...withRoot, "-D", "--json", "plain"], machine: real },
		{ words: [...withRoot, "-c"], machine: real },
		{ words: [...withRoot, "-c", "--json"], machine: real },
		{ words: [...withRoot, "-n", "-v", "lone"], machine: real },
		{ words: ["--show-exports", plain], machine: real },
		{ words: ["--show-modversions", damaged], machine: real },
		{ words: ["-C", EVIL, "plain"], machine: real },
	],
	insmod: [option, { words: [EVIL], machine: real }, { words: [damaged], machine: real }],
	rmmod: [option, operand],
	lsmod: [option],
	modinfo: [
		option,
		operand,
		{ words: [plain], machine: real },
		{ words: ["-0", plain], machine: real },
		{ words: ["-F", "author", plain], machine: real },
		{ words: ["--json", plain], machine: real },
		{ words: ["-b", folder, "-k", RELEASE, "needy", EVIL], machine: real },
		{ words: [damaged], machine: real },
	],
	depmod: [
		option,
		operand,
		{ words: ["-b", folder, "-n", RELEASE], machine: real },
		{ words: ["-b", folder, "-n", "-e", "-E", "/dev/null", RELEASE], machine: real },
		{ words: ["-b", folder, "-n", "-v", RELEASE, `/${EVIL}.ko`], machine: real },
		{ words: ["-b", folder, "-C", EVIL, "-n", RELEASE], machine: real },
	],
	"kmod list": [option],
	"kmod insert": [option, operand],
	"kmod remove": [option, operand],
	"kmod static-nodes": [option, { words: ["-f", EVIL] }],
	hotplugd: [option, operand],
};

test("every command that there is meets names that are hostile", (t) => {
	const ofKmod = Object.keys(kmodCommands).filter((name) => name !== "help");
	t.deepEqual(
		Object.keys(scenes).sort(),
		[...Object.keys(tools), ...ofKmod.map((name) => `kmod ${name}`), "hotplugd"].sort(),
	);
});

/** The parts of an output with control characters, as bytes or in UTF-8, or with a forged line. */
function listSteering(said: string): readonly string[] {
	const text = Buffer.from(said, "latin1").toString("utf8");
	return [
		// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
		...(text.match(/[^\n]*[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd][^\n]*/g) ?? []),
		...(text.match(/^FORGED.*/gm) ?? []),
	];
}

for (const [command, all] of Object.entries(scenes))
	test(`on a terminal, what ${command} says of hostile names is escaped`, async (t) => {
		for (const { words, machine: make = fake } of all) {
			const machine = make();
			const called = command === "hotplugd" ? [] : command.split(" ");
			await run(["node", "/sbin/hotplugd", ...called, ...words], {
				...machine,
				environment: { ...machine.environment, NO_COLOR: "1" },
				isTerminal: () => true,
			});
			const said = machine.printed() + machine.complained();
			t.deepEqual(listSteering(said), [], words.join(" "));
			t.true(said.includes("evil"), `nothing evil met: ${JSON.stringify(words)}: ${said}`);
		}
	});

test("in colour nothing but the command's own colours steers a terminal", async (t) => {
	for (const { words, machine: make = fake } of scenes.coldplug!) {
		const machine = make();
		const environment = { ...machine.environment, FORCE_COLOR: "1" };
		await run(["node", "/sbin/hotplugd", "coldplug", ...words], { ...machine, environment });
		const said = machine.printed() + machine.complained();
		t.false(said.includes("evil\x1b"), said);
		// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the command's colours.
		t.deepEqual(listSteering(said.replaceAll(/\x1b\[\d+m/g, "")), [], words.join(" "));
	}
});

test("hotplugd's own commands say it so to a pipe, too", async (t) => {
	const own = Object.keys(scenes).filter((name) => !/^(?:kmod|modprobe|insmod|rmmod|lsmod|modinfo|depmod)/.test(name));
	for (const command of own)
		for (const { words, machine: make = fake } of scenes[command]!) {
			const machine = make();
			await run(["node", "/sbin/hotplugd", ...(command === "hotplugd" ? [] : [command]), ...words], machine);
			t.deepEqual(listSteering(machine.printed() + machine.complained()), [], `${command} ${words.join(" ")}`);
		}
});

test("kmod's tools say to a pipe what kmod says, byte for byte", async (t) => {
	const machine = real();
	await run(["node", "/sbin/modprobe", "-C", "/dev/null", EVIL], machine);
	t.true(machine.complained().startsWith(`modprobe: FATAL: Module ${EVIL} not found in directory `));
	const asked = real();
	await run(["node", "/sbin/modinfo", "-F", "author", plain], asked);
	t.is(asked.printed(), `${EVIL}\n`);
});

test("the executable tells a terminal from a pipe", (t) => {
	const evilWord = "evil\x1b[31m";
	const line = (command: string) => `${process.execPath} dist/main.js ${command} "$1"`;
	const asked = ["modprobe -C /dev/null", "coldplug"].map((command) => {
		const env = { ...process.env, EVIL: evilWord };
		const piped = spawnSync("sh", ["-c", `${line(command)} 2>&1`, "sh", evilWord], { encoding: "latin1" });
		const shown = execFileSync("script", ["-qc", line(command).replace("$1", "$EVIL"), "/dev/null"], {
			encoding: "latin1",
			env,
		});
		return [piped.stdout, shown.replaceAll("\r", "")] as const;
	});
	const escaped = "evil\\x1b[31m";
	const [modprobe, coldplug] = asked;
	t.true(modprobe![0].includes(`Module ${evilWord} not found`), modprobe![0]);
	t.true(modprobe![1].includes(`Module ${escaped} not found`), modprobe![1]);
	for (const said of coldplug!) t.true(said.includes(`unexpected argument '${escaped}'`), said);
});
