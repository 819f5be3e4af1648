// Measures the memory of one decoder, in a process that does nothing else (run by module-file.test.ts): node
// decoder-memory-session.js COMPRESSION DECODER FILE... Prints the bytes by which the process grew at most, and for each file the
// SHA-256 of its content, or the errno.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Compression, decompress, listDecoders } from "../../../src/linux/decoding/module-file.js";

export type DecoderMemory = { readonly grown: number; readonly became: readonly string[] };

const [compression, name, ...paths] = process.argv.slice(2);
const decoder = (await listDecoders(compression as Compression)).find((one) => one.name === name);
if (decoder === undefined) throw new Error(`there is no decoder ${name}`);
const files = paths.map((path) => readFileSync(path));
const before = memory("VmRSS");
const became: string[] = [];
for (const file of files) became.push(await unpack(file));
// The maximum of getrusage(2) would include the memory of the parent process at the time of the fork.
const grown = memory("VmHWM") - before;
process.stdout.write(JSON.stringify({ grown, became } satisfies DecoderMemory));

async function unpack(file: Buffer): Promise<string> {
	try {
		const content = await decompress(compression as Compression, file, "x.ko", { decoder: decoder! });
		return createHash("sha256").update(content).digest("hex");
	} catch (error) {
		return (error as { code: string }).code;
	}
}

/** A line of proc_pid_status(5), in bytes. */
function memory(line: "VmRSS" | "VmHWM"): number {
	const [, kibibytes] = new RegExp(`^${line}:\\s+(\\d+) kB$`, "m").exec(readFileSync("/proc/self/status", "latin1"))!;
	return 1024 * Number(kibibytes);
}
