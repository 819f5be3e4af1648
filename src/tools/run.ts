// hotplugd run: coldplug, then the drivers of whatever is plugged in, until SIGTERM. It logs JSON lines.
import { lastValueFrom, ReplaySubject, tap } from "rxjs";
import { announcements } from "../agent/announcements.js";
import { hotplug } from "../agent/hotplug.js";
import { openJournal } from "../agent/journal.js";
import { slicedByTurns } from "../agent/slices.js";
import { exitStatus } from "../agent/verdict.js";
import { makeInserter } from "../libkmod/inserter.js";
import { agentOptions, complainOf, formatProblem, start } from "./agent-start.js";
import { defineTool } from "./command-line.js";
import { listLive } from "./live.js";

export const run = defineTool({
	name: "hotplugd run",
	summary: "Loads the modules of the devices present, then those of every device that is plugged in.",
	options: agentOptions,
	mostOperands: 0,
	async run({ options: given }, machine) {
		const kernel = await machine.kernel();
		try {
			const { settings, knowledge } = await start(kernel, given);
			const journal = openJournal(settings.log_level, (line) => machine.print(line));
			for (const problem of knowledge.problems) journal.warn({ ...problem }, formatProblem(problem));
			journal.info({ files: knowledge.read, moduleDirectory: knowledge.moduleDirectory }, "read the configuration");
			await machine.sizeThreadPool(settings.parallel);
			const sources = await machine.devices("/sys");
			const inserter = makeInserter({ kernel, parallel: settings.parallel });
			// A signal may come before anybody listens.
			const stop = new ReplaySubject<void>(1);
			machine.onStopSignal((signal) => {
				inserter.stop();
				journal.info({ signal, running: inserter.running() }, `${signal}: nothing more begins; waiting for what runs`);
				stop.next();
			});
			const reports = hotplug({
				devices: {
					announced: announcements(await sources.listen(settings.receive_buffer_bytes)),
					present: () => slicedByTurns(sources.present()),
				},
				knowledge,
				inserter,
				listLive: () => listLive(kernel),
				quietMilliseconds: settings.quiet_milliseconds,
				stop,
				endWhenSettled: false,
			});
			await lastValueFrom(reports.pipe(tap((report) => journal.record(report))), { defaultValue: undefined });
			journal.info({}, "stopped");
			return exitStatus.done;
		} catch (error) {
			return complainOf(error, "hotplugd run", machine);
		}
	},
});
