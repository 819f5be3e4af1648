// Whether the causes that `hotplugd explain --json` names for the live modules of a guest are true: held to what coldplug inserted and
// why, to the links below /sys, to the users that the kernel counts and to the lines of modprobe.d.
import { basename } from "node:path";
import type { Demand, Explanation, Judgement } from "../../../src/agent/explaining/explanation.js";

/** sh: prints all that. coldplug's records (--json) are in /run/coldplug.json, and the functions of guest/functions.sh are there. */
export const askForCauses = `
tree=/lib/modules/$(uname -r)
echo "== modules"; cat /proc/modules
echo "== drivers"; find /sys/devices -name driver -type l -printf '%h\\t%l\\n'
echo "== owners"; find /sys/bus -maxdepth 4 -path '*/drivers/*/module' -printf '%h\\t%l\\n'
echo "== modaliases"; find /sys/devices -name modalias -exec grep -H . {} +
echo "== softdeps"; grep -Hn ^softdep $tree/modules.softdep /lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf
echo "== names"; grep -v '[][*?]' $tree/modules.alias
echo "== coldplug"; cat /run/coldplug.json
echo "== explained"; hotplugd explain --json $(live_modules); echo "status $?"
`;

type Sections = Readonly<Record<string, readonly string[]>>;
type Match = { readonly found: { readonly module: string; readonly pattern: string } };
type ColdplugRecord = {
	readonly kind: string;
	readonly module?: string;
	readonly alias?: string;
	readonly matches?: readonly Match[];
	readonly cause?: { readonly kind: string };
	readonly result?: string;
};

/** What is so, by other means than explain. */
interface Facts {
	/** The users of each live module, as /proc/modules names them. */
	readonly users: ReadonlyMap<string, readonly string[]>;
	/** BUS/DRIVER of each device that has a driver, by devpath. */
	readonly drivers: ReadonlyMap<string, string>;
	/** The module of each BUS/DRIVER that has one. */
	readonly owners: ReadonlyMap<string, string>;
	/** By devpath. */
	readonly modaliases: ReadonlyMap<string, string>;
	/** Lines of modprobe.d by FILE:LINE. */
	readonly softdeps: ReadonlyMap<string, string>;
	/** The modules of each alias that is no pattern. */
	readonly names: ReadonlyMap<string, readonly string[]>;
	/** Why coldplug inserted each module that it did insert. */
	readonly inserted: ReadonlyMap<string, string>;
	/** `ALIAS MODULE PATTERN` of all that devices asked for. */
	readonly asked: ReadonlySet<string>;
}

export interface CheckedCauses {
	/** A sentence for each thing that explain said and that is not so. */
	readonly falsehoods: readonly string[];
	/** The number of explained modules by kind of judgement and of demand, such as `bound, device`. */
	readonly counts: Readonly<Record<string, number>>;
}

/** @param sections the output of `askForCauses`, by sectionsOf() */
export function checkCauses(sections: Sections): CheckedCauses {
	const facts = gatherFacts(sections);
	const lines = (sections.explained ?? []).filter((line) => line.startsWith("{"));
	const explained = lines.map((line) => JSON.parse(line) as Explanation);
	const subjects = explained.map(({ subject }) => subject.word);
	const counts: Record<string, number> = {};
	for (const { judgement } of explained) {
		const demand = "demand" in judgement ? judgement.demand?.kind : undefined;
		const kind = `${judgement.kind}, ${demand ?? "nobody"}`;
		counts[kind] = (counts[kind] ?? 0) + 1;
	}
	const falsehoods = explained.flatMap(({ subject, judgement }) =>
		listFalsehoods(subject.word, judgement, facts).map((what) => `${subject.word}: ${what}`),
	);
	const missing = [...facts.users.keys()].filter((module) => !subjects.includes(module));
	return { falsehoods: [...falsehoods, ...missing.map((module) => `${module}: is not explained`)], counts };
}

function gatherFacts(sections: Sections): Facts {
	const pairs = (name: string, separator: RegExp) =>
		(sections[name] ?? []).flatMap((line): [string, string][] => {
			const [, key, value] = separator.exec(line) ?? [];
			return key === undefined || value === undefined ? [] : [[key, value]];
		});
	const driverName = (path: string) => path.split("/").slice(-3).join("/").replace("/drivers/", "/");
	const records = (sections.coldplug ?? []).map((line) => JSON.parse(line) as ColdplugRecord);
	const names = new Map<string, string[]>();
	for (const [alias, module] of pairs("names", /^alias (\S+) (\S+)$/))
		names.set(alias, [...(names.get(alias) ?? []), module]);
	const below = ([path, value]: [string, string]): [string, string] => [path.replace(/^\/sys/, ""), value];
	return {
		users: new Map(
			pairs("modules", /^(\S+) \d+ \d+ (\S+) /).map(([module, users]) => [
				module,
				users.split(",").filter((user) => user !== "" && user !== "-"),
			]),
		),
		drivers: new Map(pairs("drivers", /^(.*)\t(.*)$/).map(([path, link]) => [below([path, ""])[0], driverName(link)])),
		owners: new Map(pairs("owners", /^(.*)\t(.*)$/).map(([path, link]) => [driverName(path), basename(link)])),
		modaliases: new Map(pairs("modaliases", /^(.*?)\/modalias:(.*)$/).map(below)),
		softdeps: new Map(pairs("softdeps", /^(\S+?:\d+):(.*)$/)),
		names,
		inserted: insertedBy(records),
		asked: new Set(
			records.flatMap(({ alias, matches = [] }) =>
				matches.map(({ found }) => `${alias} ${found.module} ${found.pattern}`),
			),
		),
	};
}

