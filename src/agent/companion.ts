// The companion: what runs commands for an agent that is kept from running them in full by its sandbox. It is told a name, never a
// command: what that name stands for it reads itself, from files that are root's.
//
//	install NAME     the `install` command of modprobe.d for that module
//
// It answers a line: the command's exit status, "none" where there is no such command, "failed" where it could not be run; why is
// in the companion's own log.
import { type Kernel, Refusal } from "../libkmod/kernel.js";

export type CompanionRequest = { readonly kind: "install"; readonly module: string };

export type CompanionReply = number | "none" | "failed";

/** Bytes, without its newline: a name is at most as long as a file's. */
export const LONGEST_COMPANION_LINE = 300;

/** Sends a line to a socket, and resolves with the line that answers it. @throws {Refusal} */
export type Ask = (path: string, line: string, timeoutMilliseconds: number) => Promise<Buffer>;

/** A timer takes no more; a command has no limit of its own, as it has none under kmod. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** Words of one line, so that nothing can follow it. */
const isName = (name: string): boolean => /^[!-.0-~]{1,255}$/.test(name);

/** Undefined where the line, without its newline, is none. */
export function parseCompanionRequest(line: Uint8Array): CompanionRequest | undefined {
	const [, module = ""] = /^install (.*)$/s.exec(Buffer.from(line).toString("latin1")) ?? [];
	return isName(module) ? { kind: "install", module } : undefined;
}

export function formatCompanionReply(reply: CompanionReply): string {
	return `${reply}\n`;
}

/** Undefined where it is none. */
export function parseCompanionReply(line: Uint8Array): CompanionReply | undefined {
	const text = Buffer.from(line).toString("latin1");
	if (text === "none" || text === "failed") return text;
	return /^[0-9]{1,3}$/.test(text) ? Number(text) : undefined;
}

/** In place of a kernel's own `run`: the same outcome, by way of the companion that listens at a path. */
export function runByCompanion(ask: Ask, path: string): Kernel["run"] {
	return async (command, { MODPROBE_MODULE: module = "" }) => {
		if (!isName(module)) throw new Refusal("run", command, "EINVAL", 22);
		const reply = parseCompanionReply(await askFor(ask, path, command, `install ${module}\n`));
		if (typeof reply === "number") return reply;
		throw reply === "none" ? new Refusal("run", command, "ENOENT", 2) : new Refusal("run", command, "EIO", 5);
	};
}

/** A Refusal of what was asked for, with the code that the way there gave. */
async function askFor(ask: Ask, path: string, command: string, line: string): Promise<Buffer> {
	try {
		return await ask(path, line, LONGEST_WAIT);
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		const refusal = new Refusal("run", `${command} (by ${path})`, thrown.code, thrown.errno);
		refusal.cause = thrown;
		throw refusal;
	}
}
