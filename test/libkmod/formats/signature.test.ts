import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { parseSignature } from "../../../src/libkmod/formats/signature.js";
import { moduleInfo } from "../../../src/libkmod/knowledge/module-info.js";
import { formatModinfo } from "../../../src/tools/kmod/modinfo-text.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";
import { type ObjectId, type Pkcs7, pkcs7, signedModule, type Trailer } from "../../support/worlds/signed-module.js";

const plain = (trailer: Trailer) =>
	signedModule(Buffer.from("signerKEYSIGNATURE"), { signerLength: 6, keyLength: 3, length: 9, ...trailer });
const message = (parts: Pkcs7) => signedModule(pkcs7(parts));
const whole = pkcs7({});

const modules: Readonly<Record<string, Buffer>> = {
	"a common name": message({}),
	"the first of two common names": message({
		issuer: [
			["commonName", "First"],
			["commonName", "Second"],
		],
	}),
	"a common name among others": message({
		issuer: [
			["organisation", "O"],
			["commonName", "C"],
			["unit", "U"],
		],
	}),
	"a name without a common name": message({
		issuer: [
			["organisation", "O"],
			["unit", "U"],
		],
	}),
	"a name without parts": message({ issuer: [] }),
	"an empty common name": message({ issuer: [["commonName", ""]] }),
	"a name of two-byte characters": message({ issuer: [["commonName", "\0B\0M\0P", 0x1e]] }),
	"a NUL within a name": message({ issuer: [["commonName", "a\0b"]] }),
	"bytes above 127 in a name": message({ issuer: [["commonName", "J\xfcrgen", 0x14]] }),
	"a long name": message({ issuer: [["commonName", "n".repeat(300)]] }),
	attributes: message({ withAttributes: true }),
	certificates: message({ withCertificates: true }),
	"two signers": message({ signers: 2 }),
	"an empty signature": message({ signature: "" }),
	"20 bytes of signature": message({ signature: "s".repeat(20) }),
	"21 bytes of signature": message({ signature: "s".repeat(21) }),
	"bytes behind the message": signedModule(Buffer.concat([whole, Buffer.from("xx")])),
	"signer and key before the message": signedModule(Buffer.concat([Buffer.from("signerKEY"), whole]), {
		signerLength: 6,
		keyLength: 3,
		length: whole.length,
	}),
	"an OpenPGP signature": plain({ algorithm: 1, hash: 4, idType: 0 }),
	"no signer's name": plain({ idType: 1, signerLength: 0 }),
	"a NUL within a plain name": signedModule(Buffer.from("sig\0erKEYSIGNATURE"), {
		idType: 1,
		signerLength: 6,
		keyLength: 3,
		length: 9,
	}),
	...Object.fromEntries(
		["00", "7f", "80", "ff", "ff00", "8000", "0080", "00ff01", "a6f5"].map((serial) => [
			`serial number ${serial}`,
			message({ serial }),
		]),
	),
	...Object.fromEntries(
		Array.from({ length: 9 }, (_, hash) => [`a plain signature by hash ${hash}`, plain({ idType: 1, hash })]),
	),
	...Object.fromEntries(
		["md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224", "sm3"].map((hash) => [
			`a message by ${hash}`,
			message({ hash: hash as ObjectId }),
		]),
	),
};

test("signatures are described as by real modinfo", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "signature-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const paths = Object.entries(modules).map(([name, image], index) => {
		const path = join(folder, `${index}.ko`);
		writeFileSync(path, image);
		return { name, image, path };
	});
	const output = execFileSync(
		"modinfo",
		paths.map(({ path }) => path),
		{ encoding: "latin1" },
	);
	const real = output.split(/(?=^filename: )/m);
	t.is(real.length, paths.length);
	t.true(output.split("\nsig_id: ").length > 30);
	for (const [index, { name, image, path }] of paths.entries())
		t.is(formatModinfo({ filename: path }, moduleInfo(image) ?? []), real[index]!, name);
});

const nothing = { id: "unknown", signer: "", key: "", hashAlgorithm: "unknown", signature: "" } as const;
const ofMessage = { id: "PKCS#7", signer: "Signer", key: "\x01", hashAlgorithm: "sha256", signature: "SIGNATURE" };
const ofPlain = { id: "X509", signer: "signer", key: "KEY", hashAlgorithm: "md4", signature: "SIGNATURE" };

