// One word names one thing: no two files of src export a type, class or function of the same name.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";

/** Names that two files export on purpose, and the reason. */
const allowed: Readonly<Record<string, string>> = {
	main: "what scripts/bundle/main.cjs calls of each executable",
	openKmod: "the library's own is libkmod's for this machine, with its strings as text",
};

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
	.filter((name) => name.endsWith(".ts"))
	.map((name) => join("src", name));

/**
 * A declaration that is exported, be it a type, a class, a function, or a constant that is a function. Re-exports do not count.
 */
const EXPORT =
	/^export (?:declare )?(?:abstract )?(?:async )?(?:(?:type|interface|class|enum|function\*?) (\w+)(?! ?\})|const (\w+) = (?:async )?(?:<[^>]*>)?\()/gm;

const places = new Map<string, string[]>();
for (const file of files)
	for (const [, declared, constant] of readFileSync(file, "utf8").matchAll(EXPORT)) {
		const name = declared ?? constant ?? "";
		places.set(name, [...(places.get(name) ?? []), file]);
	}

test("no type, class or function of src shares its name with another file's", (t) => {
	t.true(places.size > 800, `only ${places.size} names were found`);
	const shared = [...places].filter(([name, where]) => new Set(where).size > 1 && allowed[name] === undefined);
	t.deepEqual(Object.fromEntries(shared), {});
});
