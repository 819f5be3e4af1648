// hotplugd blame --json of timelines that coldplug wrote.
import { blame } from "../../../src/tools/agent/timeline-lists.js";
import { makeFakeMachine } from "../fakes/fake-machine.js";

/** @param timeline the content of the file, as bytes. Resolves with what was printed. */
export async function blameOf(timeline: string): Promise<string> {
	const fake = makeFakeMachine({ world: { modules: {} }, files: { "/work/timeline.json": timeline } });
	await blame.start(["--json", "--from", "/work/timeline.json"], fake);
	return fake.printed();
}
