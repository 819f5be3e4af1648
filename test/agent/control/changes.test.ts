// Virtual time. The pause between two polls is 20 milliseconds, the longest one 1000.
import test, { type ExecutionContext } from "ava";
import { map } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import { nextChange } from "../../../src/agent/control/changes.js";

type Wait = {
	readonly changes?: string;
	readonly over?: string;
	readonly unannounced?: boolean;
	readonly ends: string;
};

const wait = test.macro((t: ExecutionContext, { changes = "", over = "", unannounced = false, ends }: Wait) => {
	const scheduler = new TestScheduler(t.deepEqual);
	scheduler.run(({ cold, expectObservable }) => {
		const change = nextChange({ changes: cold(changes), over: cold(over), scheduler }, unannounced);
		expectObservable(change.pipe(map(() => "c"))).toBe(ends);
	});
});

test("a change ends the wait, a pause later at least", wait, { changes: "--c", ends: "20ms (c|)" });
test("a later change ends it then", wait, { changes: "50ms c", ends: "50ms (c|)" });
test("what gives no notice is looked at again after the pause", wait, { unannounced: true, ends: "20ms (c|)" });
test("without any change the wait ends all the same", wait, { ends: "1000ms (c|)" });
test("where nobody waits any longer it ends at once", wait, { over: "3ms o", ends: "3ms (c|)" });
