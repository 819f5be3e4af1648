import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { ask } from "../../../src/linux/service/control-client.js";
import { type ControlSocketOptions, controlLimits, listenControl } from "../../../src/linux/service/control-socket.js";
import { answerTo, controlSession } from "../../support/programs/control-session.js";
import { until } from "../../support/running/until.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const LONG_MILLISECONDS = 60_000;

/** A path in a new folder, which the test's teardown removes. */
function makePath(t: ExecutionContext): string {
	const folder = mkdtempSync(join(tmpdir(), "control-"));
	t.teardown(() => rmSync(folder, { recursive: true, force: true }));
	return join(folder, "run/control");
}

/** Starts a process that listens at a control socket. */
async function startServer(t: ExecutionContext, limits: Partial<ControlSocketOptions> = {}) {
	const path = makePath(t);
	const server = spawn(process.execPath, [controlSession, path, JSON.stringify(limits)], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	t.teardown(() => server.kill("SIGKILL"));
	await once(server.stdout, "data");
	return { path, server, answer: async (size: number) => (await ask(path, `${size}\n`, LONG_MILLISECONDS)).length };
}

/** Resident memory in bytes. */
function residentSize({ pid }: ChildProcess): number {
	return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
}

/** A client's end of a connection. Its errors are not the test's. */
function open(path: string): Socket {
	return connect({ path, allowHalfOpen: true }).on("error", () => {});
}

const isClosed = (socket: Socket) => (socket.closed ? undefined : once(socket, "close"));

/** Resolves when the server has closed the connection. */
async function isEnded(socket: Socket): Promise<void> {
	socket.resume();
	if (!socket.readableEnded && !socket.closed)
		await new Promise((resolve) => socket.once("end", resolve).once("close", resolve));
	socket.destroy();
}

async function readAll(socket: Socket): Promise<string> {
	const chunks: Buffer[] = [];
	for await (const chunk of socket) chunks.push(chunk);
	return Buffer.concat(chunks).toString("latin1");
}

test("a line is answered, and so is the next one, in order", async (t) => {
	const { path } = await startServer(t);
	const client = open(path);
	client.end("3\n0\n100000\n");
	t.is(await readAll(client), answerTo(3) + answerTo(0) + answerTo(100_000));
});

test("a line may come in pieces, or many in one", async (t) => {
	const { path } = await startServer(t);
	const client = open(path);
	for (const piece of ["1", "2", "\n3\n", "4\n5", "\n"]) {
		client.write(piece);
		await setTimeout(5);
	}
	client.end();
	t.is(await readAll(client), [12, 3, 4, 5].map(answerTo).join(""));
});

test("the directory is made for its user alone, and the socket too", async (t) => {
	const { path } = await startServer(t);
	t.is(statSync(join(path, "..")).mode & 0o777, 0o700);
	t.is(statSync(path).mode & 0o777, 0o600);
});

test("a directory that others may read is closed to them; one that is not to be trusted is refused", async (t) => {
	const path = makePath(t);
	const folder = join(path, "..");
	const listen = () => listenControl({ path, answer: async () => "" });
	mkdirSync(folder);
	chmodSync(folder, 0o755);
	await (await listen()).close();
	t.is(statSync(folder).mode & 0o777, 0o700);
	chmodSync(folder, 0o777);
	await t.throwsAsync(listen, { name: "Refusal", message: `trust ${folder}: EACCES` });
	rmSync(folder, { recursive: true });
	symlinkSync(tmpdir(), folder);
	await t.throwsAsync(listen, { name: "Refusal", message: `trust ${folder}: ENOTDIR` });
	rmSync(folder);
	writeFileSync(folder, "");
	await t.throwsAsync(listen, { name: "Refusal", message: `trust ${folder}: ENOTDIR` });
});

test("a socket that a killed process left is replaced, and nothing else is", async (t) => {
	const { path, server } = await startServer(t);
	server.kill("SIGKILL");
	await once(server, "exit");
	await t.throwsAsync(ask(path, "1\n", LONG_MILLISECONDS), { message: `ask ${path}: ECONNREFUSED` });
	const socket = await listenControl({ path, answer: async (line) => `${line} it is\n` });
	t.is((await ask(path, "what\n", LONG_MILLISECONDS)).toString(), "what it is");
	await socket.close();
	t.false(existsSync(path));
	writeFileSync(path, "precious");
	await t.throwsAsync(listenControl({ path, answer: async () => "" }), { message: `listen on ${path}: EADDRINUSE` });
	t.is(readFileSync(path, "utf8"), "precious");
});

test("a path that no socket can have is refused", async (t) => {
	const path = `${makePath(t)}${"x".repeat(200)}`;
	await t.throwsAsync(listenControl({ path, answer: async () => "" }), { name: "Refusal" });
});

test("what an answer throws ends its connection alone", async (t) => {
	const { path, answer } = await startServer(t);
	await t.throwsAsync(ask(path, "fail\n", LONG_MILLISECONDS), { message: `ask ${path}: ECONNRESET` });
	t.is(await answer(1), 1);
});

test("where an answer ends the connection, what follows the line is not heard", async (t) => {
	const { path } = await startServer(t, { oneAnswer: true });
	const client = open(path);
	client.write("3\n4\n");
	t.is(await readAll(client), answerTo(3));
});

test("closing lets an answer that is due go out, ends the others, and takes the socket away", async (t) => {
	const path = makePath(t);
	let finish = () => {};
	const finished = new Promise<void>((resolve) => {
		finish = resolve;
	});
	let hear = () => {};
	const heard = new Promise<void>((resolve) => {
		hear = resolve;
	});
	const socket = await listenControl({
		path,
		answer() {
			hear();
			return finished.then(() => answerTo(500_000));
		},
		closingMilliseconds: LONG_MILLISECONDS,
	});
	const idle = open(path);
	await once(idle, "connect");
	const due = ask(path, "1\n", LONG_MILLISECONDS);
	await heard;
	const closing = socket.close();
	t.false(existsSync(path));
	await t.throwsAsync(ask(path, "1\n", LONG_MILLISECONDS), { message: `ask ${path}: ENOENT` });
	await isEnded(idle);
	finish();
	t.is((await due).length, 500_000);
	await closing;
	await socket.close();
});

test("closing waits for nobody for ever", async (t) => {
	const { path, server } = await startServer(t, { closingMilliseconds: 100 });
	const [never, unread, asking] = [open(path), open(path), open(path)];
	never.end("never\n");
	unread.write(`${2 ** 19}\n`);
	await setTimeout(100);
	const exited = once(server, "exit");
	asking.end("close\n");
	t.deepEqual(await exited, [0, null]);
});

test("half a line, none at all, and one that drips are closed in time, and answers are not", async (t) => {
	// Longer than a busy machine may keep this process from writing its lines.
	const silenceMilliseconds = 3000;
	const { path, answer } = await startServer(t, { silenceMilliseconds });
	const [half, silent, dripping, asked] = [open(path), open(path), open(path), open(path)];
	half.write("12");
	asked.write("never\n");
	const drip = setInterval(() => dripping.write("1"), 20);
	t.teardown(() => clearInterval(drip));
	await Promise.all([half, silent, dripping].map(isEnded));
	await setTimeout(silenceMilliseconds);
	t.false(asked.resume().destroyed);
	t.is(await answer(1), 1);
	asked.destroy();
});

test("a line may be as long as it may be; one that is longer is cut off and the last", async (t) => {
	const path = makePath(t);
	const socket = await listenControl({ path, answer: async (line) => `${line.length}\n`, lineBytes: 1000 });
	t.teardown(() => socket.close());
	for (const [sent, answers] of [
		[`${"x".repeat(1000)}\n\n`, "1000\n0\n"],
		[`${"x".repeat(1001)}\n\n`, "1001\n"],
		["x".repeat(200_000), "1001\n"],
	] as const) {
		const client = open(path);
		client.write(sent);
		if (answers.includes("\n0")) client.end();
		t.is(await readAll(client), answers, `${sent.length}`);
	}
});

test("a client that never reads is not answered on and on, and closed in time, and the others are answered", async (t) => {
	const path = makePath(t);
	const ANSWER_BYTES = 50_000;
	let answers = 0;
	const socket = await listenControl({
		path,
		async answer(line) {
			if (line.length > 0) return "other\n";
			answers++;
			return answerTo(ANSWER_BYTES);
		},
		silenceMilliseconds: 1500,
	});
	t.teardown(() => socket.close());
	const clients = Array.from({ length: 20 }, () => open(path));
	for (const client of clients) client.pause().write("\n".repeat(100_000));
	t.is((await ask(path, "x\n", LONG_MILLISECONDS)).toString(), "other");
	for (const client of clients) {
		// Only a write tells the client that the server has gone.
		while (!client.closed) {
			client.write("\n");
			await setTimeout(10);
		}
	}
	t.is((await ask(path, "x\n", LONG_MILLISECONDS)).toString(), "other");
	// The answers that the kernel's buffer holds, and one more for each client that did not fit into it.
	t.true(answers >= 20 && answers * ANSWER_BYTES <= 20 * (600_000 + ANSWER_BYTES), `${answers}`);
});

test("a client that reads late gets all of its answers, in order", async (t) => {
	const { path } = await startServer(t);
	const client = open(path).pause();
	client.end("300000\n200000\n1\n400000\n");
	await setTimeout(300);
	const read = await readAll(client);
	t.true(read === [300_000, 200_000, 1, 400_000].map(answerTo).join(""), `${read.length}`);
});

test("two thousand connections are refused or answered, and memory stays", async (t) => {
	// Six thousand system calls in two processes take long on a busy machine.
	t.timeout(180_000);
	const { path, server, answer } = await startServer(t);
	const steady = open(path);
	let heard = 0;
	steady.on("data", (chunk: Buffer) => {
		heard += chunk.length;
	});
	steady.write("1\n");
	const before = residentSize(server);
	let opened = 0;
	let refused = 0;
	const come = async (): Promise<void> => {
		while (opened++ < 2000) {
			const client = open(path);
			const told = readAll(client).catch(() => "");
			client.write("2\n");
			if (opened % 2 === 0) client.end();
			const answered = await Promise.race([
				told,
				once(client, "data").then(
					([chunk]) => String(chunk),
					() => "",
				),
			]);
			if (answered === "") refused++;
			client.destroy();
		}
	};
	await Promise.all(Array.from({ length: 150 }, come));
	steady.write("1\n");
	await until(() => heard >= 4);
	t.log(`${refused} refused`);
	t.true(refused < 2000);
	t.is(await answer(5), 5);
	steady.destroy();
	t.true(residentSize(server) - before < 80e6, `${residentSize(server) - before}`);
});

/** Resolves when the server answers again: it may notice the end of one client later than the connection of the next. */
async function untilAnswered(answer: (size: number) => Promise<number>): Promise<void> {
	await until(async () => (await answer(1).catch(() => 0)) === 1);
}

test("more connections than may be are closed unheard, and there is room again when others have gone", async (t) => {
	const { path, answer } = await startServer(t, { connections: 3 });
	const clients = [open(path), open(path), open(path)];
	for (const client of clients) client.write("1\n");
	for (const client of clients) await once(client, "data");
	t.regex((await t.throwsAsync(answer(1))).message, /: (ECONNRESET|EPIPE)$/);
	clients[1]!.destroy();
	await untilAnswered(answer);
	for (const client of clients) client.destroy();
	t.pass();
});

test("who asks, stops writing and leaves does not keep his place", async (t) => {
	const { path, answer } = await startServer(t, { connections: 1 });
	const client = open(path);
	client.end("never\n");
	await setTimeout(50);
	await t.throwsAsync(answer(1));
	client.destroy();
	await untilAnswered(answer);
	t.pass();
});

test("rubbish is answered line by line, whatever it is, and the server lives", async (t) => {
	const random = seededRandom(t);
	const { path, answer } = await startServer(t);
	for (let round = 0; round < 100; round++) {
		const rubbish = random.bytes(random.below(3000));
		const lines = rubbish.filter((byte) => byte === 10).length;
		const client = open(path);
		if (random.below(3) === 0) {
			client.write(rubbish, () => client.destroy());
			await isClosed(client);
			continue;
		}
		client.end(rubbish);
		t.is((await readAll(client)).split("\n").length - 1, lines);
	}
	t.is(await answer(7), 7);
});

test("the client gives up in time, and takes no endless answer", async (t) => {
	const { path } = await startServer(t);
	await t.throwsAsync(ask(path, "never\n", 50), { message: `ask ${path}: ETIMEDOUT` });
	await t.throwsAsync(ask(path, `${2 ** 24 + 2 ** 20}\n`, LONG_MILLISECONDS), { message: `ask ${path}: EMSGSIZE` });
});

test("an answer learns who asks, and when he has gone, whatever else he has sent", async (t) => {
	const path = makePath(t);
	const lineages: (readonly number[])[] = [];
	let left = () => {};
	const gone = new Promise<void>((resolve) => {
		left = resolve;
	});
	const socket = await listenControl({
		path,
		async answer(line, client) {
			lineages.push(client.lineage());
			if (line.toString() === "wait") while (!client.hasGone()) await setTimeout(5);
			if (client.hasGone()) left();
			return "0\n";
		},
	});
	t.teardown(() => socket.close());
	await ask(path, "at once\n", LONG_MILLISECONDS);
	const client = open(path);
	client.write("wait\nanother\n");
	await until(() => lineages.length >= 2);
	client.destroy();
	await gone;
	t.is(lineages.length, 2);
	for (const [pid] of lineages) t.is(pid, process.pid);
});

test("lines before the answer are news where they are taken for it", async (t) => {
	const path = makePath(t);
	const socket = await listenControl({ path, answer: async () => "one\ntwo\nthree\n" });
	t.teardown(() => socket.close());
	const news: string[] = [];
	const answer = await ask(path, "x\n", LONG_MILLISECONDS, (line) => {
		if (line.toString() === "three") return false;
		news.push(line.toString());
		return true;
	});
	t.deepEqual([...news, answer.toString()], ["one", "two", "three"]);
	await t.throwsAsync(
		ask(path, "x\n", 500, () => true),
		{ message: `ask ${path}: ETIMEDOUT` },
	);
});

test("the limits are as they are documented", (t) => {
	t.deepEqual(controlLimits, {
		connections: 64,
		lineBytes: 65_536,
		silenceMilliseconds: 10_000,
		closingMilliseconds: 1000,
	});
});
