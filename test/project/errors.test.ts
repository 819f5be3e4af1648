// Every error class of src extends the base class, and has a code of its own that programs can test for.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";

const texts = readdirSync("src", { recursive: true, encoding: "utf8" })
	.filter((name) => name.endsWith(".ts"))
	.map((name) => readFileSync(join("src", name), "utf8"));

const classes = texts.flatMap((text) =>
	[...text.matchAll(/^(?:export )?(?:abstract )?class (\w+) extends (\w*Error)\b.*?^\}/gms)].map(
		([body, name = "", base = ""]) => ({ name, base, body }),
	),
);

const own = classes.filter(({ name }) => name !== "HotplugdError");

test("every class of errors extends HotplugdError, and has its own name", (t) => {
	t.true(own.length >= 16, `only ${own.length} were found`);
	t.deepEqual(
		own.filter(({ base }) => base !== "HotplugdError"),
		[],
	);
	t.deepEqual(classes.filter(({ base }) => base === "Error").length, 1);
	for (const { name, body } of own) t.true(body.includes(`override readonly name = "${name}";`), name);
});

test("every error but a refusal has a code that says its class, as node's codes do", (t) => {
	const codes = own
		.filter(({ name }) => name !== "Refusal")
		.map(({ name, body }) => [name, /^\toverride readonly code = "(\w+)";$/m.exec(body)?.[1]]);
	const expected = own.map(({ name }) => [
		name,
		`ERR${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
	]);
	t.deepEqual(
		codes,
		expected.filter(([name]) => name !== "Refusal"),
	);
	t.is(new Set(codes.map(([, code]) => code)).size, own.length - 1);
});
