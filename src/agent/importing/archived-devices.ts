// The devices of an archived /sys, as a walk of /sys and the port Inspection find them on the machine itself
// (Documentation/admin-guide/sysfs-rules.rst, ABI/testing/sysfs-devices-*). Pure.

import { attributeText, attributeWord } from "../../libkmod/formats/attribute.js";
import { baseName } from "../../libkmod/text/base-name.js";
import type { CapturedDevice, CapturedDriver } from "../capture/capture.js";
import { deviceMapperKind } from "../capture/device-mapper-kind.js";
import { linkTarget } from "./archive-links.js";
import type { ArchiveTree } from "./archive-tree.js";

/** What is in one directory of /sys/devices: attributes by name, and links with the paths below /sys that they lead to. */
type Directory = { readonly files: Map<string, Buffer>; readonly links: Map<string, string> };

/** The devices, and the modules of /sys/module as devices, sorted by path. */
export function devicesOfArchive(tree: ArchiveTree): readonly CapturedDevice[] {
	const directories = groupByDirectory(tree);
	const devices = [...directories]
		.filter(([, { files }]) => files.has("uevent") || files.has("modalias"))
		.map(([devpath, directory]) => makeCaptured(directories, tree.links, devpath, directory));
	const modules = namesOfModules(tree).map((name) => ({ devpath: `/module/${name}` }));
	return sortBy(({ devpath }) => [devpath], [...devices, ...modules]);
}

/** Sorts by keys, each by its bytes, the first one that differs first. */
export function sortBy<Item>(keysOf: (item: Item) => readonly string[], items: readonly Item[]): readonly Item[] {
	const order = (one: readonly string[], two: readonly string[]): number => {
		const at = one.findIndex((key, place) => key !== two[place]);
		return at < 0 ? 0 : one[at]! < two[at]! ? -1 : 1;
	};
	return [...items].sort((one, two) => order(keysOf(one), keysOf(two)));
}

const SYSFS = "/sys";

function groupByDirectory({ files, links }: ArchiveTree): Map<string, Directory> {
	const directories = new Map<string, Directory>();
	const at = (devpath: string): Directory => {
		const known = directories.get(devpath);
		if (known !== undefined) return known;
		const made: Directory = { files: new Map(), links: new Map() };
		directories.set(devpath, made);
		return made;
	};
	for (const [path, content] of files) {
		const [, owner, name] = /^\/sys(\/devices\/.*?)\/((?:dm|md)\/[^/]+|[^/]+)$/s.exec(path) ?? [];
		if (owner !== undefined && name !== undefined) at(owner).files.set(name, content);
	}
	for (const [path, target] of links) {
		const [, owner, name] = /^\/sys(\/devices\/.*?)\/(slaves\/[^/]+|[^/]+)$/s.exec(path) ?? [];
		const end = linkTarget(path, target);
		if (owner !== undefined && name !== undefined && end.startsWith(`${SYSFS}/`))
			at(owner).links.set(name, end.slice(SYSFS.length));
	}
	return directories;
}

function makeCaptured(
	directories: ReadonlyMap<string, Directory>,
	allLinks: ReadonlyMap<string, string>,
	devpath: string,
	{ files, links }: Directory,
): CapturedDevice {
	const text = (name: string): string | undefined => present(files.get(name), attributeText);
	const word = (name: string): string | undefined => present(files.get(name), attributeWord);
	const [subsystem, driver] = [links.get("subsystem"), links.get("driver")];
	const module = driver === undefined ? undefined : allLinks.get(`${SYSFS}${driver}/module`);
	const override = word("driver_override");
	const waiting = word("waiting_for_supplier");
	const under = (start: string) => [...links].filter(([name]) => name.startsWith(start)).sort(byName);
	const suppliers = under("supplier:").flatMap(([, link]) => directories.get(link)?.links.get("supplier") ?? []);
	const slaves = under("slaves/").map(([, target]) => target);
	return withoutAbsent({
		devpath,
		subsystem: present(subsystem, baseName),
		onBus: present(subsystem, (target) => /\/bus\/[^/]*$/s.test(target)),
		modalias: present(text("modalias"), withoutLineEnd),
		uevent: present(text("uevent"), withoutLineEnd),
		driver: present(driver, baseName),
		driverModule: present(module, baseName),
		physicalNode: physicalNode(directories, under("physical_node")),
		// The kernel prints a null pointer, the value of an override that was never set, by its own name for it.
		driverOverride: override === "" || override === "(null)" ? undefined : override,
		waitingForSupplier: waiting === "1" ? true : waiting === "0" ? false : undefined,
		suppliers: suppliers.filter((supplier) => isDevice(directories.get(supplier))),
		slaves: slaves.filter((slave) => isDevice(directories.get(slave))),
		dmKind: present(word("dm/uuid"), deviceMapperKind),
		mdLevel: word("md/level") || undefined,
	});
}

/** When there are several, the first that has a driver, or else the first, as the port Inspection tells it. */
function physicalNode(
	directories: ReadonlyMap<string, Directory>,
	links: readonly (readonly [string, string])[],
): string | undefined {
	const nodes = links.map(([, target]) => target).filter((target) => isDevice(directories.get(target)));
	return nodes.find((node) => directories.get(node)?.links.has("driver")) ?? nodes[0];
}

const isDevice = (directory: Directory | undefined): boolean =>
	directory !== undefined &&
	(directory.files.has("uevent") || directory.files.has("modalias") || directory.links.has("subsystem"));

const byName = ([one]: readonly [string, string], [two]: readonly [string, string]): number => (one < two ? -1 : 1);

const withoutLineEnd = (text: string): string => (text.endsWith("\n") ? text.slice(0, -1) : text);

function present<From, To>(value: From | undefined, convert: (value: From) => To): To | undefined {
	return value === undefined ? undefined : convert(value);
}

/** Leaves out fields that are undefined, and empty lists. */
function withoutAbsent(
	device: { readonly [Key in keyof CapturedDevice]: CapturedDevice[Key] | undefined },
): CapturedDevice {
	const kept = Object.entries(device).filter(
		([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
	);
	return Object.fromEntries(kept) as CapturedDevice;
}

/** The names in /sys/module, sorted. */
export function namesOfModules({ files, links, directories }: ArchiveTree): readonly string[] {
	const names = new Set<string>();
	for (const paths of [files.keys(), links.keys(), directories.keys()])
		for (const path of paths) {
			const [, name] = /^\/sys\/module\/([^/]+)/.exec(path) ?? [];
			if (name !== undefined) names.add(name);
		}
	return [...names].sort();
}

/** The drivers that modules have registered, by the links in /sys/module/NAME/drivers. */
export function driversOfArchive({ links }: ArchiveTree): readonly CapturedDriver[] {
	const drivers = [...links].flatMap(([path, target]) => {
		const [, module] = /^\/sys\/module\/([^/]+)\/drivers\/[^/]+$/.exec(path) ?? [];
		const [, bus, name] = /^\/sys\/bus\/([^/]+)\/drivers\/([^/]+)$/.exec(linkTarget(path, target)) ?? [];
		return module === undefined || bus === undefined || name === undefined ? [] : [{ module, bus, name }];
	});
	return sortBy(({ module, bus, name }) => [module, bus, name], drivers);
}
