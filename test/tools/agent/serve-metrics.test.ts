import test from "ava";
import { exitStatus } from "../../../src/agent/telling/exit-status.js";
import { run } from "../../../src/tools/agent/run.js";
import { heard } from "../../support/fakes/fake-kernel.js";
import { type FakeMachineOptions, makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { parsePrometheus } from "../../support/real/prometheus.js";
import { until } from "../../support/running/until.js";

const FILE = "/var/lib/node_exporter/hotplugd.prom";

function start(settings: string, options: Partial<FakeMachineOptions> = {}) {
	const machine = makeFakeMachine({
		world: { modules: { card: ["base"], base: [], stick: [] }, aliases: { "x:card": "card", "x:stick": "stick" } },
		devices: { card: "x:card", none: "x:none" },
		files: { "/etc/hotplugd.toml": `quiet_milliseconds = 5\nsource = "kernel"\n${settings}` },
		...options,
	});
	return { machine, ended: run.start([], machine) };
}

function readValue(text: string, name: string): number | undefined {
	return parsePrometheus(text)
		.get(name)
		?.samples.find((sample) => Object.keys(sample.labels).length === 0)?.value;
}

test("whoever asks on the control socket is told the metrics, and they are those of status", async (t) => {
	const { machine, ended } = start("");
	await until(() => machine.fakeKernel.live.has("card"));
	await machine.plugIn("stick", "x:stick");
	await until(() => machine.fakeKernel.live.has("stick"));
	await heard();
	const answer = await machine.ask({ command: "metrics" });
	t.true(answer.ok);
	const text = String(answer.text);
	t.is(readValue(text, "hotplugd_modules_inserted_total"), 3);
	t.is(readValue(text, "hotplugd_uevents_received_total"), 1);
	t.is(readValue(text, "hotplugd_aliases_new_total"), 3);
	t.is(readValue(text, "hotplugd_aliases_unknown_total"), 1);
	t.like(await machine.ask({ command: "status" }), { status: { counts: { modules_inserted: 3 } } });
	t.false(machine.hasFile(FILE));
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
});

test("where a file is asked for it is written, for the last time at the end", async (t) => {
	const begun = performance.now();
	const { machine, ended } = start(`metrics_file = "${FILE}"\nmetrics_seconds = 1`);
	await until(() => machine.fakeKernel.live.has("card"));
	// On a busy machine the second may have passed already.
	t.true(!machine.hasFile(FILE) || performance.now() - begun >= 1000);
	await until(() => machine.hasFile(FILE));
	machine.signal("SIGTERM");
	t.is(await ended, exitStatus.done);
	const text = machine.fakeKernel.read(FILE)?.toString() ?? "";
	t.is(readValue(text, "hotplugd_modules_inserted_total"), 2);
	t.is(
		parsePrometheus(text)
			.get("hotplugd_state")
			?.samples.find(({ labels }) => labels.state === "stopping")?.value,
		1,
	);
});
