import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { takeSpooled } from "../../../src/linux/service/request-spool.js";
import { makeSteppedClock } from "../../support/fakes/stepped-clock.js";
import { compileThinHelper, makeThinHelper, THIN_HELPER, type ThinHelper } from "../../support/running/thin-helper.js";

const KERNEL = ["-q", "--", "fs-xfs"];

function helperOf(t: ExecutionContext, { seconds = 30, modprobe = true } = {}): ThinHelper {
	const helper = makeThinHelper(seconds, modprobe);
	t.teardown(() => helper.remove());
	return helper;
}

const end = (answer: string) => (socket: Socket) => void socket.end(answer);

test("the source is at most a hundred lines long", (t) => {
	t.true(readFileSync(THIN_HELPER, "utf8").split("\n").length <= 101);
});

const sends = test.macro({
	async exec(t, words: string[], modalias: string | undefined, line: string) {
		const helper = helperOf(t);
		for (const status of [0, 1]) {
			const agent = await helper.serve(end(`${status}\n`));
			t.is(await helper.run(words, modalias), status);
			t.deepEqual(agent.lines, [line]);
			await agent.close();
		}
		t.deepEqual(helper.modprobeCalls(), []);
	},
	title: (title) => `${title}, and its exit status is the agent's answer`,
});

test("called as the kernel calls modprobe it asks for the kernel", sends, KERNEL, undefined, "k fs-xfs\n");
test("the environment is of no account to the kernel", sends, KERNEL, "pci:v1", "k fs-xfs\n");
test("called by udev it waits for the device's alias", sends, [], "pci:v1", "w pci:v1\n");
test("it does not wait when told so", sends, ["--no-wait"], "pci:v1", "n pci:v1\n");
test("an alias may hold blanks, quotes and bytes that are no ASCII", sends, [], `a b'"$(c)é`, `w a b'"$(c)é\n`);
test("an alias may look like an option", sends, ["-q", "--", "--remove"], undefined, "k --remove\n");
test("an alias may be long", sends, [], "a".repeat(8192), `w ${"a".repeat(8192)}\n`);

test("an answer may come in pieces and late", async (t) => {
	const helper = helperOf(t);
	const agent = await helper.serve((socket) => {
		socket.write("0");
		setTimeout(() => socket.end("\n"), 200);
	});
	t.is(await helper.run(KERNEL), 0);
	await agent.close();
	t.deepEqual(helper.modprobeCalls(), []);
});

const fallsBack = test.macro({
	async exec(t, answer: ((socket: Socket) => void) | undefined, seconds: number) {
		const helper = helperOf(t, { seconds });
		const agent = answer && (await helper.serve(answer));
		t.is(await helper.run(KERNEL), 7);
		t.is(await helper.run([], "a b"), 7);
		t.is(await helper.run(["--no-wait"], "a b"), 7);
		t.deepEqual(helper.modprobeCalls(), ["[-q][--][fs-xfs]", "[-bq][--][a b]", "[-bq][--][a b]"]);
		await agent?.close();
	},
	title: (title) => `${title}, modprobe does the work`,
});

test("where no agent listens", fallsBack, undefined, 30);
test("where the agent ends without an answer", fallsBack, (socket) => void socket.destroy(), 30);
test("where the agent's answer is cut short", fallsBack, end("0"), 30);
test("where the answer is another", fallsBack, end("3\n"), 30);
test("where the agent refuses since it stops, answering 2", fallsBack, end("2\n"), 30);
test("where the answer is rubbish", fallsBack, end("\0".repeat(5000)), 30);
test("where the agent says nothing for too long", fallsBack, (socket) => void socket.on("end", () => socket.end()), 1);

for (const [way, milliseconds] of [
	["ahead", 3_600_000],
	["back", -3_600_000],
] as const)
	test(`the wall clock is set ${way} while the agent says nothing: it waits as long as ever`, async (t) => {
		const helper = helperOf(t, { seconds: 1 });
		const clock = makeSteppedClock(helper.clock);
		const agent = await helper.serve((socket) => {
			clock.setAhead(milliseconds);
			socket.on("end", () => socket.end());
		});
		const begun = performance.now();
		t.is(await helper.run(KERNEL, undefined, { ...clock.environment, LD_PRELOAD: clock.library }), 7);
		t.true(performance.now() - begun >= 1000);
		await agent.close();
	});

