// Finds every key of an index that, as a wildcard pattern (fnmatch(3), flags 0, C locale), matches a literal query. As in kmod,
// a backslash before all wildcards is an ordinary character; after the first wildcard it is an escape.
//
// The query walks the trie once for all patterns. Each node has a set of places of the query that the pattern so far can have
// reached. After `*`, the set is "this place and every later one". Nothing is matched twice, and only the matches are
// allocated. Nodes are visited in kmod's order, on which the order of matches depends (index-matches.ts): children `*`, `?` and
// `[` before the literal one and, below a wildcard, children before the node itself.
import { takeBracket, UNCLOSED } from "../text/wildcard-bracket.js";
import {
	blankNode,
	childOffset,
	type IndexFile,
	MalformedIndex,
	type Node,
	readNode,
	sharedNodes,
} from "./index-file.js";
import { addMatches, beginMatches, endMatches, type IndexMatch } from "./index-matches.js";

const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;

/** PATH_MAX, a byte more than the longest key that depmod writes. */
const KEY_BUFFER_BYTES = 4096;
/** Limit on nodes in use at once. A deeper trie is refused. */
const DEEPEST = KEY_BUFFER_BYTES;

/** The mode: how the next byte of a pattern is read. */
const PLAIN = 0;
const ESCAPED = 1;
const IN_BRACKET = 2;

/**
 * Limit on the depth below a wildcard, where a search recurses once for each node: an untrusted file determines the depth, and
 * depmod's have 60 at most.
 */
const DEEPEST_BELOW = 1024;

const query = new Uint8Array(KEY_BUFFER_BYTES);
const lastPlace = new Int32Array(256);
const pattern = Buffer.alloc(KEY_BUFFER_BYTES);
const nodes: Node[] = [];
let places = new Int32Array(8192);

let index: IndexFile;
let length = 0;
let left = 0;
let walks = 1;
let depth = 0;
let withPatterns = false;
let bracketStart = 0;

// The reach of a pattern: the places of the query that it can have reached. These are places[from..to), used as a stack, or
// after a star every place from places[from] on.
let mode = PLAIN;
let star = false;
let from = 0;
let to = 0;

/**
 * Searches with a query of at most 4,095 characters; a longer one matches nothing. Not reentrant: the search is synchronous.
 * `pattern` is "" in each match unless asked for.
 * @throws {MalformedIndex}
 */
export function findMatches(searched: IndexFile, text: string, patterns = false): readonly IndexMatch[] {
	if ((searched.root & 0x0fffffff) === 0 || text.length >= KEY_BUFFER_BYTES) return [];
	index = searched;
	length = text.length;
	lastPlace.fill(-1);
	for (let i = 0; i < length; i++) {
		const byte = text.charCodeAt(i) & 0xff;
		query[i] = byte;
		lastPlace[byte] = i;
	}
	withPatterns = patterns;
	left = index.bytes.length;
	walks = 1;
	depth = 0;
	beginMatches();
	walkLiterally(index.root);
	return endMatches();
}

function isWildcard(byte: number): boolean {
	return byte === STAR || byte === QUESTION || byte === OPEN;
}

/**
 * Extends the budget by the size of the file. The nodes below a wildcard are read once as a pattern and, when the query has
 * that very character, once literally.
 * @throws {MalformedIndex} when the budget was extended for each such character of the query
 */
function walkAgain(): void {
	const allowed = 1 + query.subarray(0, length).filter(isWildcard).length;
	if (walks === allowed) throw sharedNodes(index);
	walks++;
	left += index.bytes.length;
}

function enter(offset: number): Node {
	if (depth >= DEEPEST) throw new MalformedIndex(index.file, `its keys are longer than ${KEY_BUFFER_BYTES} characters`);
	let node = nodes[depth];
	if (node === undefined) {
		node = blankNode();
		nodes.push(node);
	}
	depth++;
	left -= readNode(index, offset, node);
	if (left < 0) walkAgain();
	return node;
}

function walkLiterally(root: number): void {
	const bytes = index.bytes;
	let offset = root;
	let at = 0;
	while (offset !== 0) {
		const node = enter(offset);
		for (let p = node.prefixStart; p < node.prefixEnd; p++) {
			const byte = bytes[p]!;
			if (byte === STAR || byte === QUESTION || byte === OPEN) {
				begin(at);
				below(node, p, at);
				return;
			}
			if (at >= length || byte !== query[at]) return;
			pattern[at++] = byte;
		}
		if (node.first <= OPEN && node.last >= STAR) {
			branch(node, STAR, at);
			branch(node, QUESTION, at);
			branch(node, OPEN, at);
		}
		if (at === length) {
			if (node.valueCount !== 0) meet(node, at);
			return;
		}
		const next = query[at]!;
		offset = childOffset(index, node, next);
		pattern[at++] = next;
	}
}

function begin(at: number): void {
	mode = PLAIN;
	star = false;
	places[0] = at;
	from = 0;
	to = 1;
}

function branch(node: Node, wildcard: number, at: number): void {
	const child = childOffset(index, node, wildcard);
	if (child === 0) return;
	begin(at);
	const before = depth;
	if (advance(wildcard, at)) {
		const entered = enter(child);
		below(entered, entered.prefixStart, at + 1);
	}
	depth = before;
}

