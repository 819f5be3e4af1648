// The first line of `explain`: the judgement as one sentence, with cause, place and advice. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { shorten } from "../../libkmod/text/shorten.js";
import { listWords } from "../../libkmod/text/word-lists.js";
import type {
	Demand,
	Explanation,
	Judgement,
	NamedDevice,
	NearestPattern,
	Taken,
	Unbound,
} from "../explaining/explanation.js";
import { adviseOn, explainObstacle, formatDevice, formatLogLine } from "./obstacle-text.js";

/** The answer without a newline. The subject's word goes first. */
export function formatAnswer({ subject, judgement }: Explanation): string {
	return `${shorten(subject.word)}${describeSubject(subject, judgement)}: ${explainJudgement(judgement, subject)}`;
}

/** The name in words of the device that the subject is, in parentheses. */
function describeSubject(subject: Taken, judgement: Judgement): string {
	const [bound] = judgement.kind === "bound" ? judgement.devices : [];
	const device = "device" in judgement ? judgement.device : bound;
	return device?.name !== undefined && isDevice(device, subject) ? ` (${device.name})` : "";
}

/** Whether the subject's word names this device. */
function isDevice({ devpath }: NamedDevice, { word, as }: Taken): boolean {
	const named = baseName(word.replace(/\/+$/, "")).replace(/^(?:usb|pci) /, "");
	return as === "device" && devpath !== "" && baseName(devpath).endsWith(named);
}

/** In the first line an alias of PCI or USB stays whole, and one of an input device or a processor does not. */
const brief = (alias: string): string => shorten(alias, 60);

function explainJudgement(judgement: Judgement, subject: Taken): string {
	switch (judgement.kind) {
		case "bound":
			return explainBound(judgement, subject);
		case "builtin":
			return `${isModule(judgement, subject) ? "" : `${judgement.module} is `}built into the kernel (modules.builtin)`;
		case "live":
			return `${naming(judgement, subject)}${explainLive(judgement, subject)}`;
		case "wanted":
			return `${naming(judgement, subject)}${explainWanted(judgement, subject)}`;
		case "unbound":
			return explainUnbound(judgement, subject);
		case "kept out":
			return `${naming(judgement, subject)}${explainKeptOut(judgement, subject)}`;
		case "no driver":
			return explainNoDriver(judgement, subject);
		case "not asked for":
			return `${explainOut(subject)}: ${explainIdle(subject)}`;
		case "no need":
			return explainNoNeed(judgement, subject);
		case "absent":
			return explainAbsent(judgement, subject);
		case "failure":
			return explainUnknown(judgement);
	}
}

/** Where it is not known which modules are live, none is said not to be. */
const explainOut = ({ withoutLive }: Taken): string => (withoutLive ? "would not be loaded" : "not loaded");

function explainIdle({ withoutDevices, withoutLive }: Taken): string {
	const users = withoutLive ? "module that would be" : "module that is loaded or would be";
	return withoutDevices
		? `no ${users} asks for it, and no devices were looked at`
		: `no device of this machine asks for it, and no ${users}`;
}

type OfModule = { readonly module?: string };

const isModule = ({ module }: OfModule, { as }: Taken): boolean => module !== undefined && as === "module";

/** The name of the module before what is said of it, unless it is the subject itself. */
const naming = (judgement: OfModule, subject: Taken): string =>
	isModule(judgement, subject) ? "" : `${judgement.module} `;

function explainBound({ driver, module, devices, demand }: Judgement & { kind: "bound" }, subject: Taken): string {
	const [first] = devices;
	const whom = first === undefined || isDevice(first, subject) ? "it" : formatDevice(first);
	if (module === undefined) return `bound: ${driver}, which is built into the kernel, drives ${whom}`;
	const more = devices.length > 1 ? ` and ${devices.length - 1} more` : "";
	const asked = demand === undefined ? "" : `, ${explainDemand(demand, first)}`;
	if (isModule({ module }, subject)) return `loaded and bound: ${driver} drives ${whom}${more}${asked}`;
	const whose = driver === module ? "" : ` of the module ${module}`;
	return `bound: ${driver}${whose} drives ${whom}${more}${asked}`;
}

/** @param known a device that has been named already */
function explainDemand(demand: Demand, known?: NamedDevice): string {
	switch (demand.kind) {
		case "device": {
			const { device, alias, rule } = demand;
			const by = rule === undefined ? "" : `, by the rule ${formatFileLine(rule)}`;
			if (device.devpath === known?.devpath) return `asked for by ${brief(alias)}${by}`;
			const whose = device.devpath === "" ? "" : ` of ${formatDevice(device)}`;
			return `asked for by ${brief(alias)}${whose}${by}`;
		}
		case "dependency":
			return `dependency of ${demand.of}`;
		case "softdep":
			return `softdep ${demand.when} of ${demand.of} (${formatFileLine(demand.source)})`;
		case "modules-load":
			return `named by ${formatFileLine(demand.source)}`;
	}
}

/** The device of a demand, when it is the subject: it is not named again. */
function knownOf(demand: Demand, subject: Taken): NamedDevice | undefined {
	return demand.kind === "device" && isDevice(demand.device, subject) ? demand.device : undefined;
}

function explainLive({ demand }: Judgement & { kind: "live" }, subject: Taken): string {
	if (demand !== undefined) return `loaded: ${explainDemand(demand, knownOf(demand, subject))}`;
	if (subject.withoutDevices) return "loaded: no softdep or dependency asks for it, and no devices were looked at";
	return "loaded: no device, softdep or dependency of this machine asks for it: it was loaded by hand, or at the kernel's request";
}

