// Readers of the agent's reports that fail: the log and the readiness. The drivers are loaded nevertheless.

import test, { type ExecutionContext } from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import type { Machine } from "../../../src/ports/machine.js";
import type { ServiceMachine } from "../../../src/ports/service.js";
import { run } from "../../../src/tools/agent/run.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { type FakeMachine, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { until } from "../../support/running/until.js";
import type { World } from "../../support/worlds/world.js";

const world: World = { modules: { a: [], b: [] }, aliases: { "x:a": "a", "x:b": "b" } };
const files = { "/etc/hotplugd.toml": "quiet_milliseconds = 5\n" };

const broken = (): never => {
	throw new RangeError("it broke");
};

type Part = Partial<ServiceMachine>;

function start(t: ExecutionContext, spoil: (service: ServiceMachine) => Promise<Part>) {
	const machine = makeFakeMachine({ world, devices: { a: "x:a" }, files });
	const service = async () => {
		const whole = await machine.service();
		return { ...whole, ...(await spoil(whole)) };
	};
	const ended = run.start([], { ...machine, service });
	t.teardown(async () => {
		machine.signal("SIGTERM");
		await ended;
	});
	return { machine, ended };
}

const loads = async (machine: FakeMachine, count: number): Promise<void> => {
	await until(() => machine.fakeKernel.live.size >= count);
};

test("readiness that cannot be told costs nothing else, and is told", async (t) => {
	const { machine } = start(t, async (service) => ({
		readiness: async (options) => ({ ...(await service.readiness(options)), ready: broken }),
	}));
	await loads(machine, 1);
	await machine.plugIn("b", "x:b");
	await loads(machine, 2);
	t.regex(machine.printed(), /"what":"a report for readiness","reason":"it broke"/);
	t.like(await machine.ask({ command: "status" }), { status: { counts: { skipped: 1, modules_inserted: 2 } } });
});

test("a log that throws costs the log, and standard error has why", async (t) => {
	let lines = 0;
	const { machine } = start(t, async (service) => ({
		async openLog(options) {
			const log = await service.openLog(options);
			return { ...log, write: (line) => (line.includes('"result"') && ++lines > 0 ? broken() : log.write(line)) };
		},
	}));
	await loads(machine, 1);
	await machine.plugIn("b", "x:b");
	await loads(machine, 2);
	await until(() => lines >= 2);
	t.is(machine.complained(), "hotplugd run: a report for log: it broke\n");
});

test("coldplug loads everything although nobody reads what it says, and then fails for that", async (t) => {
	const machine = makeFakeMachine({ world, devices: { a: "x:a", b: "x:b" }, files });
	const deaf: Machine = {
		...machine,
		openReports: async () => ({ ...(await machine.openReports()), close: async () => broken() }),
	};
	await t.throwsAsync(coldplug.start(["--json"], deaf), { message: "it broke" });
	t.deepEqual([...machine.fakeKernel.live].sort(), ["a", "b"]);
});

test("coldplug exits with 1 where a device was passed over, in a dry run too, and names it", async (t) => {
	for (const words of [[], ["--dry-run"]]) {
		const machine = makeFakeMachine({ world, devices: { a: "x:a", b: "x:b" }, files });
		const devices: Machine["devices"] = async (sysfs) => {
			const sources = await machine.devices(sysfs);
			return {
				...sources,
				present(concerns, onSkipped) {
					onSkipped?.("/devices/c", new Error("its modalias cannot be read: ENOMEM"));
					return sources.present(concerns);
				},
			};
		};
		t.is(await coldplug.start([...words], { ...machine, devices }), exitStatus.unable);
		t.is(machine.complained(), "coldplug: skipped /devices/c: its modalias cannot be read: ENOMEM\n");
	}
});