/** Walks a node below a wildcard, from byte `p` of its prefix on. `size` is the length of the pattern so far. */
function below(node: Node, p: number, size: number): void {
	const bytes = index.bytes;
	let at = size;
	for (; p < node.prefixEnd; p++, at++) if (!advance(bytes[p]!, at)) return;
	const modeHere = mode;
	const starHere = star;
	const fromHere = from;
	const toHere = to;
	const bracketHere = bracketStart;
	const depthHere = depth;
	if (node.first <= node.last) {
		const only = modeHere === PLAIN && !starHere && toHere - fromHere === 1 ? places[fromHere]! : -1;
		// From a single place, only the wildcards and the query's character at that place lead on.
		let next = only < 0 ? node.first : firstCandidate(node.first, only);
		while (next <= node.last) {
			const character = next;
			next = only < 0 ? character + 1 : firstCandidate(character + 1, only);
			if (only < 0 && modeHere === PLAIN && cannotReach(character, starHere, fromHere, toHere)) continue;
			const child = childOffset(index, node, character);
			if (child === 0) continue;
			mode = modeHere;
			star = starHere;
			from = fromHere;
			to = toHere;
			bracketStart = bracketHere;
			if (!advance(character, at)) continue;
			const entered = enter(child);
			if (depth > DEEPEST_BELOW) refuseDepth();
			below(entered, entered.prefixStart, at + 1);
			depth = depthHere;
		}
	}
	if (node.valueCount === 0) return;
	// The search below has overwritten the stack above this node's reach, but not the reach itself.
	if (modeHere === PLAIN && (starHere || places[toHere - 1] === length)) meet(node, at);
}

function refuseDepth(): never {
	throw new MalformedIndex(index.file, `its trie branches more than ${DEEPEST_BELOW} times on the way to one key`);
}

/**
 * The first character, from `least` on, that is a wildcard, a backslash or the query's character at `place`. 256 when there is
 * none.
 */
function firstCandidate(least: number, place: number): number {
	const literal = place < length && query[place]! >= least ? query[place]! : 256;
	const special =
		least <= STAR ? STAR : least <= QUESTION ? QUESTION : least <= OPEN ? OPEN : least <= BACKSLASH ? BACKSLASH : 256;
	return Math.min(literal, special);
}

function cannotReach(byte: number, anyLater: boolean, first: number, end: number): boolean {
	if (byte === STAR || byte === QUESTION || byte === OPEN || byte === BACKSLASH) return false;
	if (anyLater) return lastPlace[byte]! < places[first]!;
	for (let i = first; i < end; i++) {
		const place = places[i]!;
		if (place < length && query[place] === byte) return false;
	}
	return true;
}

/** Consumes one byte of the pattern and pushes the new reach above the old one. Returns false when no place is reached. */
function advance(byte: number, at: number): boolean {
	if (at >= KEY_BUFFER_BYTES)
		throw new MalformedIndex(index.file, `its keys are longer than ${KEY_BUFFER_BYTES} characters`);
	pattern[at] = byte;
	if (mode === IN_BRACKET) return !closes(byte, at) || consumeMember(at);
	if (mode === ESCAPED) {
		mode = PLAIN;
		return consumeByte(byte);
	}
	switch (byte) {
		case STAR:
			star = true;
			return true;
		case QUESTION:
			return consumeAny();
		case OPEN:
			mode = IN_BRACKET;
			bracketStart = at;
			return true;
		case BACKSLASH:
			mode = ESCAPED;
			return true;
		default:
			return consumeByte(byte);
	}
}

/** Whether the bracket expression ends at this `]`, which may also be its first member, or end a class such as [:digit:]. */
function closes(byte: number, at: number): boolean {
	return byte === CLOSE && takeBracket(bracketUpTo(at), 0, 0) !== UNCLOSED;
}

function bracketUpTo(at: number): string {
	return pattern.toString("latin1", bracketStart, at + 1);
}

/** Consumes one given character of the query. The hot path: nearly every byte of every pattern. */
function consumeByte(byte: number): boolean {
	const begun = to;
	let end = begun;
	if (star) {
		star = false;
		const last = lastPlace[byte]!;
		room(length);
		for (let place = places[from]!; place <= last; place++) if (query[place] === byte) places[end++] = place + 1;
	} else {
		room(begun - from);
		for (let i = from; i < begun; i++) {
			const place = places[i]!;
			if (place < length && query[place] === byte) places[end++] = place + 1;
		}
	}
	from = begun;
	to = end;
	return end > begun;
}

/** Consumes any one character of the query. */
function consumeAny(): boolean {
	const begun = to;
	if (star) {
		// After `*?` every place but the first is reached: still a star, one place later.
		const next = places[from]! + 1;
		room(1);
		places[to++] = next;
		from = begun;
		return next <= length;
	}
	room(begun - from);
	for (let i = from; i < begun; i++) if (places[i]! < length) places[to++] = places[i]! + 1;
	from = begun;
	return to > begun;
}

/** Consumes one character of the query that matches the bracket expression which ends at `at` of the pattern. */
function consumeMember(at: number): boolean {
	mode = PLAIN;
	const bracket = bracketUpTo(at);
	const anyLater = star;
	star = false;
	const begun = to;
	const end = anyLater ? length : begun;
	room(anyLater ? length : begun - from);
	for (let i = anyLater ? places[from]! : from; i < end; i++) {
		const place = anyLater ? i : places[i]!;
		if (place < length && takeBracket(bracket, 0, query[place]!) === bracket.length) places[to++] = place + 1;
	}
	from = begun;
	return to > begun;
}

function room(wanted: number): void {
	if (to + wanted < places.length) return;
	const larger = new Int32Array(2 * places.length + wanted);
	larger.set(places);
	places = larger;
}

function meet(node: Node, at: number): void {
	left -= addMatches(index, node, withPatterns ? pattern.toString("latin1", 0, at) : "");
	if (left < 0) walkAgain();
}
