import test from "ava";
import { makeMetrics } from "../../../src/agent/telling/metrics.js";
import { formatMetrics } from "../../../src/agent/telling/metrics-text.js";
import type { AgentStatus } from "../../../src/agent/telling/status.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { parsePrometheus } from "../../support/real/prometheus.js";

const status: AgentStatus = {
	version: '1.2"\\\n3',
	pid: 1,
	milliseconds: 2500,
	state: "working",
	state_milliseconds: 1,
	source: "kernel",
	receive_buffer_bytes: 4096,
	counts: makeMetrics().counts(),
	queue_depth: 7,
	in_flight: [
		{ module: "a", milliseconds: 1, hung: false },
		{ module: "b", milliseconds: 100_000, hung: true },
		{ module: "c", milliseconds: 1, hung: false },
	],
	last_outcomes: [],
	indexes: { directory: "/lib/modules/1", generation: 3, milliseconds_ago: 1 },
	configuration: { files: [], problems: 2, milliseconds_ago: 1 },
};

/** The metrics of an agent that has inserted some modules and failed to insert others. */
function busy() {
	const metrics = makeMetrics();
	const step = {
		module: "a",
		how: "insert",
		path: "/a.ko",
		parameters: "",
		required: true,
		after: [],
		cause: { kind: "name" },
	} as Step;
	for (const milliseconds of [0.5, 3, 3, 70, 1_000_000])
		metrics.record({ kind: "outcome", batch: 1, outcome: { step, result: "inserted", milliseconds } });
	for (const message of ["x", "y"])
		metrics.record({
			kind: "outcome",
			batch: 1,
			outcome: { step, result: "failed", milliseconds: 1, reason: new Error(message) },
		});
	const uevent = { action: "add", devpath: "/d", seqnum: 1, aliases: [] };
	metrics.record({ kind: "heard", uevents: Array(12).fill(uevent) });
	metrics.record({ kind: "lost", drops: 4 });
	return { metrics: metrics.metrics(), status: { ...status, counts: metrics.counts() } };
}

const textOf = (agent = busy()) => formatMetrics(agent.metrics, agent.status);

test("the text is Prometheus' format, and its numbers are those that were counted", async (t) => {
	const families = parsePrometheus(await textOf());
	const value = (name: string, labels: Readonly<Record<string, string>> = {}) => {
		const family = families.get(name) ?? families.get(name.replace(/_(?:sum|count|bucket)$/, ""));
		const wanted = JSON.stringify(labels);
		return family?.samples.find((sample) => sample.name === name && JSON.stringify(sample.labels) === wanted)?.value;
	};
	t.is(value("hotplugd_uevents_received_total"), 12);
	t.is(value("hotplugd_uevents_dropped_total"), 0);
	t.is(value("hotplugd_overruns_total"), 4);
	t.is(value("hotplugd_modules_inserted_total"), 5);
	t.is(value("hotplugd_modules_failed_total", { reason: "failed" }), 2);
	t.is(value("hotplugd_module_outcomes_total", { result: "inserted" }), 5);
	t.is(value("hotplugd_queue_depth"), 7);
	t.is(value("hotplugd_insertions_in_flight", { hung: "false" }), 2);
	t.is(value("hotplugd_insertions_in_flight", { hung: "true" }), 1);
	t.is(value("hotplugd_state", { state: "working" }), 1);
	t.is(value("hotplugd_state", { state: "settled" }), 0);
	t.is(value("hotplugd_uptime_seconds"), 2.5);
	t.is(value("hotplugd_index_generation"), 3);
	t.is(value("hotplugd_indexes_missing"), 0);
	t.is(value("hotplugd_build_info", { version: status.version }), 1);
	t.is(value("hotplugd_insertion_duration_seconds_count"), 7);
	t.is(value("hotplugd_insertion_duration_seconds_sum"), (0.5 + 3 + 3 + 70 + 1_000_000 + 1 + 1) / 1000);
	t.is(value("hotplugd_insertion_duration_seconds_bucket", { le: "0.0025" }), 3);
	t.is(value("hotplugd_insertion_duration_seconds_bucket", { le: "0.005" }), 5);
	t.is(value("hotplugd_insertion_duration_seconds_bucket", { le: "180" }), 6);
	t.is(value("hotplugd_insertion_duration_seconds_bucket", { le: "+Inf" }), 7);
});

test("every count of status is among the metrics", async (t) => {
	const keys = Object.keys(status.counts).filter((key) => key !== "modules_failed");
	t.true(keys.length >= 8);
	const marked = Object.fromEntries(keys.map((key, place) => [key, 1000 + place]));
	const counts = { ...status.counts, ...marked, modules_failed: { EIO: 999 } };
	const text = await textOf({ ...busy(), status: { ...status, counts } });
	const values = [...parsePrometheus(text).values()].flatMap(({ samples }) => samples.map(({ value }) => value));
	for (const [key, mark] of Object.entries({ ...marked, modules_failed: 999 }))
		t.is(values.filter((value) => value === mark).length, 1, key);
});

test("names keep to Prometheus' conventions", async (t) => {
	const families = parsePrometheus(await textOf());
	t.true(families.size >= 20);
	for (const [name, { type, help, samples }] of families) {
		t.regex(name, /^hotplugd(?:_[a-z]+)+$/);
		t.is(type === "counter", name.endsWith("_total"), name);
		t.notRegex(name, /milliseconds|_ms\b|minutes|kilobytes|_(?:counter|gauge|histogram|sum|count|bucket)(?:_total)?$/);
		t.regex(help, /^[A-Z0-9].*\.$/, name);
		if (type === "histogram") t.regex(name, /_seconds$/);
		for (const { labels } of samples) for (const label of Object.keys(labels)) t.regex(label, /^[a-z]+$/);
	}
});

test("it can be formatted again and again", async (t) => {
	const metrics = makeMetrics().metrics();
	t.is(await formatMetrics(metrics, status), await formatMetrics(metrics, status));
	t.notRegex(await formatMetrics(metrics, status), /NaN|undefined/);
});

test("that there are no indexes to read is a metric", async (t) => {
	const indexes = { ...status.indexes, generation: 0, missing: "there are none" };
	const text = await textOf({ ...busy(), status: { ...status, indexes } });
	t.regex(text, /^hotplugd_indexes_missing 1$/m);
	t.regex(text, /^hotplugd_index_generation 0$/m);
});
