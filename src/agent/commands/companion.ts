// The companion: a service that runs commands for an agent whose sandbox keeps it from running them in full. The agent sends a
// name, never a command: the companion reads the command of that name from files that are root's.
//
//	install NAME     the `install` command of modprobe.d for that module
//	rule JSON        the command of the rule of policy that stands in `file` at `line`, for what has happened to a device: `environment`
//
// A request that begins with "tell " is first answered by "process PID", with the process that the command becomes.
//
// The environment is only data about the device: the companion decides which variables the command gets, and its PATH. The reply
// is a line: the command's exit status, or for a rule how the command ended, as JSON; "none" when there is no such command,
// "failed" when the command could not be run. The reason is in the companion's own log.

import * as v from "valibot";
import { type Kernel, Refusal } from "../../libkmod/kernel/kernel.js";
import { bytesOf, formatJson, mapStrings, textOf } from "../../libkmod/text/byte-strings.js";
import type { CommandEnd } from "../../ports/commands.js";
import type { Ask } from "../../ports/control.js";
import { isHostile, LARGEST_ENVIRONMENT_BYTES } from "../policy/command-environment.js";
import type { CommandPoolOptions } from "./command-pool.js";

export type RuleRequest = {
	readonly kind: "rule";
	readonly file: string;
	readonly line: number;
	readonly environment: Readonly<Record<string, string>>;
};

export type CompanionRequest = ({ readonly kind: "install"; readonly module: string } | RuleRequest) & {
	/** The client also wants to know the process. */
	readonly tellsProcess?: true;
};

export type CompanionReply = number | CommandEnd | "none" | "failed";

/** Bytes, without the newline: JSON may make six bytes of each byte of an environment, and a path has at most 4096 bytes. */
export const LONGEST_COMPANION_LINE_BYTES = 6 * (LARGEST_ENVIRONMENT_BYTES + 4096);

/** Milliseconds. A timer of node takes no longer delay. An install command has no limit of its own, as under kmod. */
const LONGEST_WAIT_MILLISECONDS = 2 ** 31 - 1;

/**
 * Milliseconds beyond a rule's own limit: time for the companion to start and to read its files on a machine that is busy
 * booting, and to end a command that does not heed its limit.
 */
const ANSWER_MARGIN_MILLISECONDS = 40_000;

/**
 * Whether a text can be a module's name, as long as a file's name at most. No shell gives a character of such a name a meaning of
 * its own, and no program takes it for an option.
 */
const isName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.,+:@-]{0,254}$/.test(name);

/** Returns undefined when the line, without its newline, is no request. */
export function parseCompanionRequest(line: Uint8Array): CompanionRequest | undefined {
	const text = Buffer.from(line).toString("latin1");
	const [, tell, request = ""] = /^(tell )?(.*)$/s.exec(text) ?? [];
	const parsed = parseUntold(request);
	return parsed && tell !== undefined ? { ...parsed, tellsProcess: true } : parsed;
}

function parseUntold(text: string): CompanionRequest | undefined {
	if (text.startsWith("rule ")) return parseRule(text.slice("rule ".length));
	const [, module = ""] = /^install (.*)$/s.exec(text) ?? [];
	return isName(module) ? { kind: "install", module } : undefined;
}

const wholeNumber = v.pipe(v.number(), v.safeInteger());

/** Checks every name and value: v.record would leave some names out. */
const environment = v.custom<RuleRequest["environment"]>(
	(given) =>
		isObject(given) &&
		Object.entries(given).every(
			([name, value]) => !isHostile(name) && typeof value === "string" && !value.includes("\0"),
		),
);

const ruleFields = v.object({ file: v.pipe(v.string(), v.startsWith("/")), line: wholeNumber, environment });

function parseRule(text: string): RuleRequest | undefined {
	const { success, output } = v.safeParse(ruleFields, parseJson(text));
	return success ? { kind: "rule", ...output } : undefined;
}

export function formatCompanionReply(reply: CompanionReply): string {
	return `${typeof reply === "object" ? formatJson(reply) : reply}\n`;
}

export const formatProcess = (pid: number): string => `process ${pid}\n`;

