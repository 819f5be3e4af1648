// Builds dist/: tsc's output (the library and the tests).
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";

execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { stdio: "inherit" });
for (const folder of ["dist/src", "dist/test"]) {
	mkdirSync(folder, { recursive: true });
	writeFileSync(`${folder}/package.json`, '{"type":"module"}\n');
}
writeFileSync("dist/package.json", '{"type":"commonjs"}\n');
