import test from "ava";
import { ueventSession } from "../../support/programs/uevent-session.js";
import { compile } from "../../support/running/c-program.js";
import { type Ended, runHere, runInNamespace, runInRootNamespace } from "../../support/running/network-namespace.js";

const isRoot = process.getuid?.() === 0;

test.before(() => {
	compile("uevent-injector");
});

function told(ended: Ended) {
	const { status, signal, stdout, stderr } = ended;
	if (status !== 0) throw new Error(`ended with ${status ?? signal}: ${stderr}`);
	return JSON.parse(stdout);
}

test("a burst that overflows the receive buffer is counted, and the socket lives on", async (t) => {
	const { received, drops, dropsAfter, last, errors } = told(await runInNamespace(ueventSession, "overflow"));
	t.true(drops > 10_000, `${drops}`);
	t.is(received + drops, 20_000);
	t.is(dropsAfter, drops);
	t.deepEqual(last, [20_000, 20_001, 20_002, 20_003, 20_004, 20_005, 20_006, 20_007, 20_008, 20_009]);
	t.deepEqual(errors, []);
});

test("a burst that fits arrives whole and in order, many messages to a drain", async (t) => {
	const run = isRoot ? runInRootNamespace : runInNamespace;
	const { receiveBuffer, inOrder, drops, manyToADrain, first } = told(await run(ueventSession, "largeBuffer"));
	t.like({ inOrder, drops, manyToADrain }, { inOrder: true, drops: 0, manyToADrain: true });
	t.regex(
		first,
		/^add@\/devices\/injected\/0\0ACTION=add\0DEVPATH=\/devices\/injected\/0\0SUBSYSTEM=pci\0MODALIAS=pci:v0\0SEQNUM=\d+\0$/,
	);
	if (isRoot) t.is(receiveBuffer, 2 * 128 * 2 ** 20);
});

test("without privilege the receive buffer is as large as the machine allows", async (t) => {
	const { receiveBuffer, most } = told(await runInNamespace(ueventSession, "smallBuffer"));
	t.is(receiveBuffer, most);
});

test("what a process sends, to the socket or to its group, is refused and counted; other groups are not heard", async (t) => {
	const met = told(await runInNamespace(ueventSession, "spoofed"));
	t.deepEqual(met, { accepted: [0, 1, 2, 400, 401], refused: 12, drops: 0 });
});

test("of udev's messages those to its group are heard; those to the socket are refused, and the kernel's own are not heard", async (t) => {
	const met = told(await runInNamespace(ueventSession, "fromUdev"));
	t.deepEqual(met, { accepted: [0, 1, 2, 400, 401], refused: 5, drops: 0 });
});

test("the kernel lets nobody without privilege over the network send, to neither group and to neither socket", async (t) => {
	const run = isRoot ? runInRootNamespace : runInNamespace;
	const { said, met } = told(await run(ueventSession, "unprivileged", isRoot ? "root" : "user"));
	t.deepEqual(said, Array(isRoot ? 8 : 4).fill("sendto: Operation not permitted"));
	t.deepEqual(met, [
		{ accepted: [], refused: 0 },
		{ accepted: [500], refused: 0 },
	]);
});

test("messages that are cut short are told as lost", async (t) => {
	t.deepEqual(told(await runInNamespace(ueventSession, "truncated")), { whole: 0, truncated: 4 });
});

test("a listener that throws makes an uncaught exception, and not an abort", async (t) => {
	const { uncaught } = told(await runInNamespace(ueventSession, "throwing"));
	t.deepEqual(uncaught.slice(0, 2), ["from onDrain", "from onRefused"]);
});

test("nor does what is thrown while messages are collected", async (t) => {
	const { uncaught, met } = told(await runHere(ueventSession, "throwingInside"));
	t.deepEqual({ uncaught, met }, { uncaught: ["from inside"], met: [1] });
});

test("events of other network namespaces take sequence numbers, and are neither dropped nor refused here", async (t) => {
	const { movedBy, drops, refused } = told(await runHere(ueventSession, "elsewhere"));
	t.true(movedBy >= 200, `${movedBy}`);
	t.deepEqual({ drops, refused }, { drops: 0, refused: 0 });
});

test("a closed socket delivers nothing more, may be closed again, and lets the process end", async (t) => {
	t.deepEqual(told(await runInNamespace(ueventSession, "closing")), { drains: 1, someLeft: true, drops: 0 });
});

test("an unreferenced socket lets the process end", async (t) => {
	t.is(told(await runInNamespace(ueventSession, "unreferenced")), "ends by itself, its socket still open");
});

test("a process may exit with its socket open", async (t) => {
	const { status, signal, stdout } = await runInNamespace(ueventSession, "exiting");
	t.deepEqual([status, signal, JSON.parse(stdout)], [7, null, "exits with its socket open"]);
});
