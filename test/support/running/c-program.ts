// Compiles the C sources of test/support/programs. The results are kept, and made again when the text of a source changes.

import { execFileSync } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @param name the source's name without .c. @returns the path of the executable, or of the library with `-shared` */
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
