// Module files with an appended signature, valid or not.
import { elfImage } from "./elf-image.js";

const MARKER = Buffer.from("~Module signature appended~\n", "latin1");

export type Trailer = {
	algorithm?: number;
	hash?: number;
	/** 0 PGP, 1 X509, 2 PKCS#7. */
	idType?: number;
	signerLength?: number;
	keyLength?: number;
	/** The length of the signature that the trailer states; the true length when absent. */
	length?: number;
};

/** A small module file with these bytes and this trailer appended. */
export function signedModule(bytes: Buffer, trailer: Trailer = {}): Buffer {
	const { algorithm = 0, hash = 0, idType = 2, signerLength = 0, keyLength = 0 } = trailer;
	const numbers = Buffer.from([algorithm, hash, idType, signerLength, keyLength, 0, 0, 0, 0, 0, 0, 0]);
	numbers.writeUInt32BE(trailer.length ?? bytes.length, 8);
	return elfImage({ modinfo: ["license=GPL"], appended: Buffer.concat([bytes, numbers, MARKER]) });
}

export const objectIds = {
	commonName: "550403",
	organisation: "55040a",
	unit: "55040b",
	md4: "2a864886f70d0204",
	md5: "2a864886f70d0205",
	sha1: "2b0e03021a",
	rmd160: "2b24030201",
	sha256: "608648016503040201",
	sha384: "608648016503040202",
	sha512: "608648016503040203",
	sha224: "608648016503040204",
	sm3: "2a811ccf55018311",
	"sha3-256": "608648016503040208",
	"sha3-384": "608648016503040209",
	"sha3-512": "60864801650304020a",
	"sha512-256": "608648016503040206",
	unheardOf: "608648016503040277",
} as const;
export type ObjectId = keyof typeof objectIds;

export type Pkcs7 = {
	/** Attributes of the issuer's name; a nested list is one set (RDN) with several attributes. */
	issuer?: readonly (readonly [ObjectId, string, tag?: number])[];
	/** The DER content of the serial number, in hex. */
	serial?: string;
	/** The key identifier, in place of the issuer and the serial number. */
	keyId?: string;
	hash?: ObjectId;
	signature?: string;
	signers?: number;
	withAttributes?: boolean;
	withCertificates?: boolean;
};

/** SignedData of RFC 2315, as the kernel's sign-file makes it. */
export function pkcs7(message: Pkcs7): Buffer {
	const {
		issuer = [["commonName", "Signer"]],
		serial = "01",
		keyId,
		hash = "sha256",
		signature = "SIGNATURE",
	} = message;
	const names = issuer.map(([type, value, tag = 0x0c]) =>
		set(seq(id(objectIds[type]), der(tag, Buffer.from(value, "latin1")))),
	);
	const version = integer(keyId === undefined ? "01" : "03");
	const attributes = der(0xa0, seq(id("2a864886f70d010903"), set(id("2a864886f70d010701"))));
	const signerInfo = seq(
		version,
		keyId === undefined ? seq(seq(...names), integer(serial)) : der(0x80, Buffer.from(keyId, "hex")),
		seq(id(objectIds[hash])),
		...(message.withAttributes ? [attributes] : []),
		seq(id("2a864886f70d010101"), der(0x05)),
		der(0x04, Buffer.from(signature, "latin1")),
	);
	const signedData = seq(
		version,
		set(seq(id(objectIds[hash]))),
		seq(id("2a864886f70d010701")),
		...(message.withCertificates ? [der(0xa0)] : []),
		set(...Array.from({ length: message.signers ?? 1 }, () => signerInfo)),
	);
	return seq(id("2a864886f70d010702"), der(0xa0, signedData));
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
	const content = Buffer.concat(parts);
	const { length } = content;
	const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
	return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const seq = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const set = (...parts: readonly Buffer[]) => der(0x31, ...parts);
const id = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const integer = (hex: string) => der(0x02, Buffer.from(hex, "hex"));
