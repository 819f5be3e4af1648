// Runs calls of our tools one after the other, as the executable would, in a process into which a library can be preloaded. The
// output of each is left beside the directory in which it ran.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { argv, chdir } from "node:process";
import { fileURLToPath } from "node:url";

/** The directory in which the call runs, and its words. */
export type SessionCall = {
	readonly place: string;
	readonly words: readonly string[];
	readonly environment: Readonly<Record<string, string>>;
};

export const toolsSession = fileURLToPath(import.meta.url);

async function runOne({ place, words: [tool = "", ...words], environment }: SessionCall): Promise<void> {
	// The bundle of the installed executable loads in half the time.
	const { bundle } = createRequire(import.meta.url)("../../../main.js") as {
		bundle: typeof import("../../../src/main.js");
	};
	const { run, thisMachine } = bundle;
	const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
	const machine = {
		...thisMachine,
		environment: process.env,
		print: (content: string | Uint8Array) =>
			void written.stdout.push(typeof content === "string" ? Buffer.from(content, "latin1") : Buffer.from(content)),
		complain: (text: string) => void written.stderr.push(Buffer.from(text, "latin1")),
	};
	chdir(place);
	Object.assign(process.env, environment);
	const status = await run(["node", `/bin/${tool}`, ...words], machine);
	for (const name of Object.keys(environment)) delete process.env[name];
	writeFileSync(`${place}.status`, String(status));
	writeFileSync(`${place}.stdout`, Buffer.concat(written.stdout));
	writeFileSync(`${place}.stderr`, Buffer.concat(written.stderr));
}

if (argv[1] === toolsSession) {
	const calls: SessionCall[] = JSON.parse(readFileSync(0, "utf8"));
	for (const call of calls) await runOne(call);
}
