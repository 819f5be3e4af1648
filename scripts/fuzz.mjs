// Gives made-up inputs to every reader of hotplugd: node scripts/fuzz.mjs [--inputs COUNT] [--seed NUMBER] [--only WORDS]. With
// --tests [ROUNDS] it runs every test that draws random numbers with fresh seeds instead, until one fails.
import "./no-debugger.mjs";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [first, ...words] = process.argv.slice(2);
if (first === "--tests") runTests(Number(words[0] ?? 10));
else await import("../dist/test/support/fuzz/main.js");

function runTests(rounds) {
	const files = readdirSync("test", { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".test.ts"))
		.map((name) => join("test", name))
		.filter((file) => readFileSync(file, "utf8").includes("seededRandom("));
	for (let round = 1; round <= rounds; round++) {
		const seed = Math.floor(Math.random() * 1_000_000_000) + 1;
		console.log(`round ${round} of ${rounds}: FUZZ_SEED=${seed}`);
		const { status, stdout } = spawnSync("npx", ["ava", ...files], {
			env: { ...process.env, FUZZ_SEED: String(seed) },
			encoding: "utf8",
			stdio: ["ignore", "pipe", "inherit"],
		});
		if (status === 0) continue;
		console.log(stdout);
		process.exit(1);
	}
}
