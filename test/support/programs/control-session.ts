// Runs a control socket at the path that is its argument. A line's number is the length of the answer: "4" is answered by four
// dots. "never" is not answered, and "fail" by an error. "close" closes the socket, and the process ends when that is done.

import { fileURLToPath } from "node:url";
import { listenControl } from "../../../src/linux/service/control-socket.js";

export const controlSession = fileURLToPath(import.meta.url);

/** The answer to a line with that number. */
export const answerTo = (size: number) => `${".".repeat(size)}\n`;

if (process.argv[1] === controlSession) {
	const [path = "", limits = "{}"] = process.argv.slice(2);
	const socket = await listenControl({
		path,
		async answer(line) {
			const text = line.toString("latin1");
			if (text === "never") return new Promise<never>(() => {});
			if (text === "fail") throw new Error("as it was told");
			if (text === "close") void socket.close().then(() => process.stdout.write("closed\n"));
			return answerTo(Number(text) || 0);
		},
		...JSON.parse(limits),
	});
	process.stdout.write("listening\n");
}
