// Watches files for changes while inotify has no watches left. The result is printed as JSON.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { traceReads } from "../../../src/agent/settings/read-trace.js";
import { watchStaleness } from "../../../src/agent/settings/staleness.js";
import { files } from "../../../src/linux/files/files.js";
import { watchDirectories } from "../../../src/linux/service/watch-files.js";
import { until } from "../running/until.js";

export const watchSession = fileURLToPath(import.meta.url);

if (process.argv[1] === watchSession) {
	// The limit of this user namespace only.
	writeFileSync("/proc/sys/user/max_inotify_watches", "0");
	const folder = mkdtempSync(join(tmpdir(), "watch-"));
	const problems: string[] = [];
	let stale = 0;
	const trace = traceReads(files);
	for (const name of ["a", "b"]) trace.files.read(join(folder, name, "file"));
	trace.files.read(join(folder, "file"));
	const freshness = watchStaleness({
		watch: watchDirectories({
			onHint: () => freshness.hint(),
			onProblem: ({ message }) => problems.push(message.replace(folder, "FOLDER")),
		}),
		quietMilliseconds: 20,
		pollMilliseconds: 50,
		onStale: () => stale++,
	});
	freshness.follow(trace);
	await setTimeout(200);
	const before = stale;
	writeFileSync(join(folder, "file"), "new");
	await until(() => stale > 0);
	freshness.close();
	rmSync(folder, { recursive: true });
	console.log(JSON.stringify({ problems, before, stale }));
}
