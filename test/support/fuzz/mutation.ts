// Mutations of valid inputs: bytes are flipped; parts are cut, doubled, swapped and spliced; numbers are set to the edges of
// their range; and, in text, words of the grammar are put where they do not belong.
import type { Random } from "../worlds/random-numbers.js";
import type { Field, FuzzFormat } from "./format.js";

/** Mutations do not grow an input beyond this size: a linear reader would look slow. */
const LARGEST_BYTES = 1 << 17;
const MOST_MUTATIONS = 4;

/** @param other another valid input, parts of which are inserted */
export function mutate(format: FuzzFormat, input: Buffer, other: Buffer, random: Random): Buffer {
	let mutated: Buffer = Buffer.from(input);
	for (let left = 1 + random.below(MOST_MUTATIONS); left > 0; left--) {
		const next = mutateOnce(format, mutated, other, random);
		if (next.length <= LARGEST_BYTES) mutated = next;
	}
	return mutated;
}

function mutateOnce(format: FuzzFormat, input: Buffer, other: Buffer, random: Random): Buffer {
	const { kind, words = [], fields } = format;
	if (kind === "text" && random.below(3) > 0) return mutateText(input, words, random);
	const numbers = fields === undefined || random.below(2) === 0 ? [] : fields(input);
	if (numbers.length > 0) return setNumber(input, random.pick(numbers), random);
	return random.pick(byteMutations)(input, other, random);
}

type ByteMutation = (input: Buffer, other: Buffer, random: Random) => Buffer;

const place = (input: Buffer, random: Random): number => random.below(input.length + 1);

/** Two offsets in ascending order, half of the time close to each other. */
function range(input: Buffer, random: Random): readonly [number, number] {
	const one = place(input, random);
	const other = random.below(2) === 0 ? place(input, random) : Math.min(input.length, one + 1 + random.below(8));
	return one < other ? [one, other] : [other, one];
}

const byteMutations: readonly ByteMutation[] = [
	function flipBit(input, _other, random) {
		if (input.length > 0) input[random.below(input.length)]! ^= 1 << random.below(8);
		return input;
	},
	function setByte(input, _other, random) {
		if (input.length > 0)
			input[random.below(input.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, 10, 32, random.below(256)]);
		return input;
	},
	function setAnyNumber(input, _other, random) {
		const size = random.pick([1, 2, 4, 4, 4, 8] as const);
		const at = random.below(2) === 0 ? place(input, random) : 4 * random.below(1 + (input.length >> 2));
		return setNumber(input, { at, size, bigEndian: random.below(2) === 0 }, random);
	},
	(input, _other, random) => input.subarray(0, place(input, random)),
	function cutEnd(input, _other, random) {
		return input.subarray(0, Math.max(0, input.length - 1 - random.below(4)));
	},
	function remove(input, _other, random) {
		const [start, end] = range(input, random);
		return Buffer.concat([input.subarray(0, start), input.subarray(end)]);
	},
	function double(input, _other, random) {
		const [start, end] = range(input, random);
		return Buffer.concat([input.subarray(0, end), input.subarray(start)]);
	},
	function move(input, _other, random) {
		const [start, end] = range(input, random);
		const rest = Buffer.concat([input.subarray(0, start), input.subarray(end)]);
		const at = place(rest, random);
		return Buffer.concat([rest.subarray(0, at), input.subarray(start, end), rest.subarray(at)]);
	},
	function splice(input, other, random) {
		return Buffer.concat([input.subarray(0, place(input, random)), other.subarray(place(other, random))]);
	},
	function insertPart(input, other, random) {
		const at = place(input, random);
		const [start, end] = range(other, random);
		return Buffer.concat([input.subarray(0, at), other.subarray(start, end), input.subarray(at)]);
	},
	function insertBytes(input, _other, random) {
		const at = place(input, random);
		return Buffer.concat([input.subarray(0, at), random.bytes(1 + random.below(8)), input.subarray(at)]);
	},
	function swapFields(input, _other, random) {
		const size = random.pick([1, 2, 4, 8]);
		if (input.length < 2 * size) return input;
		const one = random.below(input.length - size + 1);
		const other = random.below(input.length - size + 1);
		const kept = Buffer.from(input.subarray(one, one + size));
		input.copyWithin(one, other, other + size);
		kept.copy(input, other);
		return input;
	},
];

