import test from "ava";
import { readModuleFacts, unlessUnreadable } from "../../../src/libkmod/evidence/module-facts.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { elfImage, undefinedSymbol } from "../../support/worlds/elf-image.js";
import { pkcs7, signedModule } from "../../support/worlds/signed-module.js";

const read = (image: Buffer) => readModuleFacts({ readModule: async () => image }, "/a.ko");

test("a module file tells its vermagic, its symbols and whether it has their checksums", async (t) => {
	const sketch = {
		modinfo: ["vermagic=6.0.0 SMP", "name=a"],
		symbols: [undefinedSymbol("x"), undefinedSymbol("w", 2)],
	};
	const facts = await read(elfImage(sketch));
	t.is(facts?.vermagic, "6.0.0 SMP");
	t.deepEqual(facts?.listNeeded(), ["x"]);
	t.is(facts?.signature, undefined);
	t.false(facts?.hasVersions);
	t.true((await read(elfImage({ ...sketch, versions: { x: 1 } })))?.hasVersions);
	t.deepEqual(facts?.info, [
		{ key: "vermagic", value: "6.0.0 SMP" },
		{ key: "name", value: "a" },
	]);
});

test("a signed module tells its signer", async (t) => {
	t.is((await read(signedModule(pkcs7({}))))?.signature?.signer, "Signer");
});

test("a file without modinfo and symbols has none", async (t) => {
	const facts = await read(elfImage({}));
	t.deepEqual([facts?.info, facts?.vermagic, facts?.listNeeded()], [[], undefined, []]);
});

test("a file that is no module, or cannot be read, tells nothing", async (t) => {
	t.is(await read(Buffer.from("no module")), undefined);
	const refusal = new Refusal({ operation: "open", subject: "/a.ko", code: "EACCES" });
	t.is(await unlessUnreadable(() => Promise.reject(refusal)), undefined);
	t.is(await unlessUnreadable(async () => 1), 1);
});

test("an unexpected error is thrown", async (t) => {
	await t.throwsAsync(readModuleFacts({ readModule: () => Promise.reject(new TypeError("a fault")) }, "/a.ko"), {
		instanceOf: TypeError,
	});
});
