// Why no driver has bound a device although a module for it is live, or its driver is built in. Pure.

import { byAlias } from "../../libkmod/planning/plan-insertion.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { PresentDevice } from "../../ports/devices.js";
import type { DeviceState } from "../../ports/inspection.js";
import type { NamedDevice, Unbound } from "./explanation.js";
import { namedPath, type Situated } from "./facts.js";
import { findingsAboutDevice, findingsAboutModule, type KernelFinding } from "./kernel-findings.js";

/** What is known of the machine, as far as it tells why drivers do not bind. */
export type BindingFacts = Pick<
	Situated,
	"decisions" | "deferred" | "devices" | "findings" | "inspection" | "judgeFirmware" | "modules" | "nameOf"
>;

/** Devices of these kinds are of a class, which binds no drivers. A capture without links has only the alias to tell. */
export const OF_CLASSES = /^(?:input|dmi):/;

/**
 * All causes that are known, the one that counts first: at least one.
 * @param module the live module. Undefined when the driver is built in
 */
export function listUnbound(
	facts: BindingFacts,
	device: PresentDevice,
	state: DeviceState,
	module: string | undefined,
): readonly [Unbound, ...Unbound[]] {
	const [first, ...others] = [
		...findOverride(state),
		...findRival(facts, device, state, module),
		...findSupplier(facts, state),
		...findInLog(facts, state, module),
		...findNoDriver(facts, state, module),
		...findFirmware(facts, state, module),
	];
	return first === undefined ? [{ kind: "unknown" }] : [first, ...others];
}

function findOverride({ driverOverride, driver, devpath }: DeviceState): readonly Unbound[] {
	if (driverOverride === undefined || driverOverride === driver) return [];
	return [{ kind: "override", driver: driverOverride, file: `/sys${devpath}/driver_override` }];
}

/** Another module for the same alias that has bound the device. */
function findRival(
	facts: BindingFacts,
	{ devpath }: PresentDevice,
	{ driver, driverModule }: DeviceState,
	module: string | undefined,
): readonly Unbound[] {
	if (driver === undefined || module === undefined || driverModule === module) return [];
	const rival = driverModule ?? driver;
	const matches = (facts.decisions.get(devpath) ?? []).flatMap((decision) => decision.matches);
	const own = matches.find(({ found }) => found.module === module);
	const theirs = matches.find(({ found }) => found.module === rival && byAlias(found));
	const pattern = theirs?.found.pattern ?? own?.found.pattern ?? "";
	return [{ kind: "rival", rival, pattern, driver }];
}

/** A deferred probe: by the kernel's list of them, which says why, and by the device's own attribute and links. */
function findSupplier(facts: BindingFacts, state: DeviceState): readonly Unbound[] {
	const list = facts.deferred();
	const name = baseName(state.devpath);
	const entry = "unreadable" in list ? undefined : list.find(({ device }) => device === name);
	const unready = state.suppliers.find(({ driver }) => driver === undefined)?.devpath;
	const linked = state.driver === undefined ? unready : undefined;
	if (entry === undefined && state.waitingForSupplier !== true && linked === undefined) return [];
	const missing = linked ?? findNamed(facts, entry?.supplier);
	const files = [
		...(state.waitingForSupplier === true ? [`/sys${state.devpath}/waiting_for_supplier`] : []),
		...(linked === undefined ? [] : [linkOf(facts, state.devpath, linked)]),
		...(entry === undefined ? [] : [DEFERRED]),
	];
	const supplier: NamedDevice | undefined = missing === undefined ? undefined : namedPath(facts, missing);
	const driver = missing === undefined ? undefined : facts.inspection?.device(missing)?.driver;
	return [
		{
			kind: "supplier",
			...(supplier && { supplier: { ...supplier, ...(driver !== undefined && { driver }) } }),
			...(entry?.reason !== undefined && { reason: entry.reason }),
			files,
		},
	];
}

/** The path of the link to a supplier: supplier:BUS:NAME (ABI/testing/sysfs-devices-supplier). */
function linkOf({ inspection }: BindingFacts, devpath: string, supplier: string): string {
	return `/sys${devpath}/supplier:${inspection?.device(supplier)?.subsystem ?? ""}:${baseName(supplier)}`;
}

const DEFERRED = "/sys/kernel/debug/devices_deferred";

/** The device that the kernel calls by the last name of its path. Undefined when none has it. */
function findNamed({ devices }: BindingFacts, name: string | undefined): string | undefined {
	return name === undefined ? undefined : devices.find(({ devpath }) => baseName(devpath) === name)?.devpath;
}

/**
 * What the kernel's log says of the device: missing firmware, and probes that failed. A failed probe is logged after the files
 * that it missed, and tells less.
 */
function findInLog(facts: BindingFacts, { devpath }: DeviceState, module: string | undefined): readonly Unbound[] {
	const findings = facts.findings();
	if ("unreadable" in findings) return [];
	const about = findingsAboutDevice(findings, devpath);
	const drivers = module === undefined ? [] : (facts.inspection?.driversOf(module) ?? []).map(({ name }) => name);
	const own = module === undefined ? about : about.filter((one) => isOf(one, module, drivers));
	const newestFirst = own.toReversed();
	return [
		...newestByFile(newestFirst.filter((one) => one.kind === "firmware")).map((one) => judgeMissing(facts, one)),
		...newestFirst
			.filter(({ kind }) => kind === "probe" || kind === "deferred")
			.map(({ seconds, text }) => ({ kind: "kernel log", record: { seconds, text } }) as const),
	];
}

/** The kernel logs a missing file more than once: each way of loading it has a message of its own. */
function newestByFile<Finding extends { readonly file: string }>(newestFirst: readonly Finding[]): readonly Finding[] {
	const files = new Set<string>();
	return newestFirst.filter(({ file }) => !files.has(file) && files.add(file));
}

/** Whether a finding about a device is about this module's driver, as far as the finding tells. */
function isOf(finding: KernelFinding, module: string, drivers: readonly string[]): boolean {
	return (
		finding.driver === undefined || drivers.length === 0 || findingsAboutModule([finding], module, drivers).length > 0
	);
}

function judgeMissing(facts: BindingFacts, finding: KernelFinding & { kind: "firmware" }): Unbound {
	const { file, seconds, text } = finding;
	const verdict = facts.judgeFirmware({ names: [], findings: [finding], isBound: false });
	const place = verdict.kind === "missing" && verdict.by === "log" ? verdict.files[0]?.place : undefined;
	return { kind: "firmware", firmware: [file], record: { seconds, text }, ...(place !== undefined && { place }) };
}

/** None of the files that the module lists is there. */
function findFirmware(facts: BindingFacts, state: DeviceState, module: string | undefined): readonly Unbound[] {
	const names = module === undefined ? [] : (facts.modules.get(module)?.firmware ?? []);
	if (names.length === 0 || state.driver !== undefined) return [];
	const verdict = facts.judgeFirmware({ names, findings: [], isBound: false });
	return verdict.kind === "missing" && verdict.by === "files" ? [{ kind: "firmware", firmware: verdict.names }] : [];
}

function findNoDriver({ inspection }: BindingFacts, { subsystem }: DeviceState, module: string | undefined): Unbound[] {
	if (module === undefined || subsystem === undefined || inspection === undefined) return [];
	const registered = inspection.driversOf(module).some(({ bus }) => bus === subsystem);
	return registered ? [] : [{ kind: "no such driver", bus: subsystem }];
}
