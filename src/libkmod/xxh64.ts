// XXH64 with seed 0 (the xxHash specification): its lower half is the checksum of a zstd frame. A number of 64 bits is two of 32 here,
// since BigInt takes many times as long.

/** The number at work: a global one, so that no step makes an object. */
let high = 0;
let low = 0;

function load(newHigh: number, newLow: number): void {
	high = newHigh;
	low = newLow;
}

function add(otherHigh: number, otherLow: number): void {
	const sum = (low >>> 0) + (otherLow >>> 0);
	low = sum | 0;
	high = (high + otherHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
}

function multiply(otherHigh: number, otherLow: number): void {
	const a0 = low & 0xffff;
	const a1 = low >>> 16;
	const b0 = otherLow & 0xffff;
	const b1 = otherLow >>> 16;
	const p01 = Math.imul(a0, b1);
	const p10 = Math.imul(a1, b0);
	const middle = (Math.imul(a0, b0) >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
	const carried = Math.imul(a1, b1) + (p01 >>> 16) + (p10 >>> 16) + (middle >>> 16);
	high = (carried + Math.imul(high, otherLow) + Math.imul(low, otherHigh)) | 0;
	low = Math.imul(low, otherLow);
}

/** @param by fewer than 32 */
function rotate(by: number): void {
	const carried = high >>> (32 - by);
	high = (high << by) | (low >>> (32 - by));
	low = (low << by) | carried;
}

function exclusiveOr(otherHigh: number, otherLow: number): void {
	high ^= otherHigh;
	low ^= otherLow;
}

/** A shift to the right, exclusive-ored with what was there. @param by fewer than 32 */
function spread(by: number): void {
	const [oldHigh, oldLow] = [high, low];
	exclusiveOr(oldHigh >>> by, (oldLow >>> by) | (oldHigh << (32 - by)));
}

const P1 = [0x9e3779b1 | 0, 0x85ebca87 | 0] as const;
const P2 = [0xc2b2ae3d | 0, 0x27d4eb4f | 0] as const;
const P3 = [0x165667b1 | 0, 0x9e3779f9 | 0] as const;
const P4 = [0x85ebca77 | 0, 0xc2b2ae63 | 0] as const;
const P5 = [0x27d4eb2f | 0, 0x165667c5 | 0] as const;
const [P1H, P1L] = P1;
const [P2H, P2L] = P2;

const LANES = 4;
const STRIPE = 32;

export function xxh64Low(bytes: Buffer): number {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const whole = bytes.length - (bytes.length % STRIPE);
	if (whole > 0) mergeLanes(consumeStripes(view, whole));
	else load(...P5);
	add(Math.floor(bytes.length / 2 ** 32), bytes.length | 0);
	consumeTail(view, whole);
	return finish();
}

/** A round of the lane at work with eight bytes at `at`. */
function round(view: DataView, at: number, laneHigh: number, laneLow: number): void {
	load(view.getInt32(at + 4, true), view.getInt32(at, true));
	multiply(P2H, P2L);
	add(laneHigh, laneLow);
	rotate(31);
	multiply(P1H, P1L);
}

function consumeStripes(view: DataView, end: number): Int32Array {
	const highs = new Int32Array(LANES);
	const lows = new Int32Array(LANES);
	load(...P1);
	add(...P2);
	[highs[0], lows[0]] = [high, low];
	[highs[1], lows[1]] = P2;
	load(~P1H, ~P1L);
	add(0, 1);
	[highs[3], lows[3]] = [high, low];
	for (let at = 0; at < end; at += 8) {
		const lane = (at >> 3) & (LANES - 1);
		round(view, at, highs[lane]!, lows[lane]!);
		highs[lane] = high;
		lows[lane] = low;
	}
	return Int32Array.of(...highs, ...lows);
}

function mergeLanes(lanes: Int32Array): void {
	let [sumHigh, sumLow] = [0, 0];
	for (const [lane, by] of [1, 7, 12, 18].entries()) {
		load(lanes[lane]!, lanes[lane + LANES]!);
		rotate(by);
		add(sumHigh, sumLow);
		[sumHigh, sumLow] = [high, low];
	}
	for (let lane = 0; lane < LANES; lane++) {
		load(lanes[lane]!, lanes[lane + LANES]!);
		mixed();
		exclusiveOr(sumHigh, sumLow);
		multiply(...P1);
		add(...P4);
		[sumHigh, sumLow] = [high, low];
	}
}

/** A round that begins with a lane of zero. */
function mixed(): void {
	multiply(...P2);
	rotate(31);
	multiply(...P1);
}

function consumeTail(view: DataView, start: number): void {
	let at = start;
	for (; at + 8 <= view.byteLength; at += 8) {
		const [hashHigh, hashLow] = [high, low];
		load(view.getInt32(at + 4, true), view.getInt32(at, true));
		mixed();
		exclusiveOr(hashHigh, hashLow);
		rotate(27);
		multiply(...P1);
		add(...P4);
	}
	if (at + 4 <= view.byteLength) {
		absorb(view.getInt32(at, true), P1, 23);
		multiply(...P2);
		add(...P3);
		at += 4;
	}
	for (; at < view.byteLength; at++) {
		absorb(view.getUint8(at), P5, 11);
		multiply(...P1);
	}
}

function absorb(value: number, prime: readonly [number, number], by: number): void {
	const [hashHigh, hashLow] = [high, low];
	load(0, value);
	multiply(...prime);
	exclusiveOr(hashHigh, hashLow);
	rotate(by);
}

function finish(): number {
	exclusiveOr(0, high >>> 1); // by 33
	multiply(...P2);
	spread(29);
	multiply(...P3);
	return (low ^ high) >>> 0; // by 32
}
