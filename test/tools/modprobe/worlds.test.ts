// modprobe beside the real one in worlds that nobody would write by hand: the insertions, commands and removals with their
// order, the output, and the exit status when any of these fails.
import test, { type ExecutionContext } from "ava";
import { type ModprobeCall, type ModprobeMachine, runBothModprobes } from "../../support/fakes/modprobe-machine.js";
import { compare } from "../../support/real/compared-modprobe.js";
import { type Random, seededRandom } from "../../support/worlds/random-numbers.js";

const WORLDS = 5;
const CALLS = 24;
/** Hundreds of processes take long on a busy machine. */
const WORLDS_TIMEOUT_MILLISECONDS = 180_000;
/** Exit statuses of a crash by SIGSEGV, and of a process that was killed because it would never end. */
const CRASHED = [139, 137];

type World = ModprobeMachine & { readonly inCircles: boolean };

function randomMachine(random: Random): World {
	const names = Array.from({ length: 4 + random.below(6) }, (_, n) => `m${random.pick(["-", "_"])}${n}`);
	const needs = names.map((_, n) => names.slice(0, n).filter(() => random.below(3) === 0));
	const modules = Object.fromEntries(
		names.map((name, n) => [
			name,
			{
				exports: [`s${name}`],
				needs: needs[n]!.map((other) => `s${other}`),
				modinfo: [`alias=al${n}:*`, "alias=shared"],
			},
		]),
	);
	const asked = () => random.pick([...names, ...names, "al1:x", "al2:y", "shared", "absent", "inbuilt", "cmd"]);
	// Removals follow softdeps, and kmod 30 fails on a circle of softdeps: the table of differences has a row for that.
	const inCircles = random.below(2) === 0;
	const softdep = (): string => {
		const n = random.below(names.length);
		const others = inCircles || n === 0 ? asked : () => random.pick([...names.slice(0, n), "inbuilt", "absent"]);
		const list = (head: string): string => {
			const words = Array.from({ length: n === 0 && !inCircles ? 0 : random.below(3) }, others);
			return words.length > 0 ? ` ${head}: ${words.join(" ")}` : "";
		};
		const lists = list("pre") + list("post");
		return lists === "" ? "" : `softdep ${names[n]}${lists}`;
	};
	// One line for each module, since ours warns of a second one.
	const softdeps = new Map(Array.from({ length: random.below(5) }, softdep).map((line) => [key(line), line]));
	const install = (kind: string) =>
		`${kind} ${random.pick([...names, "cmd"])} ${random.pick(["true", "exit 3", "echo $CMDLINE_OPTS $MODPROBE_MODULE >&2"])}`;
	const lines = [
		...softdeps.values(),
		...Array.from({ length: random.below(3) }, () => install("install")).filter((line) => !softdeps.has(key(line))),
		...Array.from({ length: random.below(3) }, () => install("remove")),
		...Array.from(
			{ length: random.below(3) },
			() => `options ${asked()} standin.errno=${random.pick([8, 16, 17, 19, 22])}`,
		),
		...Array.from({ length: random.below(3) }, () => `options ${asked()} a=${random.below(9)}`),
		...Array.from({ length: random.below(3) }, () => `blacklist ${random.pick(names)}`),
		...Array.from({ length: random.below(3) }, () => `alias al1:x ${asked()}`),
	];
	const live = closed(
		names,
		needs,
		names.filter(() => random.below(2) === 0),
	);
	const used = live.filter(() => random.below(5) === 0).map((name) => name.replace("-", "_"));
	return { modules, builtin: ["inbuilt"], config: `${lines.join("\n")}\n`, live, used, lively: true, inCircles };
}

const key = (line: string): string => (line.split(" ")[1] ?? "").replace("-", "_");

/** The wanted modules with all that they need, in an order with needed modules first. */
function closed(names: readonly string[], needs: readonly (readonly string[])[], wanted: readonly string[]): string[] {
	const all = new Set(wanted);
	for (let n = names.length - 1; n >= 0; n--) if (all.has(names[n]!)) for (const need of needs[n]!) all.add(need);
	return names.filter((name) => all.has(name));
}

function randomCall(random: Random, { modules, config = "", inCircles }: World): ModprobeCall {
	const names = Object.keys(modules);
	const wanted = () => random.pick([...names, ...names, "al1:x", "al2:y", "shared", "cmd", "inbuilt"]);
	const options = ["-v", "-q", "-b", "-i", "-f", "--first-time", "-nv", "-D"].filter(() => random.below(5) === 0);
	const removals = config.includes("softdep") ? [["-r"], ["-r", "-a"]] : [["-r"], ["-r", "--remove-holders"]];
	const what = random.pick([["-a"], [], ...(inCircles ? [] : removals)]);
	const operands = what.includes("-a") ? [wanted(), wanted(), wanted()] : [wanted()];
	const heard = what.includes("--remove-holders") ? options.filter((option) => option !== "-q") : options;
	return { words: ["-C", "conf", ...heard, ...what, ...operands] };
}

test("in random worlds the same is inserted, run, removed and said, whatever fails", async (t) => {
	t.timeout(WORLDS_TIMEOUT_MILLISECONDS);
	const random = seededRandom(t);
	let calls = 0;
	for (let world = 0; world < WORLDS; world++) {
		const machine = randomMachine(random);
		const asked = Array.from({ length: CALLS }, () => randomCall(random, machine));
		const runs = await runBothModprobes(machine, asked);
		for (const [number, call] of asked.entries()) {
			const { real, ours } = runs[number]!;
			// Two rows of the table of differences apply: a module that went with its holder, and softdeps in circles.
			if (call.words.includes("--remove-holders") && /No such file or directory/.test(real.stderr)) continue;
			if (CRASHED.includes(real.status)) continue;
			try {
				compare(t, { ...call, notices: noticesIn(ours.stderr) }, real, ours);
			} catch (failure) {
				show(t, machine);
				throw failure;
			}
			calls += real.calls.length;
		}
	}
	t.log(`${calls} calls of the kernel`);
	t.true(calls > 20);
});

/** Our notices, which explain an answer of the kernel or why nothing was done; other tests check them. */
function noticesIn(stderr: string): string[] {
	return stderr.split("\n").flatMap((line) => /^modprobe: NOTICE: (.*)/.exec(line)?.[1] ?? []);
}

function show(t: ExecutionContext, { modules, config, live, used }: ModprobeMachine): void {
	t.log(
		config,
		JSON.stringify({ live, used, needs: Object.entries(modules).map(([name, { needs }]) => [name, needs]) }),
	);
}
