// The dry run's text.
import test from "ava";
import { formatBatch } from "../../src/agent/dry-run.js";
import type { Step } from "../../src/libkmod/plan-insertion.js";

function runs(module: string, command: string, line: number): Step {
	const source = { file: "/etc/modprobe.d/local.conf", line };
	return { module, how: "run", command, source, parameters: "", required: true, after: [], cause: { kind: "name" } };
}

test("an install command is named with its file and line, and whether it is run", (t) => {
	const plan = [runs("sound", "modprobe -i sound; alsactl restore", 3), runs("nosy", "/bin/false", 4)];
	const batch = { number: 1, decisions: [], plan, wantedBy: new Map(), spared: [] };
	t.deepEqual(formatBatch(batch, false).split("\n").slice(0, 5), [
		"batch 1, level 0: 2 modules",
		"  sound [by its install command, /etc/modprobe.d/local.conf line 3]",
		"    run modprobe -i sound; alsactl restore",
		"    asked for by name",
		"  nosy [masked by /etc/modprobe.d/local.conf line 4: not run]",
	]);
});
