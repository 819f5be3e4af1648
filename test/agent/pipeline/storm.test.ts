import test, { type ExecutionContext } from "ava";
import { stormSession } from "../../support/programs/storm-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const storm = (t: ExecutionContext, name: string) => runSession(t, stormSession, name);

const endedWell = { status: 0, signal: null, stderr: "" };

test("20,000 uevents for a receive buffer of a few are survived, and no alias is lost in the end", async (t) => {
	const { drops, losses, looks, missed, twice, inserted, ended } = await storm(t, "overflow");
	t.log(`${drops} of 20000 uevents lost, noticed ${losses} times; looked at all devices ${looks} times`);
	t.true(drops > 1000, `${drops}`);
	t.true(losses > 0);
	t.true(looks > 1);
	t.is(missed, 0);
	t.is(twice, 0);
	t.is(inserted, 201);
	t.deepEqual(ended, endedWell);
});

test("200 network namespaces that come and go cause no second look", async (t) => {
	const { movedBy, ...rest } = await storm(t, "elsewhere");
	t.true(movedBy >= 200, `${movedBy}`);
	t.deepEqual(rest, { looks: 1, losses: 0, inserted: ["first", "second"], ended: endedWell });
});

const WARNING = 40;

test("what a process sends, to the socket or to the group, is refused, counted and logged, and loads nothing", async (t) => {
	const told = await storm(t, "spoof");
	t.deepEqual(told, { refused: 12, level: WARNING, looks: 1, inserted: ["first"], ended: endedWell });
});

test("who listens to udev refuses what comes to the socket alone, and hears neither the kernel's group nor its forgers", async (t) => {
	const told = await storm(t, "spoofUdev");
	t.deepEqual(told, { refused: 2, level: WARNING, looks: 1, inserted: ["first"], ended: endedWell });
});

test("a storm that has no alias in it loads nothing", async (t) => {
	const { handled, drops, milliseconds, inserted, ended } = await storm(t, "noAlias");
	const rate = Math.round((1000 * handled) / milliseconds);
	t.log(`${handled} uevents handled and ${drops} lost: ${rate} for each second of processor time`);
	t.deepEqual(inserted, ["first", "second"]);
	t.deepEqual(ended, endedWell);
});
