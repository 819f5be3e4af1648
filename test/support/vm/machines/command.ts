// Running the programs that assets are made with: output in, or one line that says which program failed and why.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** PATH with the system's programs on it, which Debian leaves out for people who are not root. */
export const path = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/** For apt-get: a download that fails is tried again, and one that stands still has failed. */
export const aptRetries = "-o Acquire::Retries=5 -o Acquire::http::Timeout=60 -o Acquire::https::Timeout=60";

export interface CommandOptions {
	readonly cwd?: string;
	readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and returns its standard output. @throws Error with the last lines of its stderr. */
export async function command(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
	const env = { ...process.env, PATH: path, LC_ALL: "C", ...options.env };
	try {
		const { stdout } = await execute(program, args, { ...options, env, maxBuffer: 1 << 28 });
		return stdout;
	} catch (error) {
		const said = (error as { stderr?: string }).stderr ?? "";
		const last = said.trim().split("\n").slice(-3).join("; ");
		throw new Error(`${program} ${args.slice(0, 4).join(" ")} failed: ${last || (error as Error).message}`);
	}
}

/**
 * Runs lines of sh, stopping at the first that fails; `$1`, `$2`, ... are the arguments. Everybody may read what they write:
 * not only root looks at it in the guest.
 */
export function shell(script: string, ...args: readonly string[]): Promise<string> {
	return command("sh", ["-eu", "-c", `umask 022\n${script}`, "sh", ...args]);
}
