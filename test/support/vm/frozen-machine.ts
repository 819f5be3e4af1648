// Machines that were stopped when they awaited their start, and go on from there in a second: the guest's memory and its devices,
// as QEMU's migration writes them to a file. Of its disks such a machine has read the root alone, and written none.
import { basename } from "node:path";
import { recordSpan } from "../spans.js";
import { asset, digest, forget } from "./cache.js";
import { command } from "./command.js";
import type { BootFiles, StartDisks } from "./guest-system.js";
import { type MachineProcess, startProcess } from "./machine-process.js";
import { frozenArguments, type Hardware, sortDevices, startArguments } from "./qemu-arguments.js";
import type { Qmp } from "./qmp.js";

/**
 * A machine that goes on from the frozen state of this hardware, its guest on its way to take commands; nothing where a machine
 * cannot be frozen here, which is said.
 */
export async function goOn(
	hardware: Hardware,
	files: BootFiles,
	disks: StartDisks,
): Promise<MachineProcess | undefined> {
	for (let attempt = 0; attempt < 2; attempt++) {
		try {
			const state = await frozenState(hardware, files, disks);
			try {
				return await thaw(state, hardware, files, disks);
			} catch (error) {
				forget(basename(state));
				throw error;
			}
		} catch (error) {
			process.stderr.write(`vm: no machine goes on from a frozen state, since ${(error as Error).message}\n`);
		}
	}
	return undefined;
}

/** The path of the state, made where there is none of this QEMU with this hardware and these files. */
async function frozenState(hardware: Hardware, files: BootFiles, disks: StartDisks): Promise<string> {
	const version = await command("qemu-system-x86_64", ["--version"]);
	const seen = frozenArguments(hardware, { ...files, kernel: basename(files.kernel) });
	const names = { initrd: basename(files.initrd), root: basename(files.root), modules: "", project: "", overlay: "" };
	const started = startArguments({ ...names, link: "", monitor: "", generation: "" });
	const freeze = async (draft: string) => {
		const machine = await startProcess(frozenArguments(hardware, files), files, disks);
		try {
			await machine.qemu.during(machine.guest.here, "boot", 300);
			await machine.qmp.execute("stop", {});
			const written = migrated(machine.qmp);
			await machine.qmp.execute("migrate", { uri: `exec:zstd -q -1 -T0 >'${draft}'` });
			await machine.qemu.during(written, "be frozen", 120);
			recordSpan("freeze", `${hardware.devices?.length ?? 0} devices`, (performance.now() - machine.begun) / 1000);
		} finally {
			await machine.stop();
		}
	};
	// A page of memory that another bit is in would be seen by nobody.
	return await asset(`frozen-${digest(version, ...seen, ...started, files.joined)}.zst`, freeze, { checked: true });
}

/** Starts a machine from such a state, and plugs in what could not be frozen. */
async function thaw(state: string, hardware: Hardware, files: BootFiles, disks: StartDisks): Promise<MachineProcess> {
	const machine = await startProcess(frozenArguments(hardware, files), files, disks, ["-incoming", "defer"]);
	try {
		const read = migrated(machine.qmp);
		await machine.qmp.execute("migrate-incoming", { uri: `exec:zstd -q -dc '${state}'` });
		await machine.qemu.during(read, "be thawed", 120);
		const { late, onPci } = sortDevices(hardware.devices);
		for (const device of late) await machine.qmp.execute("device_add", deviceProperties(device));
		await machine.qmp.execute("cont", {});
		machine.guest.go(onPci);
		return machine;
	} catch (error) {
		await machine.stop();
		throw error;
	}
}

/** Resolves when the machine's state has been written, or read, to its end. @throws Error where it cannot be. */
async function migrated(qmp: Qmp): Promise<void> {
	await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: "events", state: true }] });
	await qmp.execute("migrate-set-parameters", { "max-bandwidth": 2 ** 40 });
	const { data } = await qmp.next("MIGRATION", ({ status }) => status === "completed" || status === "failed");
	if (data?.status === "failed") throw new Error("its state could not be moved");
}

/** Those of a value of -device. */
function deviceProperties(device: string): Record<string, string> {
	const [driver, ...properties] = device.split(",");
	return Object.fromEntries([["driver", driver!], ...properties.map((property) => property.split("=", 2))]);
}
