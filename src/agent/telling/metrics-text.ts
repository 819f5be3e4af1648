// The metrics in Prometheus' text format (version 0.0.4), with its conventions for names: base units, and _total for counters.
// Imported only when metrics are requested.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Durations } from "./durations.js";
import type { Metrics } from "./metrics.js";
import type { AgentState, AgentStatus } from "./status.js";

const states: readonly AgentState[] = ["starting", "working", "settled", "reloading", "stopping"];

export function formatMetrics(metrics: Metrics, status: AgentStatus): Promise<string> {
	const registry = new Registry();
	const make = makers(registry);
	addAgent(make, status);
	addEvents(make, status, metrics);
	addModules(make, status, metrics);
	new CountedHistogram(
		registry,
		"hotplugd_insertion_duration_seconds",
		"How long the kernel took to insert a module, in seconds.",
		metrics.insertions,
	);
	addQueue(make, status);
	addKnowledge(make, status);
	return registry.metrics();
}

function addAgent({ gauge }: Makers, { version, milliseconds, state: now }: AgentStatus): void {
	gauge("hotplugd_build_info", "The version, as a label.", { version: { [version]: 1 } });
	gauge("hotplugd_uptime_seconds", "Seconds since the agent began.", milliseconds / 1000);
	gauge("hotplugd_state", "1 for the state that the agent is in.", {
		state: Object.fromEntries(states.map((state) => [state, state === now ? 1 : 0])),
	});
}

function addEvents({ counter }: Makers, { counts }: AgentStatus, metrics: Metrics): void {
	counter("hotplugd_uevents_received_total", "Uevents read from the socket.", counts.events_received);
	counter("hotplugd_uevents_dropped_total", "Uevents dropped because the queue was full.", counts.events_dropped);
	counter("hotplugd_messages_refused_total", "Messages from a wrong sender.", counts.events_refused);
	counter("hotplugd_overruns_total", "Uevents lost before they could be read.", counts.overruns);
	counter("hotplugd_socket_failures_total", "Uevent sockets that failed.", metrics.socket_failures);
	counter("hotplugd_device_walks_total", "Walks of all devices in /sys.", metrics.looks);
	counter("hotplugd_aliases_new_total", "Aliases not asked for before.", counts.aliases_new);
	counter("hotplugd_aliases_repeated_total", "Aliases asked for before.", counts.aliases_repeated);
	counter("hotplugd_aliases_unknown_total", "Aliases that no module has.", counts.aliases_unknown);
}

function addModules({ counter }: Makers, { counts }: AgentStatus, metrics: Metrics): void {
	counter("hotplugd_batches_total", "Batches planned.", metrics.batches);
	counter("hotplugd_modules_inserted_total", "Modules inserted.", counts.modules_inserted);
	counter("hotplugd_modules_failed_total", "Modules that could not be loaded.", { reason: counts.modules_failed });
	counter("hotplugd_skipped_total", "Devices, rules and decisions that were skipped.", counts.skipped ?? 0);
	counter("hotplugd_module_outcomes_total", "Outcomes of all modules that were planned.", { result: metrics.outcomes });
	counter("hotplugd_insertions_hung_total", "Insertions that hung and gave up their permit to another.", metrics.hung);
	counter(
		"hotplugd_requests_failed_total",
		"Control requests that failed because of a fault in the agent.",
		metrics.requests_failed,
	);
	counter("hotplugd_commands_total", "Commands of policy rules.", { result: metrics.commands });
}

function addQueue({ gauge }: Makers, { queue_depth, in_flight, receive_buffer_bytes }: AgentStatus): void {
	gauge("hotplugd_queue_depth", "Modules that wait for their turn.", queue_depth);
	gauge("hotplugd_insertions_in_flight", "Modules whose init or install command runs.", {
		hung: {
			false: in_flight.filter(({ hung }) => !hung).length,
			true: in_flight.filter(({ hung }) => hung).length,
		},
	});
	gauge("hotplugd_receive_buffer_bytes", "The receive buffer of the uevent socket, in bytes.", receive_buffer_bytes);
}

function addKnowledge({ gauge }: Makers, { indexes: { generation, missing }, configuration }: AgentStatus): void {
	gauge("hotplugd_index_generation", "How often the indexes were read.", generation);
	gauge(
		"hotplugd_indexes_missing",
		"1 if the indexes could not be read at the last attempt.",
		missing === undefined ? 0 : 1,
	);
	gauge(
		"hotplugd_configuration_problems",
		"Problems in the files that were read, such as lines that do not count.",
		configuration.problems,
	);
}

/** A number, or one for each value of a label. */
type Values = number | { readonly [label: string]: Readonly<Record<string, number>> };

type Makers = ReturnType<typeof makers>;

function makers(registry: Registry) {
	const registers = [registry];
	return {
		counter(name: string, help: string, values: Values): void {
			const counter = new Counter({ name, help, registers, labelNames: labelNames(values) });
			for (const [labels, value] of listValues(values)) counter.inc(labels, value);
		},
		gauge(name: string, help: string, values: Values): void {
			const gauge = new Gauge({ name, help, registers, labelNames: labelNames(values) });
			for (const [labels, value] of listValues(values)) gauge.set(labels, value);
		},
	};
}

function labelNames(values: Values): string[] {
	return typeof values === "number" ? [] : Object.keys(values);
}

function listValues(values: Values): readonly (readonly [Record<string, string>, number])[] {
	if (typeof values === "number") return [[{}, values]];
	return Object.entries(values).flatMap(([label, byValue]) =>
		Object.entries(byValue).map(([value, number]) => [{ [label]: value }, number] as const),
	);
}

/** A histogram whose observations were counted elsewhere: the library's own histogram would have to see each of them. */
class CountedHistogram extends Histogram {
	readonly #text: { readonly name: string; readonly help: string };
	readonly #durations: Durations;

	constructor(registry: Registry, name: string, help: string, durations: Durations) {
		super({ name, help, registers: [registry], buckets: durations.buckets.map(({ seconds }) => seconds) });
		this.#text = { name, help };
		this.#durations = durations;
	}

	/** Called by the registry for the text. */
	async getForPromString() {
		const { buckets, count, sum } = this.#durations;
		const { name } = this.#text;
		const upTo = (le: string | number, value: number) => ({ metricName: `${name}_bucket`, labels: { le }, value });
		return {
			...this.#text,
			type: "histogram",
			values: [
				...buckets.map(({ seconds, count: value }) => upTo(seconds, value)),
				upTo("+Inf", count),
				{ metricName: `${name}_sum`, value: sum },
				{ metricName: `${name}_count`, value: count },
			],
		};
	}
}
