// The ranks of patterns by the fields that agree.
import test from "ava";
import { type Agreement, DIFFERS as D, LITERAL as L, OPEN as O } from "../../../src/agent/explaining/alias-fields.js";
import { formOfBus } from "../../../src/agent/explaining/bus-fields.js";
import { compareRanks, rankAgreement } from "../../../src/agent/explaining/nearness.js";

const { fields } = formOfBus("pci");
const rank = (...agreements: Agreement[]) => rankAgreement({ fields, agreements, common: 0 });

/** Vendor, device, subsystem vendor and device, class, subclass, interface: the nearest first. */
const order: readonly (readonly [string, readonly number[]])[] = [
	["this device with its subsystem's vendor", rank(L, L, L, D, O, O, O)],
	["this device with another class", rank(L, L, O, O, D, O, O)],
	["this device with two differences", rank(L, L, D, D, O, O, O)],
	["all of the vendor's devices of a class, with another interface", rank(L, O, O, O, L, L, D)],
	["a class with another interface", rank(O, O, O, O, L, L, D)],
	["another device of the vendor, of this class", rank(L, D, O, O, L, L, O)],
	["another device of the vendor", rank(L, D, O, O, O, O, O)],
	["the device's number with another vendor", rank(D, L, O, O, O, O, O)],
	["another class of the vendor", rank(L, O, O, O, D, D, O)],
	["another vendor's device of this class", rank(D, D, O, O, L, L, O)],
	["nothing in common", rank(D, D, O, O, D, O, O)],
];

for (const [n, [what, lower]] of order.entries())
	if (n > 0)
		test(`${order[n - 1]![0]} is nearer than: ${what}`, (t) => t.true(compareRanks(order[n - 1]![1], lower) < 0));

test("ranks of the same agreement are the same", (t) =>
	t.is(compareRanks(rank(L, D, O, O, O, O, O), rank(L, D, O, O, O, O, O)), 0));