function insertedBy(records: readonly ColdplugRecord[]): ReadonlyMap<string, string> {
	const inserted = records.filter(({ kind, result }) => kind === "outcome" && result === "inserted");
	return new Map(
		inserted.map(({ module }) => {
			const step = records.find((record) => record.kind === "step" && record.module === module);
			return [module!, step?.cause?.kind ?? "no step"];
		}),
	);
}

function listFalsehoods(module: string, judgement: Judgement, facts: Facts): readonly string[] {
	const { drivers, owners } = facts;
	const ownerOf = (devpath: string) => owners.get(drivers.get(devpath) ?? "");
	if (!("module" in judgement) || judgement.module !== module) return [`${judgement.kind} is about another module`];
	if (judgement.kind === "bound") {
		const untrue = judgement.devices.filter(
			({ devpath }) => ownerOf(devpath) !== module || basename(drivers.get(devpath) ?? "") !== judgement.driver,
		);
		const bound = untrue.map(({ devpath }) => `${judgement.driver} has not bound ${devpath}`);
		if (judgement.devices.length === 0) bound.push("it is bound to no device");
		return [
			...bound,
			...(judgement.demand ? falseDemand(module, judgement.demand, facts) : missingDemand(module, facts)),
		];
	}
	if (judgement.kind === "live") {
		const bound = [...drivers.keys()].filter((devpath) => ownerOf(devpath) === module);
		return [
			...bound.map((devpath) => `it is said to have bound no device, and has ${devpath}`),
			...(judgement.demand ? falseDemand(module, judgement.demand, facts) : missingDemand(module, facts)),
		];
	}
	if (judgement.kind === "unbound") {
		const { device, cause } = judgement;
		// A rival that is built in is called by its driver.
		if (cause.kind === "rival")
			return [ownerOf(device.devpath), basename(drivers.get(device.devpath) ?? "")].includes(cause.rival)
				? []
				: [`${cause.rival} has not bound ${device.devpath}`];
		return drivers.has(device.devpath) ? [`${device.devpath} has the driver ${drivers.get(device.devpath)}`] : [];
	}
	return [`it is live, and said to be ${judgement.kind}`];
}

function falseDemand(module: string, demand: Demand, facts: Facts): readonly string[] {
	if (demand.kind === "dependency")
		return isUser(demand.of, module, facts) ? [] : [`the kernel does not count ${demand.of} as a user`];
	if (demand.kind === "softdep") {
		const place = `${demand.source.file}:${demand.source.line}`;
		const [, of, ...words] = (facts.softdeps.get(place) ?? "").split(/ +/);
		const meant = words.flatMap((word) => [word.replaceAll("-", "_"), ...(facts.names.get(word) ?? [])]);
		if (of?.replaceAll("-", "_") !== demand.of || !meant.includes(module))
			return [`${place} is no softdep of ${demand.of} that names it`];
		return facts.users.has(demand.of) ? [] : [`${demand.of}, whose softdep asks for it, is not live`];
	}
	if (demand.kind === "device") {
		const { device, alias, pattern } = demand;
		if (facts.modaliases.get(device.devpath) !== alias) return [`${device.devpath} has not the alias ${alias}`];
		return facts.asked.has(`${alias} ${module} ${pattern}`) ? [] : [`nothing asked for it by ${alias} and ${pattern}`];
	}
	return [`no line of modules-load.d is on this machine (${demand.source.file})`];
}

/** Whether a module uses another one, by the kernel's own counting: itself, or by way of others. */
function isUser(user: string, module: string, { users }: Pick<Facts, "users">): boolean {
	const direct = users.get(module) ?? [];
	return direct.includes(user) || direct.some((one) => isUser(user, one, { users }));
}

/** What asks for a module of which explain names nothing that does. */
function missingDemand(module: string, { inserted, users, asked, modaliases }: Facts): readonly string[] {
	const cause = inserted.get(module);
	const present = new Set(modaliases.values());
	const aliases = [...asked].map((words) => words.split(" ")).filter(([alias]) => present.has(alias!));
	return [
		...(cause === undefined ? [] : [`nothing asks for it, and coldplug inserted it (${cause})`]),
		...(users.get(module) ?? []).map((user) => `nothing asks for it, and ${user} needs it`),
		...aliases
			.filter(([, wanted]) => wanted === module)
			.map(([alias]) => `nothing asks for it, and a device has ${alias}`),
	];
}
