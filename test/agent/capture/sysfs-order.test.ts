import { readdirSync } from "node:fs";
import test from "ava";
import { sortAsSysfs } from "../../../src/agent/capture/sysfs-order.js";
import { readEntries } from "../../../src/linux/files/directory-entries.js";

for (const directory of ["/sys/module", "/sys/class", "/sys/bus"])
	test(`the names in ${directory} are in the order in which this kernel lists them`, (t) => {
		const listed = readEntries(directory).map(({ name }) => name);
		t.true(listed.length > 5);
		t.deepEqual(sortAsSysfs(readdirSync(directory, { encoding: "latin1" })), listed);
	});

test("one name, and none, stay", (t) => {
	t.deepEqual(sortAsSysfs([]), []);
	t.deepEqual(sortAsSysfs(["a"]), ["a"]);
});