/** Images that kmod 30 reports as not signed at all, and of which the kernel takes none for unsigned. */
const notUnderstood: Readonly<Record<string, readonly [image: Buffer, understood: object]>> = {
	"a message by sha512-256": [message({ hash: "sha512-256" }), { ...ofMessage, hashAlgorithm: "unknown" }],
	"a message by an unheard-of hash": [message({ hash: "unheardOf" }), { ...ofMessage, hashAlgorithm: "unknown" }],
	"a serial number that is none": [message({ serial: "000001" }), { ...ofMessage, key: "" }],
	"no signer": [message({ signers: 0 }), { ...nothing, id: "PKCS#7" }],
	"no message at all": [signedModule(Buffer.from("nonsense")), { ...nothing, id: "PKCS#7" }],
	"a message cut short": [signedModule(whole.subarray(0, -5)), { ...nothing, id: "PKCS#7" }],
	"an unknown algorithm": [plain({ idType: 1, algorithm: 2 }), ofPlain],
	"an unknown hash": [plain({ idType: 1, hash: 9 }), { ...ofPlain, hashAlgorithm: "unknown" }],
	"an unknown kind": [plain({ idType: 3 }), { ...ofPlain, id: "unknown" }],
	"no bytes": [plain({ idType: 1, length: 0 }), { ...nothing, id: "X509" }],
	"more bytes than the file has": [plain({ idType: 1, length: 100_000 }), { ...nothing, id: "X509" }],
	"the most bytes that can be": [plain({ idType: 1, length: 0xffffffff }), { ...nothing, id: "X509" }],
};

for (const [name, [image, understood]] of Object.entries(notUnderstood))
	test(`signed in a way that is not understood is signed all the same: ${name}`, (t) => {
		const { key, signature, ...rest } = parseSignature(image)!;
		t.deepEqual({ ...rest, key: key.toString("latin1"), signature: signature.toString("latin1") }, understood);
		const keys = (moduleInfo(image) ?? []).map((entry) => entry.key);
		t.deepEqual(keys.slice(-5), ["sig_id", "signer", "sig_key", "sig_hashalgo", "signature"]);
	});

test("hashes that came after Debian's kmod have their names", (t) => {
	for (const hash of ["sha3-256", "sha3-384", "sha3-512"] as const)
		t.is(parseSignature(message({ hash }))?.hashAlgorithm, hash);
});

test("a signer known by a key id alone has no name", (t) => {
	const signature = parseSignature(message({ keyId: "aabbcc" }));
	t.is(signature?.signer, "");
	t.is(signature?.key.toString("hex"), "aabbcc");
});

test("a file without the marker line is not signed", (t) => {
	const image = message({});
	t.is(parseSignature(image.subarray(0, -1)), undefined);
	t.is(parseSignature(Buffer.alloc(0)), undefined);
});

test("the marker line alone says that a file is signed, as it does to the kernel", (t) => {
	const image = message({});
	for (const size of [28, 39, 40])
		t.like(parseSignature(image.subarray(-size)), { hashAlgorithm: "unknown", signer: "" });
});

test("no bytes in a signature make it throw", (t) => {
	const random = seededRandom(t);
	const image = message({ withAttributes: true, withCertificates: true });
	let signed = 0;
	for (let round = 0; round < 5000; round++) {
		const mutated = Buffer.from(image);
		const start = image.length - 40 - whole.length;
		for (let n = random.below(4); n >= 0; n--) mutated[start + random.below(whole.length + 12)] = random.below(256);
		if (parseSignature(mutated)!.hashAlgorithm !== "unknown") signed++;
	}
	t.true(signed > 0 && signed < 5000);
});

test("a signature of 1 MiB is looked into, and of one byte more only that it is one", (t) => {
	const sound = pkcs7({ serial: "01" });
	for (const [length, algorithm] of [
		[2 ** 20 - 1, "sha256"],
		[2 ** 20, "sha256"],
		[2 ** 20 + 1, "unknown"],
	] as const) {
		const image = signedModule(Buffer.concat([sound, Buffer.alloc(length - sound.length)]));
		t.like(parseSignature(image), { id: "PKCS#7", hashAlgorithm: algorithm });
	}
});