function explainWanted({ demand, install, loading }: Judgement & { kind: "wanted" }, subject: Taken): string {
	const why = demand === undefined ? "" : `: ${explainDemand(demand, knownOf(demand, subject))}`;
	if (loading) return `being loaded now${why}; its init has not ended`;
	return install === undefined
		? `would be loaded${why}`
		: `would be loaded by its install line ${formatFileLine(install.source)}${why}`;
}

function explainUnbound({ module, device, cause }: Judgement & { kind: "unbound" }, subject: Taken): string {
	const which = isDevice(device, subject) ? "" : ` to ${formatDevice(device)}`;
	const whose = module === undefined ? "its driver is built in, and not bound" : "loaded, not bound";
	const named = module === undefined ? "" : naming({ module }, subject);
	return `${named}${whose}${which}: ${explainCauseOf(cause, device)}`;
}

/** Why a driver has not bound a device: a clause. */
export function explainCauseOf(cause: Unbound, device: NamedDevice): string {
	switch (cause.kind) {
		case "supplier": {
			const { supplier, reason, files } = cause;
			const whom =
				supplier === undefined
					? files.some((file) => file.endsWith("/waiting_for_supplier"))
						? "it waits for a supplier"
						: "its probe is put off"
					: `it waits for the supplier ${formatDevice(supplier)}, which has ${supplier.driver ?? "no driver"}`;
			return `${whom}${reason === undefined ? "" : `: ${reason}`} (${files.join(", ")})`;
		}
		case "firmware":
			return explainFirmware(cause);
		case "override":
			return `driver_override of ${formatDevice(device)} names ${cause.driver} (${cause.file})`;
		case "rival": {
			const bound = cause.driver === undefined ? "" : ", and has bound the device";
			return `${cause.rival} came first for the same alias ${brief(cause.pattern)}${bound}`;
		}
		case "kernel log":
			return formatLogLine(cause.record);
		case "no such driver":
			return `the module has registered no driver on the bus ${cause.bus}`;
		case "unknown":
			return "the kernel does not tell why; see dmesg";
	}
}

function explainFirmware({ firmware, record, place }: Unbound & { kind: "firmware" }): string {
	const [first = "", ...more] = firmware;
	if (record === undefined)
		return `the firmware ${first} is missing${more.length === 0 ? "" : `, as are ${more.length} other versions`}: none of the files that its module lists is there`;
	const now = place === undefined ? "" : `; now it is there (${place}): load the module again`;
	return `the firmware ${first} is missing: the kernel's log says so (at ${record.seconds.toFixed(3)} s)${now}`;
}

function explainKeptOut({ module, obstacle, demand }: Judgement & { kind: "kept out" }, subject: Taken): string {
	const idle = demand === undefined && !subject.withoutDevices && obstacle.kind !== "softdep only";
	const nobody = idle ? " (nor does a device of this machine ask for it)" : "";
	const advice = adviseOn(obstacle, module);
	return `${explainOut(subject)}: ${explainObstacle(obstacle, module)}${nobody}${advice === undefined ? "" : `; ${advice}`}`;
}

function explainNoNeed({ device, subsystem, onBus }: Judgement & { kind: "no need" }, subject: Taken): string {
	const whose = isDevice(device, subject) ? "" : `${formatDevice(device)} `;
	if (onBus) return `${whose}needs no module: it is on the bus ${subsystem}, and has no alias that asks for one`;
	const why = subsystem === undefined ? "the device is on no bus" : `devices of the class ${subsystem} have none`;
	return `${whose}needs no driver: ${why}`;
}

function explainNoDriver(judgement: Judgement & { kind: "no driver" }, subject: Taken): string {
	const { device, aliases, release, nearest, elsewhere } = judgement;
	const [first = "", ...more] = aliases;
	const others = more.length === 0 ? "" : ` and ${more.length} more`;
	const whose = isDevice(device, subject) ? "" : ` of ${formatDevice(device)}`;
	const what = device.devpath === "" ? "it" : `${brief(first)}${others}${whose}`;
	const near =
		nearest === undefined || nearest.agreeing.length === 0
			? ""
			: `; nearest: ${nearest.module}, ${brief(nearest.pattern)}, differs in ${nearest.field}${countAlike(nearest)}`;
	const kernels = elsewhere.map((kernel) => `; the kernel ${kernel.release} has ${kernel.modules.join(", ")} for it`);
	return `no driver: no module of ${release} has a pattern for ${what}${near}${kernels.join("")}`;
}

/** Many patterns that agree as far say that the nearest one is no proposal. */
const countAlike = ({ alike }: NearestPattern): string =>
	alike < 2 ? "" : ` (${alike === 2 ? "1 other agrees" : `${alike - 1} others agree`} as far)`;

function explainAbsent({ modules, release }: Judgement & { kind: "absent" }, { withoutDevices }: Taken): string {
	const nobody = withoutDevices ? "no devices were looked at" : "no device of this machine has these ids";
	const named = withoutDevices ? "names these ids" : "names them";
	// Patterns for a whole vendor or class cannot be told by ids alone.
	if (modules.length === 0) return `${nobody}, and no pattern of a module of ${release} ${named}`;
	return `${nobody}; a pattern of ${modules.join(", ")} of ${release} ${named}`;
}

function explainUnknown({ why, nearest }: Judgement & { kind: "failure" }): string {
	return nearest.length === 0 ? why : `${why}; is ${listWords(nearest, "or")} meant?`;
}
