// The test's own files, which each start lays over the guest's root. They come on a disk, so that a frozen machine gets them too.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "./project-image.js";

/** The content of a file of test/support/vm/guest. */
export function guestFile(name: string): Buffer {
	return readFileSync(join(projectRoot, "test/support/vm/guest", name));
}

/** Scripts that every guest has in /vm, by their paths in an initramfs. */
export function guestScripts(): Map<string, Buffer> {
	return new Map(
		Object.entries({
			"vm/lay-root": "lay-root.sh",
			"vm/init": "init.sh",
			"vm/mounts": "mounts.sh",
			"vm/agent": "agent.sh",
			"vm/functions": "functions.sh",
			"vm/record-boot": "record-boot.sh",
		}).map(([path, name]) => [path, guestFile(name)]),
	);
}

export interface Overlay {
	readonly files?: Readonly<Record<string, string | Buffer>>;
	readonly before?: string;
	readonly modulesLate?: boolean;
}

/** Files of the overlay, by their paths in the root without the leading slash. */
export function overlayFiles({ files = {}, before, modulesLate = false }: Overlay): Map<string, Buffer> {
	const overlay = new Map([
		["etc/systemd/system/vm-link.service", guestFile("link.service")],
		["etc/systemd/system/sysinit.target.d/vm-link.conf", guestFile("link-wanted.conf")],
	]);
	if (modulesLate) overlay.set("vm/modules-late", Buffer.from(""));
	if (before !== undefined) overlay.set("vm/before", Buffer.from(before));
	for (const [path, content] of Object.entries(files)) overlay.set(path.replace(/^\//, ""), Buffer.from(content));
	return overlay;
}
