// Preloaded into a daemon: at SIGUSR2 it writes to the file $EVENT_LOOP_DELAY how long, in milliseconds, the event loop has
// delayed due callbacks since the signal before.
const { renameSync, writeFileSync } = require("node:fs");
const { monitorEventLoopDelay } = require("node:perf_hooks");

const RESOLUTION_MILLISECONDS = 5;
const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MILLISECONDS });
delays.enable();

process.on("SIGUSR2", () => {
	// The monitor's values include the time of its own timer, which is no delay.
	const [p99, longest] = [delays.percentile(99), delays.max].map(
		(nanoseconds) => nanoseconds / 1e6 - RESOLUTION_MILLISECONDS,
	);
	writeFileSync(`${process.env.EVENT_LOOP_DELAY}.draft`, JSON.stringify({ p99, longest }));
	renameSync(`${process.env.EVENT_LOOP_DELAY}.draft`, process.env.EVENT_LOOP_DELAY);
	delays.reset();
});
