// Reads the agent's log from a FIFO that is open in non-blocking mode.
import fs from "node:fs";

// The function before it is intercepted.
const { readSync } = fs;

export function makeLogReader(fd: number) {
	const buffer = Buffer.alloc(65_536);
	let text = "";
	function readOn(): string {
		try {
			for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer))
				text += buffer.toString("utf8", 0, length);
		} catch {
			// EAGAIN: there is no more to read for now.
		}
		return text;
	}
	const lines = () =>
		readOn()
			.split("\n")
			.filter((line) => line !== "")
			.map(parseLine);
	return { lines, says: (message: string): boolean => readOn().includes(`"${message}"`) };
}

/** The line's JSON, or the line itself when it was cut. */
function parseLine(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		return line;
	}
}
