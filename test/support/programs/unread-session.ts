// Has coldplug, or the agent, write more than a pipe holds to a reader that reads nothing, reads slowly, or has gone. The
// argument names the story; the result is printed as JSON.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readRecord } from "../fakes/standin.js";
import { addDevice, launchUnread, mountDevices, type Place, preparePlace } from "../running/agent-session.js";

export const unreadSession = fileURLToPath(import.meta.url);

const COUNT = 700;
/** So many lines of configuration that their warnings are more than any pipe holds. */
const UNHEEDED = 3000;
const STILL_THERE_MILLISECONDS = 30_000;

function prepare(config = ""): Place {
	const names = Array.from({ length: COUNT }, (_, n) => `m${n}`);
	for (const name of names) addDevice(`/devices/${name}`, `x:${name}:`);
	return preparePlace({
		modules: Object.fromEntries(names.map((name) => [name, []])),
		aliases: Object.fromEntries(names.map((name) => [`x:${name}:`, name])),
		config,
	});
}

const unheeded = Array.from({ length: UNHEEDED }, (_, n) => `nonsense line number ${n} that is no directive\n`).join(
	"",
);

/** Starts coldplug with its standard output or error on a pipe of this process. */
function begin(place: Place, stream: "1" | "2", ...words: readonly string[]) {
	const pipe = join(place.folder, "pipe");
	execFileSync("mkfifo", [pipe]);
	const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
	const script = `exec "$@" ${stream}>"$0"`;
	const child = launchUnread(place, { command: "coldplug", words, by: ["sh", "-c", script, pipe] });
	let stderr = "";
	child.stderr.on("data", (text) => {
		stderr += text;
	});
	child.stdout.resume();
	const ended = once(child, "close").then(([status]) => status);
	return {
		child,
		reader,
		inserted: () => new Set(readRecord(place.record).map(({ file }) => file)).size,
		async end() {
			const status = await Promise.race([ended, setTimeout(STILL_THERE_MILLISECONDS, "still there")]);
			child.kill("SIGKILL");
			return { status, stderr };
		},
	};
}

async function until(condition: () => boolean): Promise<void> {
	for (const over = performance.now() + STILL_THERE_MILLISECONDS; performance.now() < over && !condition(); )
		await setTimeout(10);
}

function readSome(reader: number, chunk: Buffer): string | undefined {
	try {
		return chunk.toString("latin1", 0, readSync(reader, chunk));
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
		throw error;
	}
}

const stories: Readonly<Record<string, () => Promise<object>>> = {
	async output() {
		const { end, inserted } = begin(prepare(), "1", "--json");
		return { ...(await end()), inserted: inserted() };
	},

	async error() {
		const { end, inserted } = begin(prepare(unheeded), "2");
		const { status } = await end();
		return { status, inserted: inserted() };
	},

	/** Only the signal, or its time limit, ends coldplug. */
	async stopped() {
		const { child, end, inserted } = begin(prepare(), "1", "--json", "--quiet", "1000000");
		await until(() => inserted() === COUNT);
		child.kill("SIGTERM");
		const { status } = await end();
		return { status, inserted: inserted() };
	},

	async "timed out"() {
		const { end } = begin(prepare(), "1", "--json", "--quiet", "1000000", "--timeout", "3");
		const { status } = await end();
		return { status };
	},

	/** A slow reader gets the whole output. */
	async slow() {
		const { child, reader, end, inserted } = begin(prepare(), "1", "--json", "-v");
		await until(() => inserted() === COUNT);
		// Longer than coldplug takes until it would end.
		await setTimeout(1500);
		const chunk = Buffer.alloc(10_000);
		let text = "";
		for (;;) {
			const isOver = child.exitCode !== null;
			const more = readSome(reader, chunk);
			text += more ?? "";
			if (isOver && !more) break;
			await setTimeout(5);
		}
		const records = text
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line));
		const outcomes = records.filter(({ result }) => result === "inserted").length;
		return { ...(await end()), outcomes, last: records.at(-1).kind, ended: text.endsWith("\n") };
	},

	async gone() {
		const { reader, end, inserted } = begin(prepare(), "1", "--json");
		await until(() => inserted() > 0);
		closeSync(reader);
		return { ...(await end()), inserted: inserted() };
	},

	/** Both outputs go to one pipe, as by 2>&1: the lines of both are whole and in order. */
	async both() {
		const place = prepare(unheeded);
		const file = join(place.folder, "both");
		const child = launchUnread(place, {
			command: "coldplug",
			words: ["--json"],
			by: ["sh", "-c", '"$@" 2>&1 | { sleep 1; cat; } >"$0"', file],
		});
		await once(child, "exit");
		const lines = readFileSync(file, "utf8").trimEnd().split("\n");
		const told = lines.filter((line) => line.startsWith("coldplug: ")).length;
		const records = lines.slice(told).map((line) => JSON.parse(line));
		return { told, inserted: records.filter(({ result }) => result === "inserted").length };
	},
};

if (process.argv[1] === unreadSession) {
	mountDevices();
	const story = stories[process.argv[2] ?? ""];
	if (story === undefined || !existsSync("dist/main.js")) throw new Error(`no such story: ${process.argv[2]}`);
	console.log(JSON.stringify(await story()));
	process.exit(0);
}
