import test from "ava";
import { type Command, type CommandReport, makeCommandPool } from "../../../src/agent/commands/command-pool.js";
import type { CommandEnd } from "../../../src/ports/commands.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

/** A pool whose commands end when the test ends them. */
function pretend(atOnce: number, mostWaiting?: number) {
	const begun: string[] = [];
	const underway = new Map<string, { end: (end: Partial<CommandEnd>) => void; fail: (error: Error) => void }>();
	const reports: CommandReport[] = [];
	const pool = makeCommandPool({
		run(command, onBegun) {
			const name = nameOf(command);
			begun.push(name);
			onBegun(pidOf(name));
			return new Promise((resolve, reject) => {
				const end = (given: Partial<CommandEnd>) =>
					resolve({ exitStatus: 0, timedOut: false, complaint: "", ...given });
				underway.set(name, { end, fail: reject });
			});
		},
		atOnce,
		...(mostWaiting !== undefined && { mostWaiting }),
		report: (report) => void reports.push(report),
	});
	return {
		pool,
		begun,
		underway,
		add: (...names: readonly string[]) => {
			for (const name of names) pool.add(named(name));
		},
		async end(name: string, how: Partial<CommandEnd> | Error = {}) {
			const command = underway.get(name);
			if (command === undefined) throw new Error(`${name} does not run`);
			underway.delete(name);
			if (how instanceof Error) command.fail(how);
			else command.end(how);
			await new Promise((resolve) => setImmediate(resolve));
		},
		told: () => reports.map(({ command, result }) => `${nameOf(command)} ${result}`),
		reports,
	};
}

/** A command named by its device and a number: "a1" is the first command of device a. */
const named = (name: string): Command => ({
	device: name.slice(0, 1),
	action: "add",
	rule: { file: "p", line: 1 },
	command: ["/bin/x", name],
	environment: {},
	timeoutMilliseconds: 1000,
});
/** The pid of a command's process. */
const pidOf = (name: string): number => Number.parseInt(name, 36);
const nameOf = ({ command }: Command): string => command[1] ?? "";

test("so many run at once and no more, and those that wait begin in order", async (t) => {
	const { add, begun, end, pool } = pretend(2);
	add("a1", "b1", "c1", "d1");
	t.deepEqual(begun, ["a1", "b1"]);
	t.is(pool.running(), 2);
	t.is(pool.waiting(), 2);
	await end("b1");
	await end("a1");
	t.deepEqual(begun, ["a1", "b1", "c1", "d1"]);
	t.is(pool.waiting(), 0);
});

test("commands of one device run one after the other, in order, and hold up no other device", async (t) => {
	const { add, begun, end } = pretend(3);
	add("a1", "a2", "b1", "a3");
	t.deepEqual(begun, ["a1", "b1"]);
	add("b2");
	await end("a1");
	t.deepEqual(begun, ["a1", "b1", "a2"]);
	await end("b1");
	await end("a2");
	t.deepEqual(begun, ["a1", "b1", "a2", "b2", "a3"]);
});

test("a device with many commands does not go before others that have waited longer", async (t) => {
	const { add, begun, end } = pretend(1);
	add("a1", "a2", "b1");
	await end("a1");
	await end("b1");
	t.deepEqual(begun, ["a1", "b1", "a2"]);
});

test("how each ended is told", async (t) => {
	const { add, end, told, reports } = pretend(4);
	add("a1", "b1", "c1", "d1");
	await end("a1");
	await end("b1", { exitStatus: 3, complaint: "no" });
	await end("c1", { exitStatus: 143, timedOut: true });
	await end("d1", new Error("ENOENT"));
	t.deepEqual(told(), ["a1 done", "b1 failed", "c1 timed out", "d1 not started"]);
	t.like(reports[1], { kind: "command", exitStatus: 3, complaint: "no", command: { device: "b", rule: { line: 1 } } });
	t.is(reports[3]?.reason?.message, "ENOENT");
});

