// Gathers what is a machine's own and known by where it stands: names of host, user and disk, and serials (docs/capture.md, "Known
// values"). What cannot be read is passed by: a value that this user may not read stands in no file that this user may read by any
// other right, but for those that people wrote. Pure but for the port.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";
import { baseName } from "../../libkmod/text/base-name.js";
import { fold, trimToWords } from "./folding.js";
import type { KnownKind } from "./masking.js";

/** A device, and the whole text of its `uevent`, of which a capture takes a part. */
export type GatheredDevice = {
	readonly devpath: string;
	readonly subsystem: string | undefined;
	readonly uevent: string | undefined;
};

export type KnownValues = {
	/** Folded values by kind, those that are not replaced outside of slots included. */
	readonly slotKinds: ReadonlyMap<string, KnownKind>;
	/** Those that are replaced wherever they stand. */
	readonly known: ReadonlyMap<string, KnownKind>;
};

type Add = (kind: KnownKind, value: string | undefined) => void;

/** @param root the root directory of another machine, or "". `sysfs` includes it */
export function gatherKnownValues(
	files: Pick<Files, "read" | "list">,
	{ root, sysfs }: { readonly root: string; readonly sysfs: string },
	devices: readonly GatheredDevice[],
	protectedNames: ReadonlySet<string>,
): KnownValues {
	const all: Record<KnownKind, Set<string>> = { host: new Set(), user: new Set(), disk: new Set(), serial: new Set() };
	const add: Add = (kind, value) => {
		const trimmed = fold(trimToWords(value ?? ""));
		if (trimmed !== "") all[kind].add(trimmed);
	};
	gatherHosts(files, root, add);
	gatherUsers(files, root, add);
	gatherDisks(files, { root, sysfs }, devices, add);
	gatherSerials(files, sysfs, devices, add);
	const lastParts = new Set(devices.map(({ devpath }) => fold(baseName(devpath))));
	return rankValues(all, (value, kind) => isTelling(value, kind, { protectedNames, lastParts }));
}

/** A value of two kinds is of the first. */
function rankValues(
	all: Readonly<Record<KnownKind, ReadonlySet<string>>>,
	isReplaced: (value: string, kind: KnownKind) => boolean,
): KnownValues {
	const slotKinds = new Map<string, KnownKind>();
	const known = new Map<string, KnownKind>();
	for (const kind of ["host", "user", "disk", "serial"] as const)
		for (const value of all[kind]) {
			if (!slotKinds.has(value)) slotKinds.set(value, kind);
			if (!known.has(value) && isReplaced(value, kind)) known.set(value, kind);
		}
	return { slotKinds, known };
}

const LEAST_NAME = 3;
const LEAST_SERIAL = 5;
const LEAST_DIFFERENT = 3;

function isTelling(
	value: string,
	kind: KnownKind,
	{
		protectedNames,
		lastParts,
	}: { readonly protectedNames: ReadonlySet<string>; readonly lastParts: ReadonlySet<string> },
): boolean {
	if (protectedNames.has(value)) return false;
	if ((kind === "disk" || kind === "serial") && lastParts.has(value)) return false;
	if (kind === "serial") return value.length >= LEAST_SERIAL && new Set(value).size >= LEAST_DIFFERENT;
	return value.length >= LEAST_NAME && !/^\d+$/.test(value);
}

function gatherHosts(files: Pick<Files, "read">, root: string, add: Add): void {
	const names = ["/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname", "/etc/hostname"].map(
		(path) => linesOf(files, root + path)[0] ?? "",
	);
	for (const line of linesOf(files, `${root}/etc/hosts`)) {
		const [address = "", ...more] = line.split(/[\t ]+/).filter((word) => word !== "");
		if (address.startsWith("127.") || address === "::1") names.push(...more);
	}
	for (const name of names) {
		add("host", name);
		const dot = name.indexOf(".");
		if (dot < 0) continue;
		const domain = name.slice(dot + 1);
		add("host", name.slice(0, dot));
		if (domain.includes(".")) add("host", domain);
	}
}

