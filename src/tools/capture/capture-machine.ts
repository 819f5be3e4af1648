// Takes the capture of a machine through its ports: of this one, or of the one whose root directory -d names.

import type { LastAnswer } from "../../agent/explaining/explanation.js";
import { type CaptureSight, type TakenCapture, takeCapture } from "../../agent/taking/take-capture.js";
import type { DeviceRead } from "../../agent/taking/taken-devices.js";
import { exitStatus } from "../../agent/telling/exit-status.js";
import { attributeWord } from "../../libkmod/formats/attribute.js";
import type { Files, Kernel } from "../../libkmod/kernel/kernel.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import type { DeviceSources } from "../../ports/devices.js";
import type { Machine } from "../../ports/machine.js";
import { version } from "../../version.js";
import { namedRoot } from "../agent/agent-options.js";
import { openMachine } from "../agent/named-places.js";
import { StartFailure } from "../agent/start-failure.js";
import { readAnswers } from "../explain/explain-answers.js";
import { DEFAULT_SOCKET } from "../explain/explain-options.js";
import type { CaptureOptions } from "./capture-options.js";
import { askDmsetup } from "./dm-targets.js";

/** Milliseconds after which an attribute of a device that does not answer is given up. */
const HUNG_MILLISECONDS = 5000;

/** @throws {StartFailure} @throws {Refusal} by "walk" where there are no devices */
export async function captureMachine(asked: Omit<CaptureOptions, "unmasked">, machine: Machine): Promise<TakenCapture> {
	await machine.sizeThreadPool(1);
	const agentOptions = { configPath: [], config: undefined, policy: [] };
	const { kernel, given } = await openMachine(machine, { ...agentOptions, ...asked });
	const root = namedRoot(given);
	const sysfs = given.sysfs ?? `${root}/sys`;
	const isHere = root === "" && given.sysfs === undefined;
	const inSysfs = { root: given.sysfs === undefined ? root : "" };
	const sight: CaptureSight = {
		by: `hotplugd ${version}`,
		...{ files: kernel, root, sysfs, rulesDirectory: machine.rulesDirectory },
		release: given.setVersion ?? findRelease(kernel, root),
		architecture: root === "" ? await machine.architecture() : wordIn(kernel, `${root}/proc/sys/kernel/arch`),
		devices: await readDevices(await machine.devices(sysfs, inSysfs)),
		inspection: await machine.inspect(sysfs, inSysfs),
		answers: await findAnswers(kernel, given, machine, isHere),
		dmTargets: isHere ? askDmsetup(machine, kernel) : async () => undefined,
		withContents: !given.withoutIndexes,
		packing: await machine.captureFiles(),
	};
	return takeCapture(sight);
}

/** Each device once, whose attributes are read beside each other: one that does not answer is given up. */
async function readDevices(sources: DeviceSources): Promise<readonly DeviceRead[]> {
	const read = new Map<string, DeviceRead>();
	if (sources.look === undefined) throw new Error("a capture needs devices that can be read beside each other");
	const looked = sources.look({
		concerns: () => true,
		hungMilliseconds: HUNG_MILLISECONDS,
		onTexts: (devpath, texts) => void read.set(devpath, { devpath, ...texts }),
	});
	for await (const devices of looked)
		for (const { devpath } of devices) if (!read.has(devpath)) read.set(devpath, { devpath });
	return [...read.values()];
}

/** Undefined where another machine's root does not tell it. @throws {StartFailure} where it tells several */
function findRelease(kernel: Kernel, root: string): string | undefined {
	if (root === "") return kernel.release;
	const running = wordIn(kernel, `${root}/proc/sys/kernel/osrelease`);
	if (running !== undefined) return running;
	const releases = (ifReadable(() => kernel.list(`${root}/lib/modules`)) ?? []).sort();
	if (releases.length > 1)
		throw new StartFailure(
			`${root}/lib/modules has the modules of several kernels, and -S says which: ${releases.join(", ")}`,
			exitStatus.usage,
		);
	return releases[0];
}

function wordIn(files: Pick<Files, "read">, path: string): string | undefined {
	const bytes = ifReadable(() => files.read(path));
	return bytes === undefined ? undefined : attributeWord(bytes) || undefined;
}

/** Undefined where nobody can be asked. @throws {StartFailure} for a log that cannot be read */
async function findAnswers(
	files: Files,
	given: Pick<CaptureOptions, "log" | "socket">,
	machine: Machine,
	isHere: boolean,
): Promise<readonly LastAnswer[] | undefined> {
	const { log, socket = DEFAULT_SOCKET } = given;
	if (log === undefined && !(isHere && isThere(files, socket))) return undefined;
	return [...(await readAnswers(files, given, machine, isHere, "capture")).values()];
}
