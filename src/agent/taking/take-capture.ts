// Takes a capture of a machine: everything that decides which modules it loads, nothing replaced yet (docs/capture.md, "What is
// taken"). Files and devices are read through the ports.

import type { Files } from "../../libkmod/kernel/kernel.js";
import { isThere } from "../../libkmod/kernel/presence.js";
import { compareBytes } from "../../libkmod/text/byte-strings.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import type { Inspection } from "../../ports/inspection.js";
import { CAPTURE_VERSION, type Capture, type CapturedDevice } from "../capture/capture.js";
import type { LastAnswer } from "../explaining/explanation.js";
import { gatherKnownValues } from "./known-values.js";
import { listUuids } from "./mask-patterns.js";
import type { MaskRules } from "./masking.js";
import { listProtectedNames } from "./protected-names.js";
import { type DeviceRead, takeDevice, takeDrivers } from "./taken-devices.js";
import { takeFiles } from "./taken-files.js";
import { takeIndexes } from "./taken-indexes.js";
import { takeLog } from "./taken-log.js";
import { takeMounts } from "./taken-mounts.js";
import { listRuleWords } from "./taken-properties.js";

export type CaptureSight = {
	/** What makes the capture, such as "hotplugd 0.1.0". */
	readonly by: string;
	readonly files: Pick<Files, "read" | "list" | "stamp">;
	/** The root of another machine, or "", and the path of its sysfs, `root` included. */
	readonly root: string;
	readonly sysfs: string;
	/** Of the rules that came with the package, the root of another machine left out. */
	readonly rulesDirectory: string;
	/** Undefined where they are not known. */
	readonly release: string | undefined;
	readonly architecture: string | undefined;
	/** All devices, and the modules of /sys/module as devices. */
	readonly devices: readonly DeviceRead[];
	readonly inspection: Inspection;
	/** Undefined where nobody could be asked. */
	readonly answers: readonly LastAnswer[] | undefined;
	/** The targets of a device-mapper device, by its name. Undefined where they cannot be known. */
	readonly dmTargets: (name: string) => Promise<readonly string[] | undefined>;
	/** Whether the contents of the indexes are taken, and not their digests alone. */
	readonly withContents: boolean;
	readonly packing: Pick<CaptureFiles, "gzip" | "sha256">;
};

export type TakenCapture = {
	/** Nothing in it is replaced. */
	readonly capture: Capture;
	/** By which maskCapture() replaces what is this machine's own. */
	readonly rules: MaskRules;
	/** What could not be read, as in `lacks`. The rest of `lacks` is in no capture. */
	readonly unread: readonly string[];
};

export async function takeCapture(sight: CaptureSight): Promise<TakenCapture> {
	const { by, files, root, release, architecture, inspection, answers } = sight;
	const small = takeFiles(files, sight);
	const unread = [...small.unread];
	const modules = release === undefined ? undefined : takeIndexes({ ...sight, release }, unread);
	const devices = await takeDevices(sight, listRuleWords(small.rules), unread);
	const drivers = takeDrivers(listModuleNames(sight.devices), inspection);
	const log = inspection.kernelLog();
	if ("unreadable" in log) unread.push("log");
	if (answers === undefined) unread.push("answers");
	const mounts = takeMounts(sight);
	const rulesDirectory = sight.rulesDirectory.replace(/\/+$/, "");
	const records = "unreadable" in log ? [] : takeLog(log);
	const capture: Capture = {
		hotplugdCapture: CAPTURE_VERSION,
		by,
		...(release !== undefined && { release }),
		...(architecture !== undefined && { architecture }),
		masked: false,
		devices,
		files: Object.fromEntries([...small.files].sort(([a], [b]) => compareBytes(a, b))),
		...(isThere(files, root + rulesDirectory) && { rulesDirectory }),
		...(modules !== undefined && { modules }),
		...(drivers.length > 0 && { drivers }),
		...(records.length > 0 && { log: records }),
		...(answers !== undefined && answers.length > 0 && { answers: sortAnswers(answers) }),
		...(mounts.length > 0 && { mounts }),
		lacks: [
			...new Set([...unread, ...NEVER_TAKEN, ...(modules === undefined ? [] : [`${modules.directory}/kernel`])]),
		].sort(),
	};
	return { capture, rules: listMaskRules(sight, capture), unread };
}

const NEVER_TAKEN: readonly string[] = ["/boot", "/lib/firmware", "/proc/kallsyms"];

async function takeDevices(
	sight: CaptureSight,
	ruleWords: ReadonlySet<string>,
	unread: string[],
): Promise<readonly CapturedDevice[]> {
	const taken: CapturedDevice[] = [];
	let hasTargets = true;
	const dmTargets: CaptureSight["dmTargets"] = async (name) => {
		const targets = hasTargets ? await sight.dmTargets(name) : undefined;
		// Where the command fails for one device, it fails for all: the right to ask is missing.
		if (targets === undefined) hasTargets = false;
		return targets;
	};
	for (const read of sight.devices) taken.push(await takeDevice(read, { ...sight, ruleWords, dmTargets }));
	if (!hasTargets) unread.push("devices.dmTargets");
	for (const attribute of ["modalias", "uevent"] as const)
		if (sight.devices.some((read) => read[attribute] instanceof Error)) unread.push(`devices.${attribute}`);
	return taken.sort((a, b) => compareBytes(a.devpath, b.devpath));
}

const listModuleNames = (devices: readonly DeviceRead[]): readonly string[] =>
	devices.flatMap(({ devpath }) => (devpath.startsWith("/module/") ? [devpath.slice("/module/".length)] : []));

const sortAnswers = (answers: readonly LastAnswer[]): readonly LastAnswer[] =>
	[...answers].sort((a, b) => compareBytes(a.module, b.module));

function listMaskRules(sight: CaptureSight, capture: Capture): MaskRules {
	const { files, root, release } = sight;
	const protectedNames = listProtectedNames(files, release && `${root}/lib/modules/${release}`, capture);
	const subsystems = new Map(capture.devices.map(({ devpath, subsystem }) => [devpath, subsystem]));
	const gathered = sight.devices.map(({ devpath, uevent }) => ({
		devpath,
		subsystem: subsystems.get(devpath),
		uevent: typeof uevent === "string" ? uevent : undefined,
	}));
	return {
		release,
		protectedNames,
		typeUuids: new Set(capture.devices.flatMap(listAliases).flatMap(listUuids)),
		...gatherKnownValues(files, sight, gathered, protectedNames),
	};
}

const listAliases = ({ modalias, uevent }: CapturedDevice): readonly string[] => [
	...(modalias?.split("\n") ?? []),
	...(uevent?.split("\n").filter((line) => line.startsWith("MODALIAS=")) ?? []),
];
