// A machine's process with what it is spoken to by: its link to the guest and QEMU's monitor, in a folder of its own.
import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskSize } from "../images/disk-image.js";
import type { BootFiles, StartDisks } from "../images/guest-system.js";
import { GuestLink } from "./guest-link.js";
import { startArguments } from "./qemu-arguments.js";
import { Qemu } from "./qemu-process.js";
import { Qmp } from "./qmp.js";

export interface MachineProcess {
	readonly qemu: Qemu;
	readonly guest: GuestLink;
	readonly qmp: Qmp;
	/** When it had its turn, as performance.now() tells it. */
	readonly begun: number;
	stop(): Promise<void>;
}

/** Resolves when QEMU has its turn and speaks. @param way further arguments: how the machine begins. */
export async function startProcess(
	hardware: readonly string[],
	files: BootFiles,
	disks: StartDisks,
	way: readonly string[] = [],
): Promise<MachineProcess> {
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-vm-"));
	const inFolder = (name: string) => join(folder, name);
	writeFileSync(inFolder("initrd"), Buffer.concat([readFileSync(files.initrd), files.joined]));
	writeFileSync(inFolder("overlay"), disks.overlay);
	truncateSync(inFolder("overlay"), diskSize);
	const [link, monitor] = [listenOnce(inFolder("link")), listenOnce(inFolder("monitor"))];
	const own = {
		initrd: inFolder("initrd"),
		overlay: inFolder("overlay"),
		link: inFolder("link"),
		monitor: inFolder("monitor"),
	};
	const { modules, project } = disks;
	const start = startArguments({ ...own, root: files.root, modules, project, generation: randomUUID() });
	const qemu = new Qemu([...hardware, ...start, ...way]);
	const stop = () => qemu.stop(folder);
	try {
		const [linkSocket, monitorSocket] = await qemu.during(Promise.all([link, monitor]), "take its turn", 40 * 60);
		return { qemu, guest: new GuestLink(linkSocket), qmp: new Qmp(monitorSocket), begun: performance.now(), stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

/** A socket that QEMU will connect to. */
function listenOnce(path: string): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const server = createServer((socket) => {
			server.close();
			// Who awaits something of a machine that was killed is told by its process.
			socket.on("error", () => {});
			resolve(socket);
		});
		server.on("error", reject).listen(path).unref();
	});
}
