// Checks that a value out of JSON is a capture: the type of each known field, paths that lead nowhere else, and the bounds. Each
// fault is a sentence that begins with the field's place. Pure.

import { bounds } from "../../libkmod/kernel/bounds.js";
import { isResult } from "../explaining/last-answers.js";

/** Far more devices than any machine has. */
export const MOST_DEVICES = 2 ** 20;
/** Far more files of configuration than any machine has. */
export const MOST_FILES = 2 ** 16;
/** Ten times the modules that a kernel has. */
export const MOST_LIVE_MODULES = 2 ** 16;
/** PATH_MAX. */
const LONGEST_PATH = 4096;

/** A fault of a part, without the part's own place: ".devpath is no text". */
type Fault = string | undefined;
type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => Fault;

/** The first fault, as a sentence. Undefined where there is none. */
export function findCaptureFault(capture: Fields): Fault {
	if (typeof capture.by !== "string") return "by is no text";
	if (typeof capture.masked !== "boolean") return "masked is neither true nor false";
	const fault = checkDevices(capture.devices);
	if (fault !== undefined) return fault;
	for (const field in FIELDS) {
		const value = capture[field];
		const found = value === undefined && field !== "files" ? undefined : FIELDS[field]?.(value);
		if (found !== undefined) return field + found;
	}
	return checkCounts(capture.files as Readonly<Record<string, string>>);
}

/** What would take a reader long, though it is small in the capture. */
function checkCounts(files: Readonly<Record<string, string>>): Fault {
	if (Object.keys(files).length > MOST_FILES) return `files has more than ${MOST_FILES} entries`;
	const live = Object.hasOwn(files, PROC_MODULES) ? files[PROC_MODULES]! : "";
	let lines = 0;
	for (let at = live.indexOf("\n"); at >= 0; at = live.indexOf("\n", at + 1)) lines++;
	return lines > MOST_LIVE_MODULES ? `files["${PROC_MODULES}"] has more than ${MOST_LIVE_MODULES} lines` : undefined;
}

const PROC_MODULES = "/proc/modules";

function checkDevices(devices: unknown): Fault {
	if (!Array.isArray(devices)) return "devices is no list";
	if (devices.length > MOST_DEVICES) return `devices has more than ${MOST_DEVICES} entries`;
	const seen = new Set<string>();
	for (let at = 0; at < devices.length; at++) {
		const device: unknown = devices[at];
		const fault = isObject(device) ? checkDevice(device, seen) : " is no object";
		if (fault !== undefined) return `devices[${at}]${fault}`;
	}
	return undefined;
}

/** @param seen the devpaths so far */
function checkDevice(device: Fields, seen: Set<string>): Fault {
	const { devpath } = device;
	if (!isDevpath(devpath)) return `.devpath ${whyNoDevpath(devpath)}`;
	if (seen.size === seen.add(devpath).size) return `.devpath is that of an earlier device: ${devpath}`;
	for (const field of NAMES) {
		const value = device[field];
		if (value !== undefined && !isShort(value, LONGEST_PATH)) return `.${field} ${whyNotShort(value, LONGEST_PATH)}`;
	}
	for (const field of ATTRIBUTES) {
		const value = device[field];
		if (value !== undefined && !isShort(value, bounds.attribute.bytes))
			return `.${field} ${whyNotShort(value, bounds.attribute.bytes)}`;
	}
	for (const field of FLAGS) {
		const value = device[field];
		if (value !== undefined && typeof value !== "boolean") return `.${field} is neither true nor false`;
	}
	return checkDeviceLists(device);
}

const NAMES = ["subsystem", "driver", "driverModule", "driverOverride", "dmKind", "mdLevel"] as const;
const ATTRIBUTES = ["modalias", "uevent"] as const;
const FLAGS = ["onBus", "waitingForSupplier"] as const;

function checkDeviceLists({ physicalNode, suppliers, slaves, dmTargets }: Fields): Fault {
	if (physicalNode !== undefined && !isDevpath(physicalNode)) return `.physicalNode ${whyNoDevpath(physicalNode)}`;
	if (suppliers !== undefined) {
		const fault = devpaths(suppliers);
		if (fault !== undefined) return `.suppliers${fault}`;
	}
	if (slaves !== undefined) {
		const fault = devpaths(slaves);
		if (fault !== undefined) return `.slaves${fault}`;
	}
	const fault = dmTargets === undefined ? undefined : texts(dmTargets);
	return fault === undefined ? undefined : `.dmTargets${fault}`;
}

const isObject = (value: unknown): value is Fields =>
	typeof value === "object" && value !== null && !Array.isArray(value);

const isShort = (value: unknown, most: number): value is string =>
	typeof value === "string" && value.length <= most && !value.includes("\0");

