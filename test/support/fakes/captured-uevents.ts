// The content of fixtures/uevents, which scripts/capture-uevents.mjs makes.

import { readFileSync } from "node:fs";

const FOLDER = "fixtures/uevents";

/** The captured messages. Those of udev are about the same events as the kernel's, in the same order. */
export function readCapturedMessages(source: "kernel" | "udev"): readonly Buffer[] {
	const file = readFileSync(`${FOLDER}/${source}.bin`);
	const messages: Buffer[] = [];
	for (let offset = 0; offset < file.length; ) {
		const start = offset + 4;
		offset = start + file.readUInt32LE(offset);
		messages.push(file.subarray(start, offset));
	}
	return messages;
}

export type CapturedDevice = {
	readonly devpath: string;
	readonly identity: { readonly subsystem?: string; readonly number?: string; readonly ifindex?: string };
	/** The device's aliases in the kernel's message. */
	readonly aliases: readonly string[];
	/** The modalias that udevadm prints. */
	readonly modalias?: string;
	/** The name of the device's file in udev's database, and the file's content. */
	readonly id?: string;
	readonly record?: string;
};

export function readCapturedDatabase(): readonly CapturedDevice[] {
	return JSON.parse(readFileSync(`${FOLDER}/database.json`, "utf8"));
}
