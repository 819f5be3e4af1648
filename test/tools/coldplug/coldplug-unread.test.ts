// coldplug and the reader of its output: a reader that does not read delays no driver, and a reader that reads gets everything.
import test, { type ExecutionContext } from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { unreadSession } from "../../support/programs/unread-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const tell = (t: ExecutionContext, story: string) => runSession(t, unreadSession, story);

test("where nobody reads its output, all drivers are loaded, and it ends and says what was lost", async (t) => {
	const { stderr, ...rest } = await tell(t, "output");
	t.deepEqual(rest, { status: exitStatus.done, inserted: 700 });
	t.regex(stderr, /^coldplug: \d+ lines of standard output were lost: nobody read them\n$/);
});

test("where nobody reads its complaints, about the configuration say, all drivers are loaded, and it ends", async (t) => {
	t.deepEqual(await tell(t, "error"), { status: exitStatus.done, inserted: 700 });
});

test("beside a reader that does not read, SIGTERM ends it", async (t) => {
	t.deepEqual(await tell(t, "stopped"), { status: exitStatus.stopped, inserted: 700 });
});

test("beside a reader that does not read, --timeout ends it", async (t) => {
	t.deepEqual(await tell(t, "timed out"), { status: exitStatus.unended });
});

test("a reader that is slow has all of it, whole and in order", async (t) => {
	const { last, ...rest } = await tell(t, "slow");
	t.deepEqual(rest, { status: exitStatus.done, stderr: "", outcomes: 700, ended: true });
	t.is(last, "settled");
});

test("output and complaints to one reader come in their order", async (t) => {
	t.deepEqual(await tell(t, "both"), { told: 3000, inserted: 700 });
});

test("where its reader has gone all drivers are loaded, and the status says so", async (t) => {
	t.deepEqual(await tell(t, "gone"), { status: 141, stderr: "", inserted: 700 });
});
