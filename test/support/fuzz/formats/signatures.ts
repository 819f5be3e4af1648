// Signatures behind module files, and the DER encoding in them.
import { childrenOf, type DerElement, elementAt, objectIdOf, tags } from "../../../../src/libkmod/formats/der.js";
import { parseSignature } from "../../../../src/libkmod/formats/signature.js";
import type { Random } from "../../worlds/random-numbers.js";
import { objectIds, pkcs7, signedModule } from "../../worlds/signed-module.js";
import { expect, type Field, type FuzzFormat, verdict } from "../format.js";

function sampleMessage(random: Random): Buffer {
	const ids = Object.keys(objectIds) as (keyof typeof objectIds)[];
	return pkcs7({
		issuer: [
			["organisation", "O"],
			["commonName", random.text("abc", 0, 9)],
		],
		serial: random.pick(["01", "00ff", "80", "ff00", "00".repeat(3)]),
		...(random.below(4) === 0 && { keyId: "0102" }),
		hash: random.below(4) === 0 ? random.pick(ids) : "sha256",
		signers: random.below(3) === 0 ? 0 : 1,
		withAttributes: random.below(2) === 0,
		withCertificates: random.below(2) === 0,
	});
}

const signature: FuzzFormat = {
	name: "module, signature",
	sources: ["src/libkmod/formats/signature.ts"],
	readers: ["parseSignature"],
	accepted: "who signed it and how",
	refused: "undefined, or a signature of which something is not understood",
	kind: "bytes",
	/** The lengths in the trailer, and the bytes before it that look like a length. */
	fields: (input) => [
		{ at: input.length - 32, size: 4, bigEndian: true },
		...[40, 39, 38, 37, 36].map((back): Field => ({ at: input.length - back, size: 1, bigEndian: true })),
	],
	sound: 2,
	sample: (random) =>
		random.below(3) > 0
			? signedModule(sampleMessage(random)).subarray(-1000)
			: signedModule(random.bytes(30), {
					algorithm: random.below(2),
					hash: random.below(9),
					idType: random.below(2),
					signerLength: 3,
					keyLength: 4,
				}).subarray(-200),
	read(input) {
		const found = parseSignature(input);
		if (found === undefined) return "refused";
		const size = found.signer.length + found.key.length + found.signature.length;
		expect(size <= input.length, "more was read than is there");
		return verdict(found.hashAlgorithm !== "unknown" && found.signature.length > 0 && found.key.length > 0);
	},
	limits: [
		{
			bound: "bytes of a serial number",
			n: 1024,
			make: (n) => signedModule(pkcs7({ serial: "11".repeat(n) })),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "bytes of a signature, of 30 before the trailer",
			n: 30,
			make: (n) => signedModule(Buffer.alloc(33), { idType: 1, keyLength: 3, length: n }).subarray(-73),
			within: "accepted",
			beyond: "refused",
		},
	],
};

const der: FuzzFormat = {
	name: "DER",
	sources: ["src/libkmod/formats/der.ts"],
	readers: [],
	accepted: "an element whose parts lie within it",
	refused: "undefined",
	kind: "bytes",
	fields: (input) => Array.from({ length: Math.min(40, input.length) }, (_, at) => ({ at, size: 1, bigEndian: true })),
	sound: 1,
	sample: sampleMessage,
	read(input) {
		const root = elementAt(input, 0, input.length);
		if (root === undefined) return "refused";
		let left = input.length;
		const open: DerElement[] = [root];
		for (let element = open.pop(); element !== undefined && left > 0; element = open.pop(), left--) {
			expect(element.start <= element.end && element.end <= input.length, "an element is not within the file");
			if (element.tag === tags.objectId)
				expect(!objectIdOf(input, element).includes("NaN"), "an object identifier is none");
			if ((element.tag & 0x20) === 0) continue;
			for (const child of childrenOf(input, element)) {
				expect(child.start >= element.start && child.end <= element.end, "an element is not within its parent");
				open.push(child);
			}
		}
		return "accepted";
	},
	limits: [
		{
			bound: "bytes of a length",
			n: 4,
			make: (n) => Buffer.concat([Buffer.from([0x30, 0x80 + n]), Buffer.alloc(n)]),
			within: "accepted",
			beyond: "refused",
		},
		{
			bound: "the content's bytes, of 127",
			n: 127,
			make: (n) => Buffer.concat([Buffer.from([0x30, n]), Buffer.alloc(127)]),
			within: "accepted",
			beyond: "refused",
		},
	],
};

export const signatureFormats: readonly FuzzFormat[] = [signature, der];
