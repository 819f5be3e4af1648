// npm test: everything that a change has to pass, and where the time of it went.
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