/**
 * Sets the number to 0, 1, all bits, the largest value of its size or half of it, its own offset, the input's size, or a
 * neighbour of these.
 */
function setNumber(input: Buffer, { at, size, bigEndian }: Field, random: Random): Buffer {
	if (at < 0 || at + size > input.length) return input;
	const largest = 2 ** (8 * Math.min(size, 6)) - 1;
	const edges = [
		0,
		1,
		2,
		largest,
		largest - 1,
		(largest - 1) / 2,
		at,
		input.length,
		input.length - 1,
		input.length + 1,
	];
	const value = random.pick([...edges, input.length - at, random.below(input.length + 2)]) % (largest + 1);
	if (size < 8) {
		if (bigEndian) input.writeUIntBE(value, at, size);
		else input.writeUIntLE(value, at, size);
	} else {
		const wide = value === largest ? 0xffff_ffff_ffff_ffffn : BigInt(value);
		if (bigEndian) input.writeBigUInt64BE(wide, at);
		else input.writeBigUInt64LE(wide, at);
	}
	return input;
}

/** Text that grammars treat as special: quotes, escapes, line ends, NULs, bytes beyond ASCII, unusual white space. */
const ODD = [
	...[
		'"',
		"'",
		"\\",
		"\\\n",
		"\n",
		"\r",
		"\r\n",
		"\0",
		"\t",
		"\v",
		"\f",
		" ",
		"  ",
		"",
		"=",
		"#",
		":",
		",",
		".",
		"*",
		"?",
		"-",
	],
	...["[", "]", "[[", "{", "}", "[]", "[!", "é", "\xff", "\x80", "\xa0", "\x85", "\x1b[31m", '"""', "'''", "\\u0000"],
	...[
		"0",
		"-1",
		"1e999",
		"99999999999999999999",
		"0x7fffffff",
		"NaN",
		"null",
		"true",
		"__proto__",
		"constructor",
		"%s",
	],
] as const;

const LONG = [100, 255, 256, 1000, 4096, 9000];
const NESTED = [3, 10, 100, 2000];

function mutateText(input: Buffer, words: readonly string[], random: Random): Buffer {
	const tokens = input.toString("latin1").split(/([ \t\n\0=:,."'[\]{}#\\]+)/);
	const at = random.below(tokens.length);
	const other = random.below(tokens.length);
	switch (random.below(9)) {
		case 0:
			tokens.splice(at, 1);
			break;
		case 1:
			tokens.splice(at, 0, tokens[other]!);
			break;
		case 2:
			[tokens[at], tokens[other]] = [tokens[other]!, tokens[at]!];
			break;
		case 3:
			tokens[at] = tokens[other]!;
			break;
		case 4:
		case 5:
			tokens[at] = words.length === 0 ? random.pick(ODD) : random.pick(words);
			break;
		case 6:
			tokens.splice(at, 0, random.pick(ODD));
			break;
		case 7:
			// Long tokens are rare, since they take longer than all other inputs.
			tokens[at] =
				random.below(8) === 0 ? random.pick(["a", "*a", "[a", "\\", " ", "é"]).repeat(random.pick(LONG)) : "";
			break;
		default: {
			const deep = random.below(16) === 0 ? random.pick(NESTED) : 2;
			const [open, close] = random.pick([
				["[", "]"],
				["{", "}"],
				["(", ")"],
				['"', '"'],
				['{"a":', "}"],
				["a.", ""],
			] as const);
			tokens[at] = open.repeat(deep) + tokens[at]! + (random.below(2) === 0 ? close.repeat(deep) : "");
		}
	}
	return Buffer.from(tokens.join(""), "latin1");
}
