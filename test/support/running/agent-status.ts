// A status of an agent in which every field has content.
import type { AgentStatus } from "../../../src/agent/telling/status.js";

export const sampleStatus: AgentStatus = {
	version: "0.1.0",
	pid: 421,
	milliseconds: 7_384_000,
	state: "working",
	state_milliseconds: 61_500,
	source: "udev",
	receive_buffer_bytes: 268_435_456,
	counts: {
		events_received: 1204,
		events_dropped: 0,
		events_refused: 3,
		overruns: 0,
		aliases_new: 84,
		aliases_repeated: 412,
		aliases_unknown: 21,
		modules_inserted: 113,
		modules_failed: { ENOEXEC: 2, missing: 1 },
	},
	queue_depth: 4,
	in_flight: [
		{ module: "slow_probe", milliseconds: 185_000, hung: true },
		{ module: "snd_hda_intel", milliseconds: 420, hung: false },
	],
	last_outcomes: [
		{ module: "e1000", result: "inserted", explanation: "inserted", milliseconds: 210, milliseconds_ago: 7_380_000 },
		{
			module: "bad",
			result: "failed",
			explanation: "the kernel refused it (ENOEXEC)",
			milliseconds: 3,
			milliseconds_ago: 900,
		},
	],
	indexes: { directory: "/lib/modules/6.1.0-56-amd64", generation: 2, milliseconds_ago: 3_600_000 },
	configuration: {
		files: ["/etc/modprobe.d/a.conf", "/lib/modprobe.d/aliases.conf"],
		problems: 1,
		milliseconds_ago: 3_600_000,
	},
	last_problem: { message: "uevents were lost: looking at all devices again", milliseconds_ago: 86_400_000 * 3 },
};
