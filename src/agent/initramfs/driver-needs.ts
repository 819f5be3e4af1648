// The drivers on the way to a device: those of all devices above it that have one, and its own. Pure.

import { lookUp } from "../../libkmod/knowledge/lookup.js";
import type { CapturedDevice } from "../capture/capture.js";
import type { BootNeed, NeedVerdict } from "./boot-need.js";
import { listCapturedAliases, listLineage } from "./boot-side.js";
import { type Judging, judgeAlias, judgeAny, judgeInImage } from "./module-verdict.js";

/** What the drivers are for: the words of each need. */
export type DriversFor = Pick<BootNeed, "need" | "way">;

/** The needs of a device and of all above it, from the root of devices down. */
export function listDriverNeeds(judging: Judging, devpath: string, asked: DriversFor): readonly BootNeed[] {
	return listLineage(judging.machine, devpath).flatMap((device) => {
		const judged = judgeDevice(judging, device);
		return judged === undefined ? [] : [{ ...asked, ...judged, device: device.devpath }];
	});
}

type Judged = { readonly name: string; readonly verdict: NeedVerdict };

/**
 * A device that has no driver on the machine needs none. Where a capture does not tell drivers, a device needs any of those that its
 * alias asks for.
 */
function judgeDevice(judging: Judging, device: CapturedDevice): Judged | undefined {
	const { machine } = judging;
	if (machine.tellsDrivers && device.driver === undefined) return undefined;
	if (!machine.tellsDriverModules) return judgeByAlias(judging, device);
	const { driverModule: module, driver = "" } = device;
	if (module === undefined) return judgeBuiltIn(judging, device, driver);
	const [alias] = aliasesFor(judging, device, module);
	// A built-in driver may have a directory in /sys/module too: its module is none of /proc/modules.
	const verdict = judgeInImage(judging, module, { alias, inUse: true });
	if (verdict.is !== "missing") return { name: module, verdict };
	// hid_generic takes any keyboard for which there is no driver of its own, and another kernel may have another driver.
	const isHid = alias?.startsWith("hid:") === true;
	if (judging.sameKernel && !isHid) return { name: module, verdict };
	const other = firstOf(listCapturedAliases(device), (one) => judgeAlias(judging, one));
	if (other === undefined || other.is === "missing") return { name: module, verdict };
	return { name: module, verdict: other.is === "in the image" ? { ...other, insteadOf: module } : other };
}

/** The aliases of a device that lead to a module, those that do first. */
function aliasesFor({ machine, kernel }: Judging, device: CapturedDevice, module: string): readonly string[] {
	const aliases = listCapturedAliases(device);
	const leads = (alias: string): boolean =>
		[machine.knowledge, kernel.knowledge].some(
			(known) => known !== undefined && lookUp(known, alias).some((found) => found.module === module),
		);
	return [...aliases.filter(leads), ...aliases.filter((alias) => !leads(alias))];
}

function judgeBuiltIn(judging: Judging, device: CapturedDevice, driver: string): Judged {
	if (judging.sameKernel) return { name: driver, verdict: { is: "built in" } };
	const verdict = firstOf(listCapturedAliases(device), (alias) => judgeAlias(judging, alias));
	if (verdict !== undefined) return { name: driver, verdict };
	const why = `the machine's kernel has this driver built in, and nothing tells whether ${judging.kernel.release ?? "the image's"} has`;
	return { name: driver, verdict: { is: "unknown", why } };
}

function judgeByAlias(judging: Judging, device: CapturedDevice): Judged | undefined {
	const known = judging.machine.knowledge ?? judging.kernel.knowledge;
	const asked = listCapturedAliases(device).flatMap((alias) => {
		const modules = [...new Set(lookUp(known, alias).map(({ module }) => module))];
		return modules.length === 0 ? [] : [{ alias, modules }];
	});
	for (const { alias, modules } of asked) {
		const verdict = judgeAny(judging, modules, { alias });
		if (verdict !== undefined) return { name: modules[0]!, verdict };
	}
	return undefined;
}

function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
	for (const item of items) {
		const found = find(item);
		if (found !== undefined) return found;
	}
	return undefined;
}
