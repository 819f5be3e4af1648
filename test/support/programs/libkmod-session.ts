// Asks both libkmods, the real one and ours, and prints a line of JSON for each row. Runs on a made-up machine, with the stand-in
// kernel preloaded: node libkmod-session.js SUBJECTS.json
import { readFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { openKmod } from "../../../src/index.js";
import { openSyscalls } from "../../../src/linux/native/syscalls.js";
import type { Subjects } from "../real/libkmod-subjects.js";

export type Answers = {
	readonly functions: readonly string[];
	readonly ours: string;
	readonly expected: unknown;
	readonly answer: unknown;
};

export const session = fileURLToPath(import.meta.url);

if (argv[1] === session) {
	// koffi can be configured only before any library is loaded, so our module comes first.
	await openSyscalls();
	const { rows } = await import("../real/libkmod-rows.js");
	const subjects: Subjects = {
		...(JSON.parse(readFileSync(argv[2]!, "utf8")) as Omit<Subjects, "open">),
		open: ({ directory, configPaths }, options = {}) =>
			openKmod({ ...options, ...(directory !== "" && { moduleDirectory: directory, configPaths }) }),
	};
	for (const { functions, ours, real, answer } of rows) {
		const answers: Answers = { functions, ours, expected: await real(subjects), answer: await answer(subjects) };
		console.log(JSON.stringify(answers));
	}
}
