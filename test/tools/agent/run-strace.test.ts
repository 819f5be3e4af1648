// strace(1) makes one system call of the real program fail: the agent goes on, or ends with one sentence and its exit status.
// test/linux/failing-calls.test.ts has all calls and errnos, at the level of node's functions.
import test, { type ExecutionContext } from "ava";
import { type StraceResult, straceSession } from "../../support/programs/strace-session.js";
import { runSession } from "../../support/running/network-namespace.js";
import { findStrace } from "../../support/running/strace.js";

const strace = findStrace();

const suffer = async (t: ExecutionContext, name: string): Promise<StraceResult> =>
	runSession(t, straceSession, JSON.stringify(await strace), name);

const endsWith = test.macro({
	async exec(t: ExecutionContext, name: string, sentence: string) {
		const { failed, ...rest } = await suffer(t, name);
		t.is(failed, 1, "strace made no call fail");
		const stderr = `hotplugd run: ${sentence}\n`;
		t.deepEqual(rest, { status: 1, signal: null, stderr, inserted: [], told: [], litter: [] });
	},
	title: (_, name) => `${name}: it ends with one sentence`,
});

const goesOn = test.macro({
	async exec(t: ExecutionContext, name: string, told: readonly string[], inserted = ["asked", "broken", "sound"]) {
		const { failed, ...rest } = await suffer(t, name);
		t.is(failed, 1, "strace made no call fail");
		t.deepEqual(rest, { status: 0, signal: null, stderr: "", inserted, told, litter: [] });
	},
	title: (_, name) => `${name}: it goes on`,
});

test(endsWith, "the run directory on a read-only file system", "could not make FOLDER/run: EROFS");
test(endsWith, "no lock to be had", "could not lock FOLDER/run/lock: ENOLCK");
test(endsWith, "no room for the lock's content", "could not write to FOLDER/run/lock: ENOSPC");
test(endsWith, "a control socket that cannot listen", "could not listen on FOLDER/run/control: EADDRINUSE");
test(goesOn, "no netlink socket", ["the uevent socket failed: opening another"]);
test(goesOn, "no inotify watch left", [
	"could not watch for changes, so the files are polled instead: watch FOLDER/lib/modules/6.0.0: ENOSPC",
]);
test(goesOn, "an index that cannot be read", [
	"no usable indexes yet, so the agent loads no modules: could not read FOLDER/lib/modules/6.0.0/modules.alias.bin: EIO",
]);
test(
	goesOn,
	"an attribute that cannot be read",
	["skipped /devices/broken: its modalias cannot be read: EIO"],
	["asked", "sound"],
);
test(goesOn, "no descriptor for a client", []);
test(goesOn, "metrics that cannot be renamed", [
	"could not write the metrics to METRICS/hotplugd.prom: replace METRICS/hotplugd.prom: EXDEV",
]);