/** Whether a line tells the process, which is then passed to `onBegun`. */
function isProcess(line: Buffer, onBegun: (pid: number) => void): boolean {
	const [, pid] = /^process ([1-9][0-9]{0,9})$/.exec(line.toString("latin1")) ?? [];
	if (pid !== undefined) onBegun(Number(pid));
	return pid !== undefined;
}

/** Returns undefined when the line is no reply. */
export function parseCompanionReply(line: Uint8Array): CompanionReply | undefined {
	const text = Buffer.from(line).toString("latin1");
	if (text === "none" || text === "failed") return text;
	if (text.startsWith("{")) return parseEnd(text);
	return /^[0-9]{1,3}$/.test(text) ? Number(text) : undefined;
}

const endFields = v.object({ exitStatus: v.optional(wholeNumber), timedOut: v.boolean(), complaint: v.string() });

function parseEnd(text: string): CommandEnd | undefined {
	const { success, output } = v.safeParse(endFields, parseJson(text));
	return success ? { ...output, exitStatus: output.exitStatus } : undefined;
}

/** Returns undefined when the text is not JSON. */
function parseJson(text: string): unknown {
	try {
		return mapStrings(JSON.parse(textOf(text)), bytesOf);
	} catch {
		return undefined;
	}
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Runs a rule's command by the companion instead of here. When the companion does not answer in time, the command counts as timed
 * out.
 * @param patienceMilliseconds milliseconds beyond the rule's own limit. @throws {Refusal} when the command could not be started
 */
export function runRuleByCompanion(
	ask: Ask,
	path: string,
	patienceMilliseconds: number = ANSWER_MARGIN_MILLISECONDS,
): CommandPoolOptions["run"] {
	return async ({ rule, command: [program], environment, timeoutMilliseconds }, onBegun) => {
		const { file, line } = rule;
		const request = `rule ${formatJson({ file, line, environment })}`;
		const asked = { program, request, onBegun, timeoutMilliseconds: timeoutMilliseconds + patienceMilliseconds };
		const answer = await askFor(ask, path, asked).catch(noneInTime);
		if (answer === undefined) return { exitStatus: undefined, timedOut: true, complaint: `${path} did not answer` };
		const reply = parseCompanionReply(answer);
		if (typeof reply === "object") return reply;
		throw new Refusal({ operation: "run", subject: program, code: reply === "none" ? "ENOENT" : "EIO" });
	};
}

function noneInTime(thrown: unknown): undefined {
	if (!(thrown instanceof Refusal) || thrown.code !== "ETIMEDOUT") throw thrown;
}

/** Replaces a kernel's own `run`: the same outcome, by the companion that listens at a path. */
export function runByCompanion(ask: Ask, path: string): Kernel["run"] {
	return async (command, { MODPROBE_MODULE: module = "" }, { onBegun = () => undefined } = {}) => {
		if (!isName(module)) throw new Refusal({ operation: "run", subject: command, code: "EINVAL" });
		const request = `install ${module}`;
		const asked = { program: command, request, onBegun, timeoutMilliseconds: LONGEST_WAIT_MILLISECONDS };
		const reply = parseCompanionReply(await askFor(ask, path, asked));
		if (typeof reply === "number") return reply;
		throw new Refusal({ operation: "run", subject: command, code: reply === "none" ? "ENOENT" : "EIO" });
	};
}

type Asked = {
	readonly program: string;
	readonly request: string;
	readonly onBegun: (pid: number) => void;
	/** Milliseconds for the whole exchange. */
	readonly timeoutMilliseconds: number;
};

/** Asks the companion. @throws {Refusal} that names the program, with the code of the failed exchange */
async function askFor(ask: Ask, path: string, asked: Asked): Promise<Buffer> {
	const { program, request, onBegun, timeoutMilliseconds } = asked;
	const line = `tell ${request}\n`;
	const isNews = (news: Buffer): boolean => isProcess(news, onBegun);
	try {
		return await ask(path, line, timeoutMilliseconds, isNews);
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		throw new Refusal({
			operation: "run",
			subject: `${program} (by ${path})`,
			code: thrown.code,
			errno: thrown.errno,
			cause: thrown,
		});
	}
}
