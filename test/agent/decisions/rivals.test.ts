// Two drivers that match one device, with the executable and a stand-in for the kernel's module loader. The driver that is
// first in the index's order begins first, whether a walk, a uevent or a request names the device; the second begins when the
// first has ended.
import test, { type ExecutionContext } from "ava";
import { rivalsSession } from "../../support/programs/rivals-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const of = (t: ExecutionContext, name: string) => runSession(t, rivalsSession, name);

const inOrder = ["libphy", "inbox", "vendor"];

test("a walk begins rivals in the index's order, though the first one needs another module", async (t) => {
	t.deepEqual(await of(t, "walk"), { begun: inOrder, status: 0 });
});

test("and so does a uevent", async (t) => {
	t.deepEqual(await of(t, "uevent"), { begun: inOrder });
});

test("a rival that goes first overtakes one of an earlier batch that has not begun", async (t) => {
	t.deepEqual(await of(t, "batches"), { begun: ["late", ...inOrder] });
});

test("and so does a request", async (t) => {
	const { begun, answer } = await of(t, "load");
	t.deepEqual(begun, inOrder);
	t.like(answer, { ok: true, result: "done" });
});

test("a driver whose init waits for what its own rival brings gets it", async (t) => {
	const { begun, ended, answer } = await of(t, "kernel");
	t.deepEqual(begun, inOrder);
	t.deepEqual(ended, ["libphy", "vendor", "inbox"]);
	t.is(answer, "0\n");
});

test("a rival of a driver that hangs is not begun, and named, while others go on and all counts as settled", async (t) => {
	t.deepEqual(await of(t, "hung"), {
		begun: ["libphy", "inbox", "late"],
		settled: { ok: true, settled: true, waiting_for: [] },
		waiting: [{ module: "vendor", behind: "inbox" }],
		told: ["vendor: waits for inbox, which hangs: vendor is not begun before inbox has ended"],
	});
});
