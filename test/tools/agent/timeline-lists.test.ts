import test from "ava";
import { formatBlame, formatCriticalChain, listBlame } from "../../../src/agent/timeline/timeline-text.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";
import { hotplugd, timelineAgent } from "../../support/running/timeline-agent.js";

test("blame lists modules by the time of their init, for people and as JSON, a line each", async (t) => {
	const blame = listBlame(sampleTimeline);
	t.deepEqual(await hotplugd(["blame"], timelineAgent()), { status: 0, printed: formatBlame(blame), complained: "" });
	const { status, printed } = await hotplugd(["blame", "--json"], timelineAgent());
	t.is(status, 0);
	t.deepEqual(
		printed
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line)),
		blame,
	);
});

test("critical-chain shows what was waited for, of the module that ended last or of one that is named", async (t) => {
	const tree = (module?: string) => ({
		status: 0,
		printed: formatCriticalChain(sampleTimeline, module),
		complained: "",
	});
	t.deepEqual(await hotplugd(["critical-chain"], timelineAgent()), tree());
	t.deepEqual(await hotplugd(["critical-chain", "snd-hda-intel"], timelineAgent()), tree("snd_hda_intel"));
});

test("critical-chain says that it does not know the module, or that there is none", async (t) => {
	t.deepEqual(await hotplugd(["critical-chain", "no\x1b"], timelineAgent()), {
		status: 1,
		printed: "",
		complained: "hotplugd critical-chain: the timeline has no module no\\x1b\n",
	});
	t.deepEqual(await hotplugd(["critical-chain"], timelineAgent({ ...sampleTimeline, modules: [] })), {
		status: 1,
		printed: "",
		complained: "hotplugd critical-chain: no module has begun and ended yet\n",
	});
	t.deepEqual(await hotplugd(["blame"], timelineAgent({ ...sampleTimeline, modules: [] })), {
		status: 0,
		printed: "",
		complained: "",
	});
});

test("an unknown option is a usage error", async (t) => {
	for (const command of ["timeline", "blame", "critical-chain"])
		t.is((await hotplugd([command, "--loudly"])).status, 2);
});
