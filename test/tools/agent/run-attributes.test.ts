// The agent and devices whose attributes fail, are slow or never end: such a device affects only itself.
import test, { type ExecutionContext } from "ava";
import { attributesSession } from "../../support/programs/attributes-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const meet = (t: ExecutionContext, name: string) => runSession(t, attributesSession, name);

const endedWell = { status: 0, signal: null, stderr: "" };

test("whatever errno one device's modalias answers, coldplug loads the others', names the device and exits with 1", async (t) => {
	const { told, inserted } = await meet(t, "failing");
	t.deepEqual(inserted.toSorted(), ["a", "c"]);
	t.deepEqual(
		told,
		Object.fromEntries(
			Object.keys(told).map((code) => [
				code,
				{
					status: 1,
					stderr: `coldplug: skipped /devices/b: its modalias cannot be read: ${code}\n`,
					skipped: [`/devices/b: its modalias cannot be read: ${code}`],
				},
			]),
		),
	);
	t.true(Object.keys(told).includes("ENOMEM"));
});

test("the daemon passes such devices over, loads by what can be read of them, tells them once and counts them", async (t) => {
	const { skipped, last_problem, ...rest } = await meet(t, "failing daemon");
	t.deepEqual(skipped.toSorted(), [
		"/devices/b: its modalias cannot be read: ENOMEM",
		"/devices/c: its uevent cannot be read: EIO",
	]);
	t.regex(last_problem.message, /^skipped \/devices\/[bc]: its/);
	t.deepEqual(
		{ ...rest, inserted: rest.inserted.toSorted() },
		{ inserted: ["a", "c"], counted: 2, metric: "hotplugd_skipped_total 2", end: endedWell },
	);
});

test("a rule about properties that cannot be read keeps what it may be about out, and is not taken for one that does not apply", async (t) => {
	t.deepEqual(await meet(t, "unreadable properties"), {
		own: {
			status: 1,
			stderr:
				"coldplug: skipped /devices/a: its uevent cannot be read: EIO\n" +
				"coldplug: could not look up an alias or module: its uevent cannot be read: EIO\n",
			inserted: ["b"],
		},
		other: {
			status: 1,
			stderr: "coldplug: skipped /devices/a: its uevent cannot be read: EIO\n",
			inserted: ["a", "b"],
		},
	});
});

test("while attributes are being read others' drivers are loaded, uevents heard and questions answered", async (t) => {
	t.deepEqual(await meet(t, "slow"), {
		before: ["a", "c", "d"],
		answered: true,
		settledBefore: false,
		after: ["a", "b", "c", "d", "late"],
		// A battery's slow attribute is not read: the device has no alias, and no rule asks for the attribute.
		read: [],
		end: endedWell,
	});
});

test("a read that never ends is given up and told, things are settled, and the agent ends when it is told to", async (t) => {
	t.deepEqual(await meet(t, "endless"), {
		told: ["/devices/b: reading its modalias has not ended after 2000 ms"],
		inserted: ["a", "c"],
		status: 0,
	});
});

test("coldplug ends beside one, with 1", async (t) => {
	t.deepEqual(await meet(t, "endless coldplug"), {
		status: 1,
		stderr: "coldplug: skipped /devices/b: reading its modalias has not ended after 2000 ms\n",
		inserted: ["a", "c"],
	});
});

test("however many attributes are slow, the devices behind them are not held up", async (t) => {
	t.deepEqual(await meet(t, "many slow"), { settledBefore: false, inserted: ["a"], told: [], end: endedWell });
});

test("beside many that never end the others have their drivers, and the bound of threads is told of where it is reached", async (t) => {
	t.deepEqual(await meet(t, "many endless"), {
		few: { status: 1, loaded: ["a"], givenUp: 40, notRead: 0 },
		many: { status: 1, loaded: [], givenUp: 64, notRead: 9 },
	});
});

test("told to stop, coldplug does not wait for an attribute", async (t) => {
	t.like(await meet(t, "stopped meanwhile"), { status: 6, signal: null });
});

test("a driver whose file was gone is loaded when it is back, and so is one that needs such a driver", async (t) => {
	const { failed, ...rest } = await meet(t, "gone files");
	t.true(failed.length >= 2);
	t.true(failed.some((line: string) => /^a: .*a\.ko is gone; run depmod \(ENOENT\)$/.test(line)));
	t.deepEqual(rest, { inserted: ["a", "b", "needy"], end: endedWell });
});

test("a device that comes again has a driver tried whose file was gone", async (t) => {
	t.deepEqual(await meet(t, "comes again"), { inserted: ["a"], end: endedWell });
});
