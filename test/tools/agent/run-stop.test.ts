// hotplugd run, the executable, is stopped while clients ask it for modules.
import test, { type ExecutionContext } from "ava";
import { stopSession } from "../../support/programs/stop-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const session = (t: ExecutionContext, name: string) => runSession(t, stopSession, name);

const why = "the agent is stopping and begins no further work: ask the next agent";

test("who asks an agent that stops is answered at once, the thin helper does it by modprobe, and what runs is awaited", async (t) => {
	const { taken, stopping, helped, answered, inserted, said, ended, later } = await session(t, "requests");
	t.is(taken, "0\n");
	const unsettled = { ok: true, settled: false, waiting_for: ["held"], stopping: true };
	t.deepEqual(stopping, {
		waits: "2\n",
		waitsByControl: { ok: true, result: "refused", explanation: why },
		settles: unsettled,
		kernel: "2\n",
		user: "2\n",
		noWait: "2\n",
		load: { ok: true, result: "refused", explanation: why },
		settle: unsettled,
		reload: { ok: false, error: why },
		state: "stopping",
		metrics: true,
		stop: { ok: true },
	});
	t.deepEqual(helped, [7, 7, "-q -- x:free\n-bq -- x:free\n"]);
	t.is(answered, "0\n");
	t.deepEqual(inserted, ["held"]);
	t.deepEqual(ended, { status: 0, stderr: "" });
	// An accepted request that no client waits for is left for the next agent.
	t.deepEqual(said, ["x:later"]);
	t.deepEqual(later, ["held", "later"]);
});

test("where there is no modprobe what nobody waits for is in the spool in the end", async (t) => {
	t.deepEqual(await session(t, "spooled"), { status: 0, lines: ["n x:free"] });
});

test("what was taken from the spool and could not begin goes back there, in its order", async (t) => {
	t.deepEqual(await session(t, "takenFromSpool"), {
		inserted: ["held"],
		lines: ["k x:m0", "n x:m1", "n x:m2", "k x:m3", "n x:m4"],
	});
});

test("of requests that come before the stop, in it and while the sockets are closed, none is taken and dropped", async (t) => {
	const { taken, refused, closed, waiting, dropped } = await session(t, "storm");
	t.log(`${taken} taken, ${refused} refused, ${closed} found it gone`);
	t.deepEqual(dropped, []);
	t.is(waiting, 0);
	t.is(taken + refused + closed, 400);
	t.true(refused > 0);
});

test("a command of policy that still runs is named when the agent is told to stop, whoever runs it", async (t) => {
	t.deepEqual(await session(t, "command"), {
		commands: ["/bin/true for /devices/one (/rules/mine.toml line 1)"],
		running: [],
	});
});
