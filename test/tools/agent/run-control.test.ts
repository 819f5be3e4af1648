// hotplugd run, the executable, with hostile clients and with a second agent beside it.
import test, { type ExecutionContext } from "ava";
import { controlFaultsSession } from "../../support/programs/control-faults-session.js";
import { runSession } from "../../support/running/network-namespace.js";

const session = (t: ExecutionContext, name: string) => runSession(t, controlFaultsSession, name);

const well = { status: 0, stdout: "", stderr: "" };

test("rubbish, half lines, endless ones, clients that never read and 11,000 connections keep nobody from his driver", async (t) => {
	const { asked, load, settle, stop, inserted, growth, ended, gone, folder } = await session(t, "badClients");
	t.is(asked, 1);
	t.deepEqual([load, settle, stop], [well, well, well]);
	t.deepEqual(inserted, ["first", "second", "late"]);
	t.deepEqual(ended, { status: 0, signal: null, stderr: "" });
	t.deepEqual(gone, {
		status: 1,
		stdout: "",
		stderr: `hotplugd status: no agent listens at ${folder}/run/control: is \`hotplugd run\` running?\n`,
	});
	t.log(`${Math.round(growth / 1e6)} MB more`);
	t.true(growth < 80e6, `${growth}`);
});

test("of two agents the second says whose the machine is, and ends", async (t) => {
	const { pid, second, answers, inserted, folder } = await session(t, "second");
	t.is(second.status, 1);
	t.is(second.stderr, `hotplugd run: another hotplugd runs already (process ${pid}), holding ${folder}/run/lock\n`);
	t.is(answers, pid);
	t.deepEqual(inserted, ["first"]);
});
