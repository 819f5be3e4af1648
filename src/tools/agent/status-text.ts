// Formats an agent's status as text for people: a heading, then one row for each counter or fact.
import type { AgentStatus } from "../../agent/telling/status.js";
import { printable } from "../../libkmod/text/printable.js";

/** One row: its label, and the lines beside that label. */
type Row = readonly [about: string, ...lines: readonly string[]];

const INDENT = 16;

export function formatStatus(status: AgentStatus): string {
	const { version, pid, state, state_milliseconds, milliseconds, last_problem, waiting_for_hung = [] } = status;
	const heading = `hotplugd ${printable(version)}, process ${pid}, running for ${formatDuration(milliseconds)}`;
	const rows: readonly Row[] = [
		["state", `${printable(state)} for ${formatDuration(state_milliseconds)}`],
		["source", `uevents of ${formatSource(status)}`],
		...countRows(status),
		["in flight", ...orNone(status.in_flight.map(formatInFlight))],
		...(waiting_for_hung.length > 0 ? [["waiting", ...waiting_for_hung.map(formatStuck)] as const] : []),
		["last outcomes", ...orNone(status.last_outcomes.map(formatOutcome))],
		...knowledgeRows(status),
		["last problem", last_problem === undefined ? "none" : formatProblem(last_problem)],
	];
	return `${[heading, ...rows.flatMap(formatRow)].join("\n")}\n`;
}

function formatRow([about, ...lines]: Row): string[] {
	return lines.map((line, number) => `  ${(number === 0 ? about : "").padEnd(INDENT)}${line}`);
}

const orNone = (lines: readonly string[]): readonly string[] => (lines.length > 0 ? lines : ["none"]);

function formatSource({ source, receive_buffer_bytes }: AgentStatus): string {
	return `${source === "udev" ? "udev" : "the kernel"}, receive buffer of ${Math.round(receive_buffer_bytes / 1024)} KiB`;
}

function countRows({ counts, queue_depth }: AgentStatus): Row[] {
	const failures = Object.entries(counts.modules_failed);
	const failed = failures.reduce((sum, [, count]) => sum + count, 0);
	const reasons = failures.map(([reason, count]) => `${printable(reason)} ${count}`).join(", ");
	const events = [
		`${counts.events_received} received`,
		`${counts.events_dropped} dropped`,
		`${counts.events_refused} refused`,
		`${counts.overruns} overruns`,
	];
	return [
		["events", events.join(", ")],
		[
			"aliases",
			`${counts.aliases_new} new, ${counts.aliases_repeated} repeated, ${counts.aliases_unknown} that no module has`,
		],
		["modules", `${counts.modules_inserted} inserted, ${failed} failed${failed > 0 ? `: ${reasons}` : ""}`],
		...(counts.skipped ? [["skipped", `${counts.skipped} devices, rules or decisions`] as const] : []),
		["queue", `${queue_depth}`],
	];
}

function formatInFlight({ module, milliseconds, hung }: AgentStatus["in_flight"][number]): string {
	return `${printable(module)} for ${formatDuration(milliseconds)}${hung ? ", hung" : ""}`;
}

function formatStuck({ module, behind }: NonNullable<AgentStatus["waiting_for_hung"]>[number]): string {
	return `${printable(module)} waits for ${printable(behind)}, which hangs`;
}

function formatOutcome(outcome: AgentStatus["last_outcomes"][number]): string {
	const { module, result, explanation, milliseconds, milliseconds_ago } = outcome;
	const what = explanation === result ? result : `${result}: ${explanation}`;
	return `${formatDuration(milliseconds_ago)} ago, ${printable(module)} ${printable(what)} (in ${formatDuration(milliseconds)})`;
}

function knowledgeRows({ indexes, configuration }: AgentStatus): Row[] {
	const { files, problems, milliseconds_ago } = configuration;
	const read = `read ${formatDuration(milliseconds_ago)} ago, ${problems} ${problems === 1 ? "problem" : "problems"}`;
	return [
		["indexes", ...formatIndexes(indexes)],
		["configuration", read, ...files.map(printable)],
	];
}

function formatIndexes({ directory, generation, milliseconds_ago, missing }: AgentStatus["indexes"]): string[] {
	const ago = `${formatDuration(milliseconds_ago)} ago`;
	const read = generation === 0 ? [] : [`${printable(directory)}, generation ${generation}, read ${ago}`];
	if (missing === undefined) return read;
	return [...read, `${generation === 0 ? "none" : "gone now"}, the agent waits for them: ${printable(missing)}`];
}

function formatProblem({ message, milliseconds_ago }: NonNullable<AgentStatus["last_problem"]>): string {
	return `${formatDuration(milliseconds_ago)} ago: ${printable(message)}`;
}

const units = [
	{ name: "d", milliseconds: 86_400_000 },
	{ name: "h", milliseconds: 3_600_000 },
	{ name: "min", milliseconds: 60_000 },
	{ name: "s", milliseconds: 1000 },
];

/** Formats a duration in its two greatest units: 420 ms, 12 s, 3 min 5 s, 2 d 0 h. */
export function formatDuration(milliseconds: number): string {
	const greatest = units.findIndex((unit) => milliseconds >= unit.milliseconds);
	const [unit, next] = greatest < 0 ? [] : units.slice(greatest, greatest + 2);
	if (unit === undefined) return `${Math.round(milliseconds)} ms`;
	const whole = `${Math.floor(milliseconds / unit.milliseconds)} ${unit.name}`;
	if (next === undefined) return whole;
	return `${whole} ${Math.floor((milliseconds % unit.milliseconds) / next.milliseconds)} ${next.name}`;
}
