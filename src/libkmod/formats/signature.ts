// The signature appended to a module file, Documentation/admin-guide/module-signing.rst of the kernel: signer, key id,
// signature, a 12-byte trailer (algorithm, hash, id type, signer and key id lengths, 3 of padding, big-endian signature length)
// and the marker line. Current signatures are PKCS#7 (RFC 2315) without certificates: the signature holds all of these data.

import { childrenOf, type DerElement, elementAt, objectIdOf, tags } from "./der.js";
import { stringAt } from "./elf.js";

/** The signer of a module and the algorithms. `signer` has one character per byte. */
export type Signature = {
	readonly id: "PGP" | "X509" | "PKCS#7" | "unknown";
	readonly signer: string;
	readonly key: Buffer;
	readonly hashAlgorithm: string;
	readonly signature: Buffer;
};

const MARKER = Buffer.from("~Module signature appended~\n", "latin1");
const TRAILER_SIZE = 12;
const ID_TYPES = ["PGP", "X509", "PKCS#7"] as const;
const HASHES = ["md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3"];
/** Serial numbers have 20 bytes at most (RFC 5280). */
const MAX_INTEGER = 1024;
/** Bytes. Signatures with the largest keys and every certificate up to the root have some 100 KiB. */
const LARGEST_PARSED_BYTES = 2 ** 20;
const COMMON_NAME = "2.5.4.3";
const HASH_OBJECT_IDS: Readonly<Record<string, string>> = {
	"1.2.840.113549.2.4": "md4",
	"1.2.840.113549.2.5": "md5",
	"1.3.14.3.2.26": "sha1",
	"1.3.36.3.2.1": "rmd160",
	"2.16.840.1.101.3.4.2.1": "sha256",
	"2.16.840.1.101.3.4.2.2": "sha384",
	"2.16.840.1.101.3.4.2.3": "sha512",
	"2.16.840.1.101.3.4.2.4": "sha224",
	"2.16.840.1.101.3.4.2.8": "sha3-256",
	"2.16.840.1.101.3.4.2.9": "sha3-384",
	"2.16.840.1.101.3.4.2.10": "sha3-512",
	"1.2.156.10197.1.401": "sm3",
};

/**
 * The signature at the end of a module file. Undefined when there is no marker line: only then is the file unsigned. Parts that
 * cannot be parsed are "unknown", or empty.
 */
export function parseSignature(image: Buffer): Signature | undefined {
	const trailer = image.length - MARKER.length - TRAILER_SIZE;
	const marker = Math.max(image.length - MARKER.length, 0);
	if (!image.subarray(marker).equals(MARKER)) return undefined;
	if (trailer < 0) return NOT_UNDERSTOOD;
	const [, hash, idType, signerLength, keyLength] = image.subarray(trailer, trailer + 5);
	const id = ID_TYPES[idType!] ?? NOT_UNDERSTOOD.id;
	const length = image.readUInt32BE(trailer + 8);
	const start = trailer - length;
	const signer = start - keyLength! - signerLength!;
	if (length === 0 || signer < 0) return { ...NOT_UNDERSTOOD, id };
	const signature = image.subarray(start, trailer);
	if (id === "PKCS#7")
		return { ...NOT_UNDERSTOOD, id, ...(length <= LARGEST_PARSED_BYTES ? parsePkcs7(signature) : {}) };
	return {
		...{ id, signature, hashAlgorithm: HASHES[hash!] ?? NOT_UNDERSTOOD.hashAlgorithm },
		signer: stringAt(image, signer, signer + signerLength!),
		key: image.subarray(start - keyLength!, start),
	};
}

const NOTHING = Buffer.alloc(0);
const NOT_UNDERSTOOD: Signature = {
	...{ id: "unknown", signer: "", hashAlgorithm: "unknown" },
	...{ key: NOTHING, signature: NOTHING },
};

// ContentInfo { signedData, [0] { SignedData { version, digests, content, [certificates], [crls], SET { SignerInfo } } } }
function parsePkcs7(bytes: Buffer): Partial<Signature> {
	const within = (parent: DerElement | undefined) => (parent === undefined ? [] : childrenOf(bytes, parent));
	const [, content] = within(elementAt(bytes, 0, bytes.length));
	const signerInfos = within(within(content)[0]).at(-1);
	// SignerInfo { version, who, digest, [attributes], algorithm, signature, [attributes] }
	const [, who, digest, ...rest] = within(within(signerInfos)[0]);
	const digestId = within(digest)[0];
	const hashAlgorithm = digestId && HASH_OBJECT_IDS[objectIdOf(bytes, digestId)];
	const signature = rest.find((element) => element.tag === tags.octetString);
	return {
		...(who && signerOf(bytes, who)),
		...(hashAlgorithm !== undefined && { hashAlgorithm }),
		...(signature && { signature: bytes.subarray(signature.start, signature.end) }),
	};
}

// The signer is identified either by issuer and serial number, or by a bare key id.
function signerOf(bytes: Buffer, who: DerElement): Pick<Signature, "signer" | "key"> {
	if (who.tag !== tags.sequence) return { signer: "", key: bytes.subarray(who.start, who.end) };
	const [issuer, serial] = childrenOf(bytes, who);
	const key = serial && magnitudeOf(bytes.subarray(serial.start, serial.end));
	return { signer: issuer ? commonNameOf(bytes, issuer) : "", key: key ?? NOTHING };
}

// The first common name, or else the last attribute of the name, whatever its type.
function commonNameOf(bytes: Buffer, issuer: DerElement): string {
	const attributes = childrenOf(bytes, issuer).flatMap((set) => childrenOf(bytes, set));
	const parts = attributes.map((attribute) => childrenOf(bytes, attribute));
	const isCommonName = (type: DerElement | undefined) => type !== undefined && objectIdOf(bytes, type) === COMMON_NAME;
	const value = (parts.find(([type]) => isCommonName(type)) ?? parts.at(-1))?.[1];
	return value === undefined ? "" : stringAt(bytes, value.start, value.end);
}

// An INTEGER without its sign byte: a leading zero byte only says that the number is not negative although its next bit is set.
function magnitudeOf(integer: Buffer): Buffer | undefined {
	const [first, second] = integer;
	if (first === undefined || integer.length > MAX_INTEGER) return undefined;
	if (first === 0 && second !== undefined && second < 0x80) return undefined;
	const magnitude = first < 0x80 ? integer : Buffer.from(negated(integer));
	return magnitude[0] === 0 ? magnitude.subarray(1) : magnitude;
}

function negated(integer: Buffer): number[] {
	let carry = 1;
	const digits = [...integer].reverse().map((byte) => {
		const digit = (byte ^ 0xff) + carry;
		carry = digit >> 8;
		return digit & 0xff;
	});
	return digits.reverse();
}