const refuses = test.macro({
	async exec(t, words: string[], modalias: string | undefined, status: number) {
		const helper = helperOf(t);
		const agent = await helper.serve(end("0\n"));
		t.is(await helper.run(words, modalias), status);
		await agent.close();
		t.deepEqual([agent.lines, helper.modprobeCalls()], [[], []]);
	},
	title: (title) => `${title} is asked of nobody`,
});

test("no alias", refuses, [], undefined, 1);
test("an empty alias", refuses, [], "", 1);
test("an empty alias of the kernel", refuses, ["-q", "--", ""], undefined, 1);
test("an alias of two lines", refuses, [], "a\nn b", 1);
test("an alias longer than any", refuses, [], "a".repeat(8193), 1);
test("an alias as a word", refuses, ["pci:v1"], "pci:v2", 2);
test("another option", refuses, ["--remove"], "pci:v2", 2);
test("several aliases", refuses, ["-q", "--", "a", "b"], undefined, 2);

test("asked whether it runs it says its name, and asks nobody", async (t) => {
	const helper = helperOf(t);
	const agent = await helper.serve(end("1\n"));
	t.is(execFileSync(compileThinHelper(30), ["--check"], { cwd: helper.folder, encoding: "utf8" }), "hotplugd-load\n");
	t.is(await helper.run(["--check"], "pci:v1"), 0);
	await agent.close();
	t.deepEqual([agent.lines, helper.modprobeCalls()], [[], []]);
});

test("without agent and modprobe an alias waits for the agent, whole and in order", async (t) => {
	const helper = helperOf(t, { modprobe: false });
	t.deepEqual(takeSpooled(helper.spool), []);
	t.is(await helper.run(KERNEL), 1);
	t.is(await helper.run(["--no-wait"], "a b"), 0);
	t.is(await helper.run([], "c"), 1);
	t.deepEqual(takeSpooled(helper.spool).map(String), ["k fs-xfs", "n a b", "w c"]);
	t.deepEqual(takeSpooled(helper.spool), []);
});

test("an agent that has begun to listen when the alias is in the spool is asked again", async (t) => {
	const helper = helperOf(t, { modprobe: false });
	let times = 0;
	// The agent drops the first connection, as if no agent had been there.
	const agent = await helper.serve((socket) => (++times === 1 ? socket.destroy() : socket.end("0\n")));
	t.is(await helper.run(KERNEL), 0);
	t.deepEqual(agent.lines, ["k fs-xfs\n", "k fs-xfs\n"]);
	await agent.close();
	t.deepEqual(takeSpooled(helper.spool).map(String), ["k fs-xfs"]);
});

test("an agent that says nothing is not asked twice as long", async (t) => {
	const helper = helperOf(t, { seconds: 1, modprobe: false });
	const agent = await helper.serve((socket) => void socket.on("end", () => socket.end()));
	t.is(await helper.run(["--no-wait"], "a b"), 0);
	// The second request does not wait for an answer.
	t.true(agent.lines.length <= 2);
	await agent.close();
	t.deepEqual(takeSpooled(helper.spool).map(String), ["n a b"]);
});

test("a link planted where it might write is not written through", (t) => {
	const helper = helperOf(t, { modprobe: false });
	const options = { cwd: helper.folder, env: { PATH: "/usr/bin:/bin", MODALIAS: "a" } };
	const script = 'mkdir -m 700 spool; echo kept >target; ln -s ../target spool/.$$; exec "$0" --no-wait';
	execFileSync("sh", ["-c", script, compileThinHelper(30)], options);
	t.is(readFileSync(join(helper.folder, "target"), "utf8"), "kept\n");
	t.deepEqual(takeSpooled(helper.spool).map(String), ["n a"]);
});

test("only so many wait", async (t) => {
	const helper = helperOf(t, { modprobe: false });
	const names = () => readdirSync(helper.spool);
	mkdirSync(helper.spool);
	// The directory's own entries, "." and "..", count as well.
	for (let i = 0; i < 1021; i++) writeFileSync(join(helper.spool, `${i}`), "w a\n");
	t.is(await helper.run(["--no-wait"], "the last"), 0);
	t.is(await helper.run(["--no-wait"], "one more"), 1);
	t.is(names().length, 1022);
	t.false(names().some((name) => name.startsWith(".")));
});
