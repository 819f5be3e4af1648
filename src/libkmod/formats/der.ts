// The Distinguished Encoding Rules of ASN.1 (X.690), as far as a module's signature needs them: elements with definite lengths
// and one-byte tags, found in place. Any other encoding gives undefined.

/** An element: its tag byte, and its content from `start` up to `end`. */
export type DerElement = { readonly tag: number; readonly start: number; readonly end: number };

/** Tag bytes of an element: class, constructed bit and number. */
export const tags = {
	integer: 0x02,
	octetString: 0x04,
	objectId: 0x06,
	sequence: 0x30,
	set: 0x31,
	context0: 0xa0,
} as const;

/** The element at `at`, which must end at or before `limit`. */
export function elementAt(bytes: Buffer, at: number, limit: number): DerElement | undefined {
	if (at + 2 > limit) return undefined;
	const tag = bytes[at]!;
	const first = bytes[at + 1]!;
	const lengthBytes = first < 0x80 ? 0 : first - 0x80;
	// 0x80 is BER's indefinite length. No signature has 4 GiB, so more than 4 length bytes are refused.
	if (first === 0x80 || lengthBytes > 4 || (tag & 0x1f) === 0x1f || at + 2 + lengthBytes > limit) return undefined;
	let length = lengthBytes === 0 ? first : 0;
	for (let i = 0; i < lengthBytes; i++) length = length * 256 + bytes[at + 2 + i]!;
	const start = at + 2 + lengthBytes;
	return start + length > limit ? undefined : { tag, start, end: start + length };
}

/** The elements within `parent`, in order, up to the first invalid one. */
export function childrenOf(bytes: Buffer, parent: DerElement): DerElement[] {
	const children: DerElement[] = [];
	let next = elementAt(bytes, parent.start, parent.end);
	while (next !== undefined) {
		children.push(next);
		next = elementAt(bytes, next.end, parent.end);
	}
	return children;
}

/** An object identifier in dots, such as 2.5.4.3. */
export function objectIdOf(bytes: Buffer, element: DerElement): string {
	const arcs: number[] = [];
	let arc = 0;
	for (let i = element.start; i < element.end; i++) {
		arc = arc * 128 + (bytes[i]! & 0x7f);
		if (bytes[i]! < 0x80) {
			// The first two arcs are encoded as one number: 40 times the first (0, 1 or 2) plus the second.
			const top = Math.min(Math.floor(arc / 40), 2);
			if (arcs.length === 0) arcs.push(top, arc - top * 40);
			else arcs.push(arc);
			arc = 0;
		}
	}
	return arcs.join(".");
}
