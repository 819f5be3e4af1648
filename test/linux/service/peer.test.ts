import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import test, { type ExecutionContext } from "ava";
import { openSyscalls } from "../../../src/linux/native/syscalls.js";
import { readLineage, readPeer } from "../../../src/linux/service/peer.js";

const CLIENT = 'require("node:net").connect(process.argv[1]).resume()';

async function listen(t: ExecutionContext) {
	const folder = mkdtempSync(join(tmpdir(), "peer-"));
	const path = join(folder, "socket");
	const server = createServer().listen(path);
	await once(server, "listening");
	t.teardown(() => {
		server.close();
		rmSync(folder, { recursive: true });
	});
	return { path, accept: async (): Promise<Socket> => (await once(server, "connection"))[0] };
}

function start(t: ExecutionContext, command: string, ...words: readonly string[]): ChildProcess {
	const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
	t.teardown(() => child.kill("SIGKILL"));
	return child;
}

test("the other end of a socket is the process that connected, as long as the socket is there", async (t) => {
	const { path, accept } = await listen(t);
	const syscalls = await openSyscalls();
	const child = start(t, process.execPath, "-e", CLIENT, path);
	const socket = await accept();
	t.is(readPeer(syscalls, socket), child.pid);
	t.true(readLineage(readPeer(syscalls, socket)).includes(process.pid));
	socket.destroy();
	await once(socket, "close");
	t.is(readPeer(syscalls, socket), undefined);
	const own = connect(path);
	const other = await accept();
	t.is(readPeer(syscalls, other), process.pid);
	for (const one of [own, other]) one.destroy();
});

test("a lineage is the process, its parents up to but without init, and their sessions", async (t) => {
	const shell = start(t, "sh", "-c", "sh -c 'echo $$; exec sleep 60' & wait");
	const [line] = await once(shell.stdout!, "data");
	const pid = Number(line);
	t.teardown(() => process.kill(pid, "SIGKILL"));
	const lineage = readLineage(pid);
	t.is(lineage[0], pid);
	t.true(lineage.includes(shell.pid!));
	t.true(lineage.includes(process.pid));
	t.false(lineage.includes(1));
});

test("a process whose parent has ended still has its session in its lineage", async (t) => {
	const leader = start(t, "setsid", "--wait", "sh", "-c", "echo $$; (sleep 60 & echo $!); exec sleep 60");
	let [said] = (await once(leader.stdout!, "data")).map(String);
	while (said?.split("\n").length !== 3) said += String((await once(leader.stdout!, "data"))[0]);
	const [session, orphan] = said.split("\n").map(Number) as [number, number];
	for (const pid of [orphan, session]) t.teardown(() => process.kill(pid, "SIGKILL"));
	t.true(readLineage(orphan).includes(session));
});

test("of a process that is not there, or has a name that looks like numbers, nothing wrong is told", async (t) => {
	const ended = start(t, "true");
	await Promise.all([once(ended, "exit"), text(ended.stdout!)]);
	t.deepEqual(readLineage(ended.pid), [ended.pid]);
	t.deepEqual(readLineage(undefined), []);
	t.deepEqual(readLineage(1), []);
	const odd = start(
		t,
		process.execPath,
		"-e",
		'process.title = ") S 1 1 1 ("; console.log(); setInterval(() => {}, 1000)',
	);
	await once(odd.stdout!, "data");
	t.true(readLineage(odd.pid).includes(process.pid));
});
