import { spawnSync } from "node:child_process";
import test from "ava";
import { nodeOptions } from "../../../src/linux/process/node-options.js";

test("this node is passed the option if it starts with it, and not if it does not", (t) => {
	const { status } = spawnSync(process.execPath, ["--disable-sigusr1", "--version"]);
	t.deepEqual(nodeOptions(), status === 0 ? ["--disable-sigusr1"] : []);
});

test("of each line of node it is passed from the version on that brought it", (t) => {
	const has = (node: string, inspector = true) =>
		nodeOptions({ versions: { node }, features: { inspector } }).length > 0;
	for (const version of ["20.19.0", "20.99.0", "21.7.3", "22.13.1", "23.6.1", "", "nightly"])
		t.false(has(version), version);
	for (const version of ["22.14.0", "22.20.0", "23.7.0", "24.0.0", "24.21.0", "26.1.0"]) t.true(has(version), version);
	t.false(has("24.0.0", false));
});
