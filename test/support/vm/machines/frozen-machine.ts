// Machines that were stopped when they awaited their start, and go on from there in a second: the guest's memory and its devices,
// as QEMU's migration writes them to a file. Of its disks such a machine has read the root alone, and written none.
import { basename } from "node:path";
import { recordSpan } from "../../project/spans.js";
import { asset, digest, forget } from "../images/cache.js";
import type { BootFiles, StartDisks } from "../images/guest-system.js";
import { command } from "./command.js";
import { type MachineProcess, startProcess } from "./machine-process.js";
import { frozenArguments, type Hardware, sortDevices, startArguments } from "./qemu-arguments.js";

/**
 * A machine that goes on from the frozen state of this hardware, its guest on its way to take commands; nothing where a machine
 * cannot be frozen here, which is said.
 */
export async function goOn(
	hardware: Hardware,
	files: BootFiles,
	disks: StartDisks,
): Promise<MachineProcess | undefined> {
	try {
		const name = nameState(await command("qemu-system-x86_64", ["--version"]), hardware, files);
		const frozen = () => asset(name, (draft) => freeze(draft, hardware, files, disks), { checked: true });
		try {
			return await thaw(await frozen(), hardware, files, disks);
		} catch (error) {
			if (!(error instanceof NotThawed)) throw error;
			process.stderr.write(`vm: ${error.message}: it is made again\n`);
			forget(name);
			return await thaw(await frozen(), hardware, files, disks);
		}
	} catch (error) {
		process.stderr.write(`vm: the machine boots, since ${firstLine(error)}\n`);
		return undefined;
	}
}

const firstLine = (error: unknown) => (error as Error).message.split("\n")[0];

class NotThawed extends Error {}

/** By all that the state depends on: another QEMU does not read it, another guest would not be what was asked for. */
export function nameState(version: string, hardware: Hardware, files: BootFiles): string {
	const seen = frozenArguments(hardware, { ...files, kernel: basename(files.kernel) });
	const names = { initrd: basename(files.initrd), root: basename(files.root), modules: "", project: "", overlay: "" };
	const started = startArguments({ ...names, link: "", monitor: "", generation: "" });
	return `frozen-${digest(version, ...seen, ...started, files.joined)}.zst`;
}

async function freeze(path: string, hardware: Hardware, files: BootFiles, disks: StartDisks): Promise<void> {
	const machine = await startProcess(frozenArguments(hardware, files), files, disks);
	try {
		await machine.qemu.during(machine.guest.here, "boot", 300);
		await machine.qmp.execute("stop", {});
		await machine.qemu.during(migrate(machine, "migrate", `zstd -q -1 -T0 >'${path}'`), "be frozen", 120);
		recordSpan("freeze", `${hardware.devices?.length ?? 0} devices`, (performance.now() - machine.begun) / 1000);
	} finally {
		await machine.stop();
	}
}

/** Starts a machine from such a state, and plugs in what could not be frozen. */
async function thaw(state: string, hardware: Hardware, files: BootFiles, disks: StartDisks): Promise<MachineProcess> {
	const machine = await startProcess(frozenArguments(hardware, files), files, disks, ["-incoming", "defer"]);
	try {
		await machine.qemu.during(migrate(machine, "migrate-incoming", `zstd -q -dc '${state}'`), "be thawed", 120);
		const { late, onPci } = sortDevices(hardware.devices);
		for (const device of late) await machine.qmp.execute("device_add", deviceProperties(device));
		await machine.qmp.execute("cont", {});
		machine.guest.go(onPci);
		return machine;
	} catch (error) {
		await machine.stop();
		throw new NotThawed(`no machine goes on from ${state}, since ${firstLine(error)}`);
	}
}

/** Resolves when the machine's state has been written to a program, or read from one. @throws Error where it cannot be. */
async function migrate({ qemu, qmp }: MachineProcess, way: "migrate" | "migrate-incoming", program: string) {
	await qmp.execute("migrate-set-capabilities", { capabilities: [{ capability: "events", state: true }] });
	await qmp.execute("migrate-set-parameters", { "max-bandwidth": 2 ** 40 });
	const over = qmp.next("MIGRATION", ({ status }) => status === "completed" || status === "failed");
	await qmp.execute(way, { uri: `exec:${program}` });
	if ((await over).data?.status === "failed")
		throw new Error(`its state did not pass through ${program}: ${qemu.complaints.trim().replaceAll("\n", "; ")}`);
}

/** Those of a value of -device. Newer releases of QEMU take no word for a boolean here. */
function deviceProperties(device: string): Record<string, string | boolean> {
	const [driver, ...properties] = device.split(",");
	const values = properties.map((property): [string, string | boolean] => {
		const [name = "", value = ""] = property.split("=", 2);
		return [name, value === "on" || value === "off" ? value === "on" : value];
	});
	return { driver: driver!, ...Object.fromEntries(values) };
}
