// What a boot lays over the guest's root before process 1 begins: our scripts, and the test's own files.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./project-image.js";

/** A file of ours for the guest. */
export function guestFile(name: string): Buffer {
	return readFileSync(join(projectRoot, "test/support/vm/guest", name));
}

export interface Overlay {
	readonly files?: Readonly<Record<string, string | Buffer>>;
	readonly before?: string;
	readonly modulesLate?: boolean;
}

/** By path in the initramfs, where `overlay` stands for the root. */
export function overlayFiles({ files = {}, before, modulesLate = false }: Overlay): Map<string, Buffer> {
	const overlay = new Map([
		["overlay/vm/init", guestFile("init.sh")],
		["overlay/vm/mounts", guestFile("mounts.sh")],
		["overlay/vm/agent", guestFile("agent.sh")],
		["overlay/vm/functions", guestFile("functions.sh")],
		["overlay/vm/record-boot", guestFile("record-boot.sh")],
		["overlay/etc/systemd/system/vm-link.service", guestFile("link.service")],
		["overlay/etc/systemd/system/sysinit.target.d/vm-link.conf", guestFile("link-wanted.conf")],
	]);
	if (modulesLate) overlay.set("overlay/vm/modules-late", Buffer.from(""));
	if (before !== undefined) overlay.set("overlay/vm/before", Buffer.from(before));
	for (const [path, content] of Object.entries(files)) overlay.set(`overlay${path}`, Buffer.from(content));
	return overlay;
}