function whyNotShort(value: unknown, most: number): string {
	if (typeof value !== "string") return "is no text";
	return value.length > most ? `is longer than ${most} bytes` : "holds a NUL";
}

/** An empty part, "." or "..", or a NUL. */
const STRAYS = /\0|\/\.{0,2}(?:\/|$)/;

const isDevpath = (value: unknown): value is string =>
	typeof value === "string" &&
	value.length <= LONGEST_PATH &&
	(value.startsWith("/devices/") || value.startsWith("/module/")) &&
	!STRAYS.test(value);

function whyNoDevpath(value: unknown): string {
	return whyNoPath(value) ?? "is not below /devices or /module";
}

function whyNoPath(value: unknown): Fault {
	if (typeof value !== "string") return "is no text";
	if (value.length > LONGEST_PATH) return `is longer than ${LONGEST_PATH} bytes`;
	if (!value.startsWith("/")) return "is no absolute path";
	return STRAYS.test(value) ? 'is no path: a part of it is empty, "." or "..", or holds a NUL' : undefined;
}

const text: Check = (value) => (isShort(value, LONGEST_PATH) ? undefined : ` ${whyNotShort(value, LONGEST_PATH)}`);
const path: Check = (value) => {
	const why = whyNoPath(value);
	return why && ` ${why}`;
};
const devpath: Check = (value) => (isDevpath(value) ? undefined : ` ${whyNoDevpath(value)}`);
const content: Check = (value) => (typeof value === "string" ? undefined : " is no text");
const count: Check = (value) =>
	typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? undefined : " is no whole number";

const list =
	(check: Check): Check =>
	(value) => {
		if (!Array.isArray(value)) return " is no list";
		for (let at = 0; at < value.length; at++) {
			const fault = check(value[at]);
			if (fault !== undefined) return `[${at}]${fault}`;
		}
		return undefined;
	};

const texts = list(text);
const devpaths = list(devpath);

/** @param optional fields that may be absent */
const object =
	(fields: Readonly<Record<string, Check>>, optional: readonly string[] = []): Check =>
	(value) => {
		if (!isObject(value)) return " is no object";
		for (const field in fields) {
			if (value[field] === undefined && optional.includes(field)) continue;
			const fault = fields[field]?.(value[field]);
			if (fault !== undefined) return `.${field}${fault}`;
		}
		return undefined;
	};

/** An object whose names are data. */
const table =
	(name: Check, check: Check): Check =>
	(value) => {
		if (!isObject(value)) return " is no object";
		for (const key of Object.keys(value)) {
			const fault = name(key);
			if (fault !== undefined) return `: a name in it${fault}`;
			const found = check(value[key]);
			if (found !== undefined) return `["${key}"]${found}`;
		}
		return undefined;
	};

const sha256: Check = (value) =>
	typeof value === "string" && /^[0-9a-f]{64}$/.test(value) ? undefined : " is no SHA-256 in hexadecimal";

const indexSize: Check = (value) => {
	if (typeof value === "number" && value > bounds.index.bytes)
		return ` is more than ${bounds.index.bytes}, the limit for an index`;
	return count(value);
};

const indexName: Check = (value) =>
	typeof value === "string" && /^modules\.[^/\0]{1,200}$/.test(value) ? undefined : " is none of a file modules.*";

const source: Check = object({ file: text, line: count });

const origin: Check = (value) => {
	if (!isObject(value)) return " is no object";
	if (value.kind === "agent") return object({ socket: text })(value);
	return value.kind === "log" ? object({ source })(value) : ".kind is neither agent nor log";
};

/** The fields besides the mark, `by`, `masked` and `devices`. All but `files` may be absent. */
const FIELDS: Readonly<Record<string, Check>> = {
	files: table(path, content),
	release: (value) =>
		typeof value === "string" && /^[^/\0]{1,255}$/.test(value) && !/^\.\.?$/.test(value)
			? undefined
			: " is no release of a kernel",
	architecture: text,
	rulesDirectory: path,
	modules: object(
		{
			directory: path,
			package: object({ name: text, version: text }),
			files: table(indexName, object({ bytes: indexSize, sha256, gzip: content }, ["gzip"])),
			missing: texts,
		},
		["package", "missing"],
	),
	drivers: list(object({ module: text, bus: text, name: text })),
	log: list(object({ microseconds: count, text: content })),
	answers: list(
		object(
			{
				module: text,
				result: (value) => (typeof value === "string" && isResult(value) ? undefined : " is no result that there is"),
				errno: text,
				explanation: content,
				from: origin,
			},
			["errno"],
		),
	),
	mounts: list(object({ at: text, fileSystem: text, devices: devpaths })),
	lacks: texts,
};
