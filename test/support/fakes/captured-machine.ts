// Copies of the captured machine, to be broken.

import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const [release = ""] = readdirSync("fixtures/machine/lib/modules");
/** Below a copy. */
export const modules = `lib/modules/${release}`;
export const indexes: readonly string[] = [
	"modules.dep.bin",
	"modules.alias.bin",
	"modules.symbols.bin",
	"modules.builtin.bin",
	"modules.builtin.alias.bin",
];

const folder = mkdtempSync(join(tmpdir(), "captured-machine-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

let machines = 0;

/** A folder that is gone with the process. */
export function copyMachine(): string {
	const machine = join(folder, `${machines++}`);
	cpSync("fixtures/machine", machine, { recursive: true });
	return machine;
}

/** What is said of an index of a copy, whose name is MACHINE. */
export const unusable = (index: string, why: string) =>
	`MACHINE/${modules}/${index} is not a usable index: ${why}; run depmod to make it anew\n`;