const FIRST_USER = 1000;
const NOBODY = 65534;

function gatherUsers(files: Pick<Files, "read">, root: string, add: Add): void {
	for (const line of linesOf(files, `${root}/etc/passwd`)) {
		const [name, , number = "", , comment = "", home = ""] = line.split(":");
		const uid = /^\d{1,10}$/.test(number) ? Number(number) : 0;
		if (uid < FIRST_USER || uid === NOBODY) continue;
		const [fullName = ""] = comment.split(",", 1);
		for (const value of [name, baseName(home.replace(/\/+$/, "")), fullName, ...fullName.split(" ")])
			add("user", value);
	}
}

function gatherDisks(
	files: Pick<Files, "read" | "list">,
	{ root, sysfs }: { readonly root: string; readonly sysfs: string },
	devices: readonly GatheredDevice[],
	add: Add,
): void {
	for (const { devpath, subsystem, uevent } of devices) {
		if (subsystem !== "block") continue;
		add("disk", valueIn(uevent, "PARTNAME"));
		const name = linesOf(files, `${sysfs}${devpath}/dm/name`)[0];
		add("disk", name);
		if (name !== undefined && linesOf(files, `${sysfs}${devpath}/dm/uuid`)[0]?.startsWith("LVM-"))
			for (const part of splitVolumeName(name)) add("disk", part);
	}
	for (const labels of ["/dev/disk/by-label", "/dev/disk/by-partlabel"])
		for (const label of ifReadable(() => files.list(root + labels)) ?? []) add("disk", label);
	for (const uuid of ifReadable(() => files.list(`${sysfs}/fs/btrfs`)) ?? [])
		add("disk", linesOf(files, `${sysfs}/fs/btrfs/${uuid}/label`)[0]);
}

/** The volume group and the volume of a device-mapper name of LVM, where a dash within a name is doubled (lvm(8)). */
function splitVolumeName(name: string): readonly string[] {
	const single = /(?<!-)(?:--)*-(?!-)/.exec(name);
	if (single === null) return [];
	const dash = single.index + single[0].length - 1;
	return [name.slice(0, dash), name.slice(dash + 1)].map((part) => part.replaceAll("--", "-"));
}

/** Attributes of /sys that hold a serial or a name that is the same the world over. No driver asks hardware for them. */
const SERIALS: ReadonlySet<string> = new Set([
	...["serial", "serial_number", "wwid", "uniq", "unique_id", "cid", "node_name", "port_name", "node_guid"],
	...["sys_image_guid", "hostnqn", "hostid", "product_serial", "board_serial", "chassis_serial"],
	...["board_asset_tag", "chassis_asset_tag"],
]);

function gatherSerials(
	files: Pick<Files, "read" | "list">,
	sysfs: string,
	devices: readonly GatheredDevice[],
	add: Add,
): void {
	add("serial", linesOf(files, `${sysfs}/firmware/devicetree/base/serial-number`)[0]);
	for (const { devpath, subsystem, uevent } of devices) {
		for (const key of ["UNIQ", "HID_UNIQ"]) add("serial", valueIn(uevent, key));
		// The controller of a battery may take seconds to answer.
		if (subsystem === "power_supply") continue;
		for (const name of ifReadable(() => files.list(`${sysfs}${devpath}`)) ?? []) {
			if (!SERIALS.has(name)) continue;
			const value = (linesOf(files, `${sysfs}${devpath}/${name}`)[0] ?? "").replace(/[\t ]+$/, "");
			add("serial", value);
			add("serial", value.slice(value.lastIndexOf(" ") + 1));
		}
	}
}

/** The value of a key of a uevent, without the quotes that some drivers put around it. */
function valueIn(uevent: string | undefined, key: string): string | undefined {
	return uevent
		?.split("\n")
		.find((line) => line.startsWith(`${key}=`))
		?.slice(key.length + 1);
}

function linesOf(files: Pick<Files, "read">, path: string): readonly string[] {
	const content = ifReadable(() => files.read(path, bounds.small));
	return content === undefined ? [] : attributeText(content).split("\n");
}
