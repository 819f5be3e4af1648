// npm run test:vm:quick: the daily subset of the tests in virtual machines, which test/vm/quick.json lists.
import "./no-debugger.mjs";
import { readFileSync } from "node:fs";
import { runStages } from "./stages.mjs";

process.chdir(`${import.meta.dirname}/..`);
const titles = JSON.parse(readFileSync("test/vm/quick.json", "utf8"));
const files = Object.keys(titles);
const matches = Object.values(titles)
	.flat()
	.map((title) => `--match=${title}`);

process.exitCode = await runStages(
	[
		{
			name: "quick",
			command: ["npx", "ava", "--concurrency", "2", ...files, ...matches],
			environment: { COLDPLUG_BOOTS: "1" },
		},
	],
	{ minutes: 5, making: 10 },
);