test("what is too much to wait is dropped and told", async (t) => {
	const { add, begun, end, told, pool } = pretend(1, 2);
	add("a1", "b1", "a2", "c1");
	t.deepEqual(told(), ["c1 dropped"]);
	t.is(pool.waiting(), 2);
	await end("a1");
	add("d1");
	t.deepEqual(begun, ["a1", "b1"]);
	t.deepEqual(told(), ["c1 dropped", "a1 done"]);
});

test("when it is stopped nothing more begins, and what runs is awaited", async (t) => {
	const { add, begun, end, told, pool } = pretend(1);
	add("a1", "a2", "b1");
	let ended = false;
	const stopped = pool.stop().then(() => {
		ended = true;
	});
	add("c1");
	t.deepEqual(told(), ["a2 stopped", "b1 stopped", "c1 stopped"]);
	await new Promise((resolve) => setImmediate(resolve));
	t.false(ended);
	await end("a1");
	await stopped;
	t.deepEqual(begun, ["a1"]);
	t.deepEqual(told().at(-1), "a1 done");
});

const unfinished = test.macro({
	exec(t, atOnce: number, added: string, exempt: string, expected: readonly [awaited: string, exempt: string]) {
		const { add, pool } = pretend(atOnce);
		add(...added.split(" "));
		const pids = exempt.split(" ").map(pidOf);
		const left = pool.unfinished(pool.latest(), (own) => own.some((pid) => pids.includes(pid)));
		const names = (commands: readonly Command[]) => commands.map(nameOf).join(" ");
		t.deepEqual([names(left.awaited), names(left.exempt)], [...expected]);
	},
	title: (title) => `of what has not ended ${title}`,
});

test("all is awaited where nothing is exempt", unfinished, 2, "a1 b1 a2 c1", "", ["a1 b1 a2 c1", ""]);
test("what comes after an exempt one of its device is exempt, too", unfinished, 2, "a1 b1 a2 b2", "a1", [
	"b1 b2",
	"a1 a2",
]);
test("what waits for a place is awaited while another may give it", unfinished, 2, "a1 b1 c1", "a1", ["b1 c1", "a1"]);
test("what waits for a place that none but exempt ones have is exempt", unfinished, 1, "a1 b1 b2", "a1", [
	"",
	"a1 b1 b2",
]);
test("what has not begun is not exempt by itself", unfinished, 1, "a1 b1", "b1", ["a1 b1", ""]);

test("what was added after a number is none of those up to it", async (t) => {
	const { add, pool, end } = pretend(2);
	add("a1", "a2");
	const latest = pool.latest();
	add("b1", "a3");
	const awaited = () => pool.unfinished(latest, () => false).awaited.map(nameOf);
	t.deepEqual(awaited(), ["a1", "a2"]);
	await end("a1");
	t.deepEqual(awaited(), ["a2"]);
	await end("a2");
	t.deepEqual(awaited(), []);
});

test("whatever comes and ends, the bound holds, devices keep their order, and everything is told once", async (t) => {
	const random = seededRandom(t);
	const { add, begun, end, told, underway, pool } = pretend(3, 20);
	const added: string[] = [];
	for (let round = 0; round < 2000; round++) {
		if (random.below(2) === 0) {
			const name = `${random.pick("abcdefgh")}${round}`;
			added.push(name);
			add(name);
		} else if (underway.size > 0) await end(random.pick([...underway.keys()]));
		t.true(underway.size <= 3 && pool.waiting() <= 20);
		t.true(
			underway.size === 3 ||
				pool.waiting() === 0 ||
				new Set([...underway.keys()].map((name) => name[0])).size === underway.size,
		);
	}
	while (underway.size > 0) await end([...underway.keys()][0]!);
	const dropped = new Set(told().flatMap((line) => (line.endsWith(" dropped") ? line.split(" ") : [])));
	const expected = added.filter((name) => !dropped.has(name));
	for (const device of "abcdefgh")
		t.deepEqual(
			begun.filter((name) => name[0] === device),
			expected.filter((name) => name[0] === device),
		);
	t.is(told().length, added.length);
	t.true(dropped.size > 0 && begun.length > 500);
});
