import test from "ava";
import { judgeLoad } from "../../../src/agent/control/load-verdict.js";

test("what could not be decided has failed, and is not said to ask for nothing", (t) => {
	t.deepEqual(judgeLoad([], []), {
		result: "failed",
		explanation: "could not decide which modules the alias asks for: the agent's log says why",
	});
	const explanation = "on request: x:none matches no module";
	t.deepEqual(judgeLoad([{ device: "", alias: "x:none", matches: [] }], []), { result: "nothing", explanation });
});
