import { readFileSync } from "node:fs";
import test from "ava";
import {
	listDiskCiphers,
	listMadeOf,
	parseProcCrypto,
	partsOfAlgorithm,
} from "../../../src/agent/initramfs/crypto-algorithms.js";

const paragraph = (name: string, module: string, references: number, type: string): string =>
	`name         : ${name}\ndriver       : ${name}-x\nmodule       : ${module}\npriority     : 100\nrefcnt       : ${references}\ntype         : ${type}\n\n`;

test("this machine's own /proc/crypto is read", (t) => {
	const text = readFileSync("/proc/crypto", "latin1");
	const found = parseProcCrypto(text);
	t.is(found.length, text.match(/^name /gm)?.length ?? 0);
	t.true(found.every(({ name, driver }) => name !== "" && driver !== ""));
});

test("what is used is told by its references, and a built-in one has no module", (t) => {
	const [first, second] = parseProcCrypto(
		paragraph("crc32c", "crc32c-intel", 3, "shash") + paragraph("aes", "kernel", 1, "cipher"),
	);
	t.deepEqual(first, { name: "crc32c", driver: "crc32c-x", module: "crc32c_intel", type: "shash", isUsed: true });
	t.like(second, { name: "aes", module: undefined, isUsed: false });
});

test("ciphers of disks are those in use in a mode for disks", (t) => {
	const text = [
		paragraph("xts(aes)", "aesni_intel", 3, "skcipher"),
		paragraph("cbc(aes)", "aesni_intel", 1, "skcipher"),
		paragraph("ctr(aes)", "aesni_intel", 5, "skcipher"),
		paragraph("ccm(aes)", "ccm", 5, "aead"),
		paragraph("essiv(cbc(aes),sha256)", "essiv", 2, "skcipher"),
	].join("");
	t.deepEqual(
		listDiskCiphers(parseProcCrypto(text)).map(({ name }) => name),
		["xts(aes)", "essiv(cbc(aes),sha256)"],
	);
	t.deepEqual(partsOfAlgorithm("essiv(cbc(aes),sha256)"), ["essiv", "cbc", "aes", "sha256"]);
});

test("what an implementation is made of is told by its driver's name", (t) => {
	const of = (driver: string, type: string) =>
		`name : n\ndriver : ${driver}\nmodule : kernel\nrefcnt : 2\ntype : ${type}\n\n`;
	const drivers = ["xts(ecb(aes-generic))", "ecb(aes-generic)", "aes-generic", "aes", "generic"];
	const all = parseProcCrypto(drivers.map((driver) => of(driver, "skcipher")).join(""));
	t.deepEqual(
		listMadeOf(all, all[0]!).map(({ driver }) => driver),
		["ecb(aes-generic)", "aes-generic"],
	);
	t.deepEqual(listMadeOf(all, all[2]!), []);
});
