import test from "ava";
import { makeDecider } from "../../../src/agent/decisions/decider.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import { makeDevice } from "../../../src/linux/devices/walked-device.js";
import { makeWorld } from "../../support/worlds/world.js";

const MANY = 14_000;
const FEW = 140;
const names = Array.from({ length: MANY }, (_, number) => `x:${number.toString(36)}`);

/** Microseconds of processor time, which other processes do not add to. */
function cost(act: () => void): number {
	act();
	const before = process.cpuUsage();
	for (let times = 0; times < 5; times++) act();
	const { user, system } = process.cpuUsage(before);
	return user + system;
}

/** The cost of all names on one device, divided by their cost spread over devices of FEW names each. */
function compare(handle: (aliases: readonly string[]) => void): number {
	const spread = cost(() => {
		for (let from = 0; from < MANY; from += FEW) handle(names.slice(from, from + FEW));
	});
	return cost(() => handle(names)) / spread;
}

const deviceWith = (aliases: readonly string[]) =>
	makeDevice("/sys", "/devices/a", { modalias: aliases.join("\n"), uevent: `MODALIAS=${aliases[0]}\n` }, false)!;

test("each alias is told once, in the order of the attributes", (t) => {
	const { aliases } = makeDevice(
		"/sys",
		"/devices/a",
		{ modalias: "b\na\nb\n\n", uevent: "MODALIAS=c\nMODALIAS=a" },
		false,
	)!;
	t.deepEqual(aliases, ["b", "a", "c"]);
});

test("a device of 14,000 aliases costs about as much as a hundred devices of 140", (t) => {
	t.true(compare((aliases) => t.is(deviceWith(aliases).aliases.length, aliases.length)) < 10);
});

test("so it does where a rule has all of them asked for", (t) => {
	const { value } = parsePolicy("a.toml", '[[load]]\ndevpath = "*"\nown_aliases = true\n');
	const decide = makeDecider(makeWorld({ modules: {} }), value.policy);
	t.true(compare((aliases) => t.is(decide(deviceWith(aliases)).length, aliases.length)) < 10);
});
