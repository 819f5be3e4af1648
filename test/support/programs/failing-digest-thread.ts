// Replaces digest-thread.ts: takes one byte of the budget, and then does what the first path names: "throw", "exit", or "wait"
// for ever.

import { parentPort } from "node:worker_threads";
import type { DigestRequest } from "../../../src/linux/depmod/digest-threads.js";

let asked = "";

parentPort?.on("message", (message: DigestRequest) => {
	if (!("granted" in message)) {
		asked = message[0]!;
		parentPort?.postMessage({ room: 0, take: 1, request: 0 });
	} else if (asked === "throw") throw new Error("thrown by a thread");
	else if (asked === "exit") process.exit(3);
});
