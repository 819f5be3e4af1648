import test from "ava";
import { Subject } from "rxjs";
import { monotonicScheduler } from "../../../src/agent/pipeline/monotonic-scheduler.js";
import { makeLooking } from "../../../src/agent/pipeline/sysfs-looks.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { PresentDevice } from "../../../src/ports/devices.js";

test("from the moment when something was missed until a look has ended, a failed one apart, a look is under way", async (t) => {
	const walks: Subject<readonly PresentDevice[]>[] = [];
	const looking = makeLooking({
		devices: {
			announced: new Subject(),
			present() {
				walks.push(new Subject());
				return walks.at(-1)!;
			},
		},
		pauseMilliseconds: 5,
		lookAtStart: true,
		scheduler: monotonicScheduler,
		onLooked: () => undefined,
	});
	const begun = async (count: number): Promise<void> => {
		while (walks.length < count) {
			t.true(looking.isUnderWay());
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
	};
	t.true(looking.isUnderWay());
	const told: string[] = [];
	const subscription = looking.seen.subscribe(({ kind }) => told.push(kind));
	t.teardown(() => subscription.unsubscribe());
	await begun(1);
	walks[0]!.complete();
	t.false(looking.isUnderWay());
	looking.again();
	await begun(2);
	walks[1]!.error(new Refusal("walk", "/sys/devices", "EMFILE", 24));
	// It is due again: its pause is no rest.
	await begun(3);
	t.true(looking.isUnderWay());
	walks[2]!.complete();
	t.false(looking.isUnderWay());
	t.deepEqual(told, ["walked", "blind", "walked"]);
});
