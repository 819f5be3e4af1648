// npm test: runs everything that a change must pass, and reports where the time went.
import "./no-debugger.mjs";
import { runStages } from "./stages.mjs";

const script = (name) => ({ name, command: ["npm", "run", name] });

process.exitCode = await runStages(
	[
		{ name: "setup", command: ["bash", "scripts/setup-vm.sh"] },
		...["lint", "test:here", "test:compressed", "test:vm"].map(script),
	],
	{ minutes: 20, making: 10 },
);
