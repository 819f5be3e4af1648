// A run of check --json in which every kind of its records occurs. Returns what was printed.
import { check } from "../../../src/tools/agent/check.js";
import { makeFakeMachine } from "../fakes/fake-machine.js";
import { moduleDirectory } from "../worlds/world.js";

export async function checkWithProblems(): Promise<string> {
	const machine = makeFakeMachine({
		world: { modules: { card: [] }, aliases: { "x:card": "card" }, config: "rubbish\ninclude more\n" },
		files: {
			"/etc/hotplugd.toml": "paralel = 4",
			"/etc/hotplugd/rules.d/a.toml": "[[mask]]",
			[`${moduleDirectory}/kernel/card.ko`]: "",
		},
	});
	await check.start(["--json"], machine);
	return machine.printed();
}
