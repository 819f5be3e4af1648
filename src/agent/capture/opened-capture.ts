// Opens the machine that the option --machine names: reads and parses the capture, and lays over it what of this host the call names.

import { HotplugdError } from "../../libkmod/kernel/errors.js";
import type { Kernel, ModuleFiles } from "../../libkmod/kernel/kernel.js";
import { moduleDirectories } from "../../libkmod/kernel/other-root.js";
import { ifReadable, isThere } from "../../libkmod/kernel/presence.js";
import { indexNames } from "../../libkmod/knowledge/indexes.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { listWords } from "../../libkmod/text/word-lists.js";
import type { CaptureFiles } from "../../ports/capture-files.js";
import type { CaptureRequest } from "../../ports/captured-machine.js";
import type { CapturedParts, Machine } from "../../ports/machine.js";
import type { Capture } from "./capture.js";
import { openCapture, releaseOf, UNKNOWN_RELEASE } from "./captured-machine.js";
import { type Overlays, overlayFiles } from "./overlaid-files.js";

/** The capture lacks what the command needs. The message is one sentence. */
export class LackingCapture extends HotplugdError {
	override readonly name = "LackingCapture";
	override readonly code = "ERR_LACKING_CAPTURE";
}

/** How the file of a machine is read. */
export type CaptureReading = {
	/** The most bytes of a file, decompressed. */
	readonly mostBytes: number;
	/** Makes a capture of the content. */
	read(content: Buffer, files: CaptureFiles): Capture;
};

/**
 * @param host this host
 * @throws {MalformedCapture} @throws {LackingCapture} @throws {Refusal}
 */
export async function openNamedCapture(
	host: Pick<Machine, "captureFiles" | "kernel" | "rulesDirectory">,
	{ mostBytes, read }: CaptureReading,
	file: string,
	request: CaptureRequest,
): Promise<CapturedParts> {
	const files = await host.captureFiles();
	const capture = read(await files.readWhole(file, mostBytes), files);
	const release = request.release ?? releaseOf(capture);
	const modules = request.root === undefined ? undefined : await openModules(host, request.root, release, request);
	if (request.needsIndexes && modules === undefined) needIndexesOf(capture, release, request);
	const opened = openCapture(capture, files);
	const rulesDirectory = capture.rulesDirectory ?? host.rulesDirectory;
	const hostKernel = await host.kernel();
	const kernel = overlayFiles(opened.kernel, {
		named: [...request.host, ...HARDWARE_NAMES, ...(capture.rulesDirectory === undefined ? [rulesDirectory] : [])],
		host: hostKernel,
		modules,
	});
	const lacks = lackingOf(capture);
	const remarks = [
		...listUntold(lacks),
		...(modules === undefined ? [] : listOtherDigests(capture, release, kernel, files, request)),
	];
	return {
		captured: { file, lacks, host: hostKernel, answers: capture.answers ?? [], remarks },
		kernel: async () => kernel,
		devices: async () => opened.devices,
		inspect: async () => opened.inspection,
		rulesDirectory,
		beginInsertionProcess: unchangeable,
		service: unchangeable,
	};
}

async function unchangeable(): Promise<never> {
	throw new LackingCapture("a captured machine cannot be changed, and no agent runs on it");
}

/** As most commands spell these options. */
const SPELLED = { root: "-d", release: "-S" };

/** Names of hardware are no facts of a machine: this host's lists serve. */
const HARDWARE_NAMES = ["/usr/share/misc", "/usr/share/hwdata"].flatMap((directory) =>
	["pci.ids", "usb.ids"].map((name) => `${directory}/${name}`),
);

function lackingOf({ lacks = [] }: Capture): (part: string) => boolean {
	const all = new Set(lacks);
	return (part) => all.has(part);
}

/** What decides about modules, and may lack in what was no capture: a bug report has few of them. */
const DECIDING: Readonly<Record<string, string>> = {
	"/proc/modules": "which modules are live",
	"/proc/cmdline": "the kernel command line",
	"/etc/modprobe.d": "modprobe.d",
};

function listUntold(lacks: (part: string) => boolean): readonly string[] {
	const untold = Object.entries(DECIDING).flatMap(([path, words]) => (lacks(path) ? [words] : []));
	return untold.length === 0 ? [] : [`the capture does not tell ${listWords(untold)}: none counts`];
}

function needIndexesOf({ modules }: Capture, release: string, { spelled }: CaptureRequest): void {
	const unpack = (named: string): string =>
		spelled === undefined
			? "this command needs them"
			: `unpack ${named} into a directory, run depmod -b there, and name it by ${spelled.root}`;
	const anyPackage = unpack("the package of that kernel");
	const byRelease = spelled === undefined ? "" : `, and the release by ${spelled.release}`;
	if (modules === undefined && release === UNKNOWN_RELEASE)
		throw new LackingCapture(`it tells neither its kernel's release nor the modules: ${anyPackage}${byRelease}`);
	if (modules === undefined) throw new LackingCapture(`it does not hold the modules of ${release}: ${anyPackage}`);
	const own = baseName(modules.directory);
	if (own !== release) throw new LackingCapture(`it holds the modules of ${own}, and not of ${release}: ${anyPackage}`);
	const index = Object.hasOwn(modules.files, indexNames.dependencies)
		? modules.files[indexNames.dependencies]
		: undefined;
	if (index === undefined || index.gzip !== undefined) return;
	const { package: kernel } = modules;
	const named = kernel === undefined ? `the package of kernel ${own}` : `the package ${kernel.name} ${kernel.version}`;
	throw new LackingCapture(`it holds the digests of its indexes alone: ${unpack(named)}`);
}

async function openModules(
	host: Pick<Machine, "kernel">,
	root: string,
	release: string,
	{ needsIndexes, spelled = SPELLED }: CaptureRequest,
): Promise<Overlays["modules"]> {
	const machine: Kernel & ModuleFiles = await host.kernel({ root });
	const [place = `${root}/lib/modules`] = moduleDirectories
		.map((directory) => root + directory)
		.filter((directory) => isThere(machine, `${directory}/${release}`));
	if (!needsIndexes || isThere(machine, `${place}/${release}/${indexNames.dependencies}`)) return { place, machine };
	if (isThere(machine, `${place}/${release}`))
		throw new LackingCapture(
			`${spelled.root} ${root}: ${place}/${release} has no ${indexNames.dependencies}: run depmod -b ${root} ${release}`,
		);
	const others = (ifReadable(() => machine.list(place)) ?? []).toSorted();
	const instead = others.length === 0 ? "" : `: it is there for ${others.join(", ")}, which ${spelled.release} takes`;
	throw new LackingCapture(`${spelled.root} ${root}: there is no ${place}/${release}${instead}`);
}

/** The indexes of the directory that the call names that are not those which the capture has digests of. */
function listOtherDigests(
	{ modules }: Capture,
	release: string,
	{ read }: Kernel,
	{ sha256 }: CaptureFiles,
	{ spelled = SPELLED }: CaptureRequest,
): readonly string[] {
	if (modules === undefined || !modules.directory.endsWith(`/${release}`)) return [];
	const others = Object.values(indexNames).filter((name) => {
		const told = Object.hasOwn(modules.files, name) ? modules.files[name] : undefined;
		const here = told && ifReadable(() => read(`/lib/modules/${release}/${name}`, { bytes: told.bytes, kind: "" }));
		return told !== undefined && (here === undefined || sha256(here) !== told.sha256);
	});
	if (others.length === 0) return [];
	return [
		`the capture has other digests of ${others.join(", ")} than the files of ${release} that ${spelled.root} names`,
	];
}
