// Runs one of our tools in this process, on this machine's files.
import { run, thisMachine } from "../../../src/main.js";

export type Said = { readonly status: number; readonly stdout: string; readonly stderr: string };

/**
 * Returns the output, the messages and the exit status. Text consists of bytes, one character each. The environment is empty.
 */
export async function ourTool(tool: string, ...words: readonly string[]): Promise<Said> {
	const stdout: string[] = [];
	const stderr: string[] = [];
	const status = await run(["node", `/sbin/${tool}`, ...words], {
		...thisMachine,
		environment: {},
		print: (content) =>
			void stdout.push(typeof content === "string" ? content : Buffer.from(content).toString("latin1")),
		complain: (text) => void stderr.push(text),
	});
	return { status, stdout: stdout.join(""), stderr: stderr.join("") };
}
