import test from "ava";
import { inOrderOfPublication, isDraft, isTimeOfRun, timeOfRun } from "../../../src/libkmod/depmod/publication.js";

test("modules.dep and its index come first, and last what leads to modules; what is not depmod's comes behind", (t) => {
	const names = ["x", "modules.alias.bin", "modules.softdep", "modules.dep.bin", "modules.alias", "modules.dep"];
	t.deepEqual(inOrderOfPublication(names), [
		...["modules.dep", "modules.dep.bin", "modules.softdep", "modules.alias", "modules.alias.bin", "x"],
	]);
});

test("drafts are told by their names, of this scheme and the first one", (t) => {
	const digits = "0123456789abcdef01234567";
	for (const name of [`.modules.dep.${digits}.new`, `.modules.builtin.alias.bin.${digits}.old`, "modules.dep.1.new"])
		t.true(isDraft(name), name);
	for (const name of ["modules.dep", `modules.dep.${digits}.new`, ".modules.dep.1.new", `.x.${digits}.new`, "a.1.new"])
		t.false(isDraft(name), name);
});

test("the time of a run is a little before it, and like no other time", (t) => {
	const second = 1_000_000_000n;
	for (const now of [
		1_764_000_000_123_456_789n,
		1_764_000_000_000_000_000n,
		1_764_000_000_999_999_999n,
		64n * second,
	]) {
		const time = timeOfRun(now);
		const nanoseconds = BigInt(Math.floor(time)) * second + BigInt((time % 1) * 1e9);
		t.true(nanoseconds <= now && now - nanoseconds < 32_000_000n, `${now}`);
		t.true(isTimeOfRun(nanoseconds), `${time}`);
	}
	for (const time of [0n, second, 1_764_000_000_123_456_789n, 1_764_000_000_015_625_001n, 1_764_000_000_001_000_000n])
		t.false(isTimeOfRun(time), `${time}`);
});
