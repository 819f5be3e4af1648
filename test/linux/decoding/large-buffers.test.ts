import test from "ava";
import {
	borrowBuffer,
	dropBuffers,
	dropLargeBuffer,
	LARGEST_KEPT_BYTES,
	returnBuffer,
} from "../../../src/linux/decoding/large-buffers.js";

const MIB = 2 ** 20;

test.beforeEach(dropBuffers);

/** Whether a buffer of that size is lent again after `between` was called. */
function isLentAgain(size: number, between: () => unknown = () => undefined): boolean {
	const first = borrowBuffer(size);
	returnBuffer(first);
	between();
	const isSame = borrowBuffer(size) === first;
	dropBuffers();
	return isSame;
}

test.serial("what is given back is lent to the next that needs as much, until all are dropped", (t) => {
	for (const size of [20 * MIB, LARGEST_KEPT_BYTES, 256 * MIB]) {
		t.true(isLentAgain(size));
		t.false(isLentAgain(size, dropBuffers));
	}
});

test.serial("a buffer beyond the bound is kept for nobody but the next, since it is outside of the budget", (t) => {
	// A borrowed buffer is a quarter larger than asked for.
	const most = LARGEST_KEPT_BYTES / 1.25;
	for (const between of [dropLargeBuffer, () => borrowBuffer(MIB)]) {
		t.true(isLentAgain(most - 1, between));
		t.true(isLentAgain(most, between));
		t.false(isLentAgain(most + 2, between));
		t.false(isLentAgain(256 * MIB, between));
	}
});
