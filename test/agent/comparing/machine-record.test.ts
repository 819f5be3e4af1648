// The record of one machine of a fleet.
import test from "ava";
import { recordMachine } from "../../../src/agent/comparing/machine-record.js";
import { compareWorlds } from "../../support/worlds/compared-sides.js";

test("a machine's record counts its devices, and has a row for each that changes", (t) => {
	const { changes } = compareWorlds(
		{
			world: { modules: { card: [], other: [] }, aliases: { "x:card": "card", "x:other": "other" } },
			devices: { a: "x:card", b: "x:other", c: "x:none" },
		},
		{ world: { config: "blacklist other" } },
		{ world: { config: "blacklist card" }, devices: { a: "x:card", d: "x:other", c: "x:none" } },
	);
	t.deepEqual(recordMachine("m1", changes, { a: "old", b: "new" }), {
		kind: "machine",
		machine: "m1",
		...{ loses: 1, gains: 1, changes: 0, moves: 0 },
		drivers: [
			{
				change: "loses",
				device: "/devices/a",
				alias: "x:card",
				before: ["card"],
				after: [],
				cause: "blacklisted by /etc/modprobe.d/world.conf:1, in new",
			},
			{
				change: "gains",
				device: "/devices/b",
				alias: "x:other",
				before: [],
				after: ["other"],
				cause: "blacklisted by /etc/modprobe.d/world.conf:1, in old",
			},
		],
	});
});
