// hotplugd settle, asked of the executable's agent while it is busy: by a client outside, and by descendants of the agent's
// commands.
import test, { type ExecutionContext } from "ava";
import { settleSession } from "../../support/programs/settle-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const well = { status: 0, stderr: "" };

const session = (t: ExecutionContext, name: string, by: string) => runSession(t, settleSession, name, by);

/** Whether the message names these clients as not waited for, and nothing else. */
const namesOnly = (stderr: string, ...names: readonly string[]): boolean => {
	const lines = stderr.split("\n").slice(0, -1);
	const left = (name: string) => lines.filter((line) => line.includes(name)).length;
	return (
		lines.every((line) => line.startsWith("hotplugd settle: did not wait for ")) &&
		names.every((name) => left(name) > 0)
	);
};

test("where the last events were lost it returns after the look that finds their devices", async (t) => {
	const { asked, inserted, drops } = await session(t, "lost", "");
	t.true(drops > 0);
	t.deepEqual(asked, well);
	t.deepEqual(inserted, ["m"]);
});

test("whoever goes away before the answer leaves nothing behind that goes on for him", async (t) => {
	const { status, left, readsMeanwhile } = await session(t, "gone", "");
	t.is(left, 0);
	t.is(status, 3);
	// Each settle polls up to 50 times a second, and 64 of them had begun.
	t.true(readsMeanwhile < 100, `${readsMeanwhile}`);
});

for (const by of ["agent", "companion"]) {
	test(`a command of policy that the ${by} runs is waited for, and named where it takes too long`, async (t) => {
		const { early, asked } = await session(t, "commands", by);
		t.deepEqual(early, {
			status: 3,
			stderr:
				"hotplugd settle: not settled within 1 seconds: waiting for /bin/sh for /devices/slow (/rules/mine.toml line 1)\n",
		});
		t.deepEqual(asked, well);
	});

	test(`commands that the ${by} runs and that all ask wait for none of themselves, nor for what comes after them`, async (t) => {
		const { outside, all, answers, told } = await session(t, "below", by);
		t.deepEqual(outside, well);
		t.true(all);
		for (const [i, name] of ["/devices/one", "/devices/two", "/devices/three"].entries()) {
			t.is(answers[i].status, 0);
			t.true(namesOnly(answers[i].stderr, name), answers[i].stderr);
		}
		// The command of the first device runs twice.
		t.is(told, 4);
	});

	test(`what a command that the ${by} runs has left to itself is still below it`, async (t) => {
		const { status, stderr } = await session(t, "orphan", by);
		t.is(status, 0);
		t.true(namesOnly(stderr, "/devices/one"), stderr);
	});

	test(`what an install command of the ${by}'s has left to itself is still below it`, async (t) => {
		const { outside, status, stderr } = await session(t, "installOrphan", by);
		t.deepEqual(outside, well);
		t.is(status, 0, stderr);
		t.true(namesOnly(stderr, "the install command of m"), stderr);
	});

	test(`an install command that the ${by} runs and that asks does not wait for its own module`, async (t) => {
		const { outside, asked, inserted } = await session(t, "install", by);
		t.deepEqual(outside, well);
		t.is(asked.status, 0);
		t.true(namesOnly(asked.stderr, "the install command of m"), asked.stderr);
		t.deepEqual(inserted, ["needs"]);
	});

	for (const way of ["the command load", "the helper's socket"])
		test(`what an install command asks does not wait for a command of the ${by}'s that waits for it by ${way}`, async (t) => {
			const name = way === "the command load" ? "loadByControl" : "loadByHelper";
			const { outside, status, stderr } = await session(t, name, by);
			t.deepEqual(outside, well);
			t.is(status, 0, stderr);
			t.true(namesOnly(stderr, "the install command of m", "/devices/one"), stderr);
		});

	test(`a reload from below an install command of the ${by}'s does not wait for one that waits for it by the helper's socket`, async (t) => {
		const { outside, status, stderr } = await session(t, "reload", by);
		t.deepEqual(outside, well);
		t.is(status, 0, stderr);
	});

	test(`where all that the ${by} runs asks, all is answered`, async (t) => {
		const { outside, statuses } = await session(t, "crowd", by);
		t.deepEqual(outside, well);
		t.deepEqual(statuses, [0, 0, 0, 0]);
	});
}
