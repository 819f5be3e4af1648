import test from "ava";
import { makeAttempts } from "../../../src/agent/decisions/attempts.js";
import type { Decision } from "../../../src/agent/decisions/decider.js";
import { takeUp } from "../../../src/agent/pipeline/retry.js";

const decision = (device: string, ...modules: readonly string[]): Decision => ({
	device,
	alias: "x",
	matches: modules.map((module) => ({
		found: { module, via: "alias index", pattern: "x" },
		verdict: "wanted",
	})),
});

const modulesOf = (decisions: readonly Decision[]) =>
	decisions.map(({ device, matches }) => `${device}: ${matches.map(({ found }) => found.module).join(" ")}`);

test("a device that has left meanwhile is not taken up", (t) => {
	const attempts = makeAttempts();
	attempts.record("m", "/1");
	attempts.record("m", "/2");
	attempts.forgetDevice("/2");
	const decisions = [decision("/1", "m"), decision("/2", "m")];
	const taken = takeUp({ module: "m", decisions, devices: ["/1", "/2"], isToCome: () => true }, attempts);
	t.deepEqual(modulesOf(taken), ["/1: m"]);
});

test("the module and those behind it that are still to come are taken up, and not those before it", (t) => {
	const attempts = makeAttempts();
	attempts.record("m", "/1");
	const decisions = [decision("/1", "before", "m", "ended", "next"), decision("/1", "other")];
	const retry = { module: "m", decisions, devices: ["/1"], isToCome: (rival: string) => rival === "next" };
	t.deepEqual(modulesOf(takeUp(retry, attempts)), ["/1: m next"]);
});

test("what is taken up was not tried, and all else was", (t) => {
	const attempts = makeAttempts();
	for (const module of ["before", "m", "next"]) for (const device of ["/1", "/2"]) attempts.record(module, device);
	const decisions = [decision("/1", "before", "m", "next")];
	takeUp({ module: "m", decisions, devices: ["/1"], isToCome: () => true }, attempts);
	const tried = (device: string) => ["before", "m", "next"].filter((module) => attempts.has(module, device));
	t.deepEqual(tried("/1"), ["before"]);
	t.deepEqual(tried("/2"), ["before", "m", "next"]);
});
