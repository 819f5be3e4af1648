// An agent that is killed or stopped while the machine boots: the boot still ends with the modules of an unmodified boot.
import type { ExecutionContext } from "ava";
import { sectionsOf } from "../support/project/sections.js";
import { startUml } from "../support/vm/uml.js";
import { debianMachine, unmodifiedUmlBoot } from "../support/vm/uml-boot.js";
import { recordBoot } from "../support/vm/vm-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

const UNIT = "hotplugd.service";

type Harmed = { readonly log: readonly string[]; readonly restarts: number };

/** @param harm sh that runs when the agent is up, and ends when the agent is up again */
async function bootHarmed(t: ExecutionContext, harm: string): Promise<Harmed> {
	// The reference comes first, before this test has a machine: making it may have to wait for a machine of its own.
	const unmodified = await unmodifiedUmlBoot();
	const vm = await startUml({
		...debianMachine,
		before: "sh /opt/hotplugd/systemd/install.sh >&2",
		early: true,
		files: {
			"/vm/harm": `state() { systemctl show -p $1 --value ${UNIT}; }
				up() { until [ "$(state ActiveState)" = active ]; do sleep 0.1; done; }
				up
				${harm}
				up
				until hotplugd settle --timeout 120; do sleep 1; done 2>/dev/null
				echo "== restarts"; state NRestarts
				echo "== log"; journalctl --sync; journalctl -b -q --no-pager -u ${UNIT} -o cat | grep -E 'Main process|Watchdog timeout'`,
		},
	});
	try {
		const { stdout, stderr, status } = await vm.run("sh /vm/harm", 600);
		t.is(status, 0, stderr);
		const boot = await recordBoot(vm);
		t.deepEqual(boot.modules, unmodified.modules);
		t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
		const { restarts, log = [] } = sectionsOf(stdout);
		t.log(`${boot.modules.length} modules; started again ${restarts?.[0]} times\n${log.join("\n")}`);
		return { log, restarts: Number(restarts?.[0]) };
	} finally {
		await vm.stop();
	}
}

vmTest(
	"an agent that is stopped by SIGSTOP is ended by the watchdog, and the next one loads what it missed",
	async (t) => {
		const { log } = await bootHarmed(
			t,
			`kill -STOP $(state MainPID); until [ "$(state NRestarts)" -ge 1 ]; do sleep 0.5; done`,
		);
		t.true(log.some((line) => /Watchdog timeout/.test(line)));
	},
);

vmTest("an agent that is killed again and again leaves nothing unloaded", async (t) => {
	const { log, restarts } = await bootHarmed(
		t,
		`for pause in 0 1.3 0.4 3.1 2.2; do
			sleep $pause; before=$(state NRestarts); kill -KILL $(state MainPID)
			until [ "$(state NRestarts)" -gt "$before" ]; do sleep 0.2; done; up
		done`,
	);
	t.true(restarts >= 5);
	// The journal may begin after the first of the agents has ended.
	t.true(log.some((line) => /code=killed/.test(line)));
});
