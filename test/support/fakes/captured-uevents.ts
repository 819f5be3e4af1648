// What fixtures/uevents holds (made by scripts/capture-uevents.mjs).

import { readFileSync } from "node:fs";

const FOLDER = "fixtures/uevents";

/** Messages of the kernel and, of the same events and in the same order, of udev. */
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
	/** The kernel's. */
	readonly aliases: readonly string[];
	/** As udevadm tells it. */
	readonly modalias?: string;
	/** The file of udev's database that has the device, and its content. */
	readonly id?: string;
	readonly record?: string;
};

export function readCapturedDatabase(): readonly CapturedDevice[] {
	return JSON.parse(readFileSync(`${FOLDER}/database.json`, "utf8"));
}
