// Reads what the agent has logged into a FIFO that is open without waiting.
import fs from "node:fs";

// As it is before anything stands between.
const { readSync } = fs;

export function makeLogReader(fd: number) {
	const buffer = Buffer.alloc(65_536);
	let text = "";
	function readOn(): string {
		try {
			for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer))
				text += buffer.toString("utf8", 0, length);
		} catch {
			// Nothing more for now.
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

/** A line that is cut is itself. */
function parseLine(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		return line;
	}
}
