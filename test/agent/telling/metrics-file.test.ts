import test from "ava";
import { keepMetricsFile } from "../../../src/agent/telling/metrics-file.js";
import { until } from "../../support/running/until.js";

const never = (message: string): never => {
	throw new Error(message);
};

test("it is written again and again, and once more at the end", async (t) => {
	let written = 0;
	const stop = keepMetricsFile({
		milliseconds: 1,
		write: async () => void written++,
		onProblem: never,
	});
	t.is(written, 0);
	await until(() => written >= 3);
	const before = written;
	await stop();
	t.is(written, before + 1);
	await new Promise((resolve) => setTimeout(resolve, 20));
	t.is(written, before + 1);
});

test("where writing takes longer than the pause, one write does not begin before the other has ended", async (t) => {
	const ends: (() => void)[] = [];
	let begun = 0;
	const write = () => {
		begun++;
		return new Promise<void>((resolve) => ends.push(resolve));
	};
	const stop = keepMetricsFile({ milliseconds: 1, write, onProblem: never });
	await until(() => begun === 1);
	await new Promise((resolve) => setTimeout(resolve, 20));
	t.is(begun, 1);
	ends.shift()!();
	await until(() => begun === 2);
	const stopped = stop();
	await new Promise((resolve) => setImmediate(resolve));
	t.is(begun, 2);
	ends.shift()!();
	await until(() => begun === 3);
	ends.shift()!();
	await stopped;
	t.is(begun, 3);
});

test("that it cannot be written is told once, and again when it had been written meanwhile", async (t) => {
	const problems: string[] = [];
	let written = 0;
	let failing = true;
	const stop = keepMetricsFile({
		milliseconds: 1,
		async write() {
			written++;
			if (failing) throw new Error("no space");
		},
		onProblem: (message) => void problems.push(message),
	});
	await until(() => written >= 5);
	t.deepEqual(problems, ["no space"]);
	failing = false;
	const before = written;
	await until(() => written > before + 1);
	failing = true;
	await until(() => problems.length > 1);
	await stop();
	t.deepEqual(problems, ["no space", "no space"]);
});
