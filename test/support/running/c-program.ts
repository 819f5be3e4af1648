// Compiles the C sources beside this file, once for each state of their text.

import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @param name of the source without .c; its executable, or with `-shared` its library. */
export function compile(name: string, ...options: string[]): string {
	const source = fileURLToPath(new URL(`../../../../test/support/programs/${name}.c`, import.meta.url));
	const state = createHash("sha256").update(readFileSync(source)).update(options.join(" ")).digest("hex").slice(0, 12);
	const target = fileURLToPath(new URL(`./${name}-${state}`, import.meta.url));
	if (!existsSync(target)) {
		const unfinished = `${target}.${randomUUID()}`;
		execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", unfinished, source, ...options], {
			stdio: "inherit",
		});
		renameSync(unfinished, target);
	}
	return target;
}
