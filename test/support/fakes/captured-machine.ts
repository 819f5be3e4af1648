// Copies of the captured machine (fixtures/machine), which tests damage.

import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const [release = ""] = readdirSync("fixtures/machine/lib/modules");
/** The module directory, relative to a copy's folder. */
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

/** Returns the folder of a new copy. The folder is removed when the process exits. */
export function copyMachine(): string {
	const machine = join(folder, `${machines++}`);
	cpSync("fixtures/machine", machine, { recursive: true });
	return machine;
}

/** The message about an unusable index of a copy, with MACHINE in place of the copy's folder. */
export const unusable = (index: string, why: string) =>
	`MACHINE/${modules}/${index} is not a usable index: ${why}; run depmod to make it anew\n`;
