import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "ava";
import { CAPTURED_MACHINE } from "../src/tools/agent-start.js";

const readme = readFileSync("README.md", "utf8");
const commands = [...readme.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block]) =>
	block!
		.trim()
		.split("\n")
		.flatMap((line) => line.split(" && ")),
);

// What whoever runs this test has just done.
const alreadyRun = ["npm ci", "npm test"];

test("every command of the README's runs", (t) => {
	const others = commands.filter((command) => !alreadyRun.includes(command));
	t.true(others.length > 0);
	for (const command of others) {
		t.true(command.startsWith("node dist/main.js "), `${command} is run by no test`);
		const output = execFileSync("sh", ["-c", command.replace(/^node/, `'${process.execPath}'`)], { encoding: "utf8" });
		t.regex(output, /^batch 1, level 0: \d+ modules/m);
		t.regex(output, /^\d+ modules in \d+ batches for \d+ devices/m);
		t.regex(output, /blacklisted by fixtures\/machine\/etc\/modprobe.d\/example.conf line 2/);
	}
});

test("whoever has no modules is told the README's own first command", (t) => {
	t.true(commands.includes(CAPTURED_MACHINE), CAPTURED_MACHINE);
});
