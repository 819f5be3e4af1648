// Answers of hotplugd explain --json, on machines in memory, in which every kind of judgement, obstacle and fact occurs. Each
// function returns what was printed.
import type { Machine } from "../../../src/ports/machine.js";
import { explain } from "../../../src/tools/explain/explain.js";
import type { FakeStates } from "../fakes/fake-inspection.js";
import { type FakeMachineOptions, makeFakeMachine } from "../fakes/fake-machine.js";
import { sampleTimeline } from "../running/agent-timeline.js";
import { elfImage, moduleImage } from "../worlds/elf-image.js";
import { moduleDirectory, RELEASE, type World, worldFiles } from "../worlds/world.js";
import { inBytes, nativeImage, pathOf, type RefusalCase, refusals, refusedWorld } from "./refusal-scenes.js";

type Situation = Omit<FakeMachineOptions, "world" | "files"> & {
	readonly world: World;
	readonly live?: readonly string[];
	readonly files?: Readonly<Record<string, string | Buffer>>;
	/** Modules without a file. */
	readonly without?: readonly string[];
	/** Modules in whose init the kernel is. */
	readonly loading?: readonly string[];
};

/** Runs the command. Every module has a file of this kernel, unless `files` has another. */
async function ask(words: readonly string[], situation: Situation): Promise<string> {
	const { live = [], loading = [], without = [], files = {}, world, ...more } = situation;
	const present = Object.keys(world.modules).filter((name) => !without.includes(name));
	const all = { ...Object.fromEntries(present.map((name) => [pathOf(name), nativeImage])), ...files };
	const fake = makeFakeMachine({ ...more, world, files: inBytes(all) });
	for (const module of live) fake.fakeKernel.live.add(module);
	const { fakeKernel } = fake;
	const inInit = Buffer.from(loading.map((name) => `${name} 16384 0 - Loading 0x0000000000000000\n`).join(""));
	const read: typeof fakeKernel.read = (path, bound) => {
		const content = fakeKernel.read(path, bound);
		return path === "/proc/modules" ? Buffer.concat([inInit, content ?? Buffer.alloc(0)]) : content;
	};
	const stamp: typeof fakeKernel.stamp = (path) =>
		fakeKernel.stamp(path) ?? (fakeKernel.list(path) === undefined ? undefined : "a directory");
	const machine: Machine = { ...fake, kernel: async () => ({ ...fakeKernel, read, stamp }) };
	await explain.start(["--json", ...words], machine);
	return fake.printed();
}

const E1000 = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";
const UNKNOWN_NIC = "pci:v00008086d0000FFFEsv00001AF4sd00001100bc02sc00i00";
const pciIds = "8086  Intel Corporation\n\t100e  82540EM\n\tfffe  Prototype\n";

const world: World = {
	modules: {
		...{ card: ["base"], base: [], rival: [], listed: [], masked: [], lined: [], echoed: [], denied: [], ruled: [] },
		...{ soft: [], lone: [], lost: [], named: [], foreign: [], versioned: [], barred: [], gone: [], user: ["gone"] },
		...{ net: [], ignored: [], refused: [], coming: [] },
	},
	aliases: {
		...{ "x:card*": ["card", "rival"], "x:listed": "listed", "x:echoed": "echoed", "x:denied": "denied" },
		...{ "x:ignored": "ignored", "x:user": "user", "pci:v00008086d0000100Esv*sd*bc*sc*i*": "net" },
	},
	builtin: ["own"],
	config: `blacklist listed
install lined /bin/false
install echoed /bin/echo
softdep card pre: own post: soft
softdep lone pre: lost
softdep echoed pre: nothing
options card speed=3
`,
	commandLine: "module_blacklist=barred",
};

const rules = `[[mask]]
module = "masked"
[[deny]]
module = "denied"
[[load]]
devpath = "/devices/ruled"
load = "ruled"
[[ignore]]
devpath = "/devices/ignored"
`;

const files: Readonly<Record<string, string | Buffer>> = {
	"/etc/hotplugd/rules.d/own.toml": rules,
	"/etc/modules-load.d/a.conf": "named\n",
	"/usr/share/misc/pci.ids": pciIds,
	[pathOf("foreign")]: moduleImage([], [], ["vermagic=5.9.9 SMP"]),
	[pathOf("versioned")]: elfImage({ modinfo: ["vermagic=5.9.9 SMP"], versions: { known: 1 } }),
};

const devices = {
	...{ card: "x:card1", listed: "x:listed", echoed: "x:echoed", denied: "x:denied", ignored: "x:ignored" },
	...{ user: "x:user", ruled: [], net: E1000, odd: UNKNOWN_NIC },
};

const newKernel = "/lib/modules/6.9.0";
const filesOfNewKernel = Object.fromEntries(
	[...worldFiles({ modules: { newnet: [] }, aliases: { "pci:v00008086d0000FFFEsv*sd*bc*sc*i*": "newnet" } })]
		.filter(([path]) => path.startsWith(moduleDirectory))
		.map(([path, content]) => [path.replace(moduleDirectory, newKernel), content]),
);

/** Modules that are not live, and devices that nothing drives. */
export const beforeLoading = (): Promise<string> =>
	ask(
		[
			...["card", "base", "listed", "masked", "lined", "echoed", "denied", "ruled", "soft", "lone", "lost", "named"],
			...[
				"foreign",
				"versioned",
				"barred",
				"gone",
				"user",
				"ignored",
				"refused",
				"coming",
				"own",
				"odd",
				"/devices/card",
			],
			...["/devices/ruled", "/devices/odd", "/devices/plain", "1234:5678", "8086:100e", "x:card2", "baze"],
		],
		{
			world,
			devices,
			files: { ...files, ...filesOfNewKernel },
			without: ["gone"],
			loading: ["coming"],
			states: {
				devices: { "/devices/odd": { subsystem: "pci", onBus: true }, "/devices/plain": { subsystem: "input" } },
				log: [{ microseconds: 4_000_000, text: "refused: Unknown symbol foo (err -2)" }],
			},
		},
	);

/** Modules that have bound devices. */
export const afterLoading = (): Promise<string> =>
	ask(["card", "base", "net", "soft", "/devices/net", "/devices/tables", "/devices/net/disk"], {
		world,
		devices: { ...devices, tables: "acpi:NET:" },
		files,
		live: ["base", "card", "net", "soft"],
		states: {
			devices: {
				"/devices/net": { subsystem: "pci", onBus: true, driver: "e1000", driverModule: "net" },
				"/devices/net/disk": { subsystem: "block" },
				"/devices/tables": { subsystem: "acpi", physicalNode: "/devices/net", physicalDriver: "e1000" },
			},
			drivers: { net: [{ bus: "pci", name: "e1000", devices: ["/devices/net"] }] },
		},
	});

const unboundNames = ["overridden", "waiting", "poor", "hungry", "late", "failing", "busless", "silent"];

/** Devices whose modules are live and that no driver has bound, each for a reason of its own. */
export const unbound = (): Promise<string> => {
	const onBus = { subsystem: "x", onBus: true };
	const states: FakeStates = {
		devices: {
			...Object.fromEntries(unboundNames.map((name) => [`/devices/${name}`, onBus])),
			"/devices/overridden": { ...onBus, driverOverride: "vfio-pci" },
			"/devices/waiting": { ...onBus, waitingForSupplier: true },
			"/devices/late": { ...onBus, driver: "first", driverModule: "first" },
			"/devices/supplier": { subsystem: "pci", driver: "e1000", driverModule: "net" },
		},
		drivers: Object.fromEntries(
			unboundNames.map((name) => [
				`m_${name}`,
				[{ bus: name === "busless" ? "y" : "x", name: `m_${name}`, devices: [] }],
			]),
		),
		log: [
			{ microseconds: 1, text: "m_poor poor: Direct firmware load for p-1.bin failed with error -2" },
			{ microseconds: 2, text: "m_failing failing: probe with driver m_failing failed with error -5" },
		],
	};
	return ask(
		unboundNames.flatMap((name) => [`m_${name}`, `/devices/${name}`]),
		{
			world: {
				modules: Object.fromEntries([...unboundNames.map((name) => `m_${name}`), "first"].map((name) => [name, []])),
				aliases: {
					...Object.fromEntries(unboundNames.map((name) => [`x:${name}`, `m_${name}`])),
					"x:late": ["first", "m_late"],
				},
			},
			devices: { ...Object.fromEntries(unboundNames.map((name) => [name, `x:${name}`])), supplier: E1000 },
			files: {
				"/usr/share/misc/pci.ids": pciIds,
				"/sys/kernel/debug/devices_deferred": "waiting\tplatform: supplier supplier not ready\n",
				"/lib/firmware/p-1.bin": "x",
				[pathOf("m_hungry")]: moduleImage([], [], ["firmware=h-1.bin", `vermagic=${RELEASE} SMP`]),
				[pathOf("m_failing")]: moduleImage([], [], ["firmware=p-1.bin", `vermagic=${RELEASE} SMP`]),
			},
			live: [...unboundNames.map((name) => `m_${name}`), "first"],
			states,
		},
	);
};

const logged = { world: refusedWorld, devices: {} };

/** Modules of which a log has the last answer: the evidence for each errno, and an init that found no hardware. */
export const lastAnswers = async (): Promise<string> => {
	const others: readonly RefusalCase[] = [{ errno: "ENODEV", result: "no device" }];
	const all = [...refusals, ...others].map(({ errno, result = "failed", files = {} }) =>
		ask(["--log", "/log", "one"], {
			...logged,
			files: { ...files, "/log": JSON.stringify({ module: "one", result, errno, msg: "one: so" }) },
			states: { log: [{ microseconds: 1, text: "one: version magic '6.0.0 UP ' should be '6.0.0 SMP '" }] },
		}),
	);
	return (await Promise.all(all)).join("");
};

/** A module of which the running agent has the last answer. */
export const answerOfAgent = (): Promise<string> =>
	ask(["one"], {
		...logged,
		files: { "/run/hotplugd/control": "" },
		companion: () => {
			const modules = sampleTimeline.modules.map((tried) => ({ ...tried, module: "one" }));
			return JSON.stringify({ ok: true, timeline: { ...sampleTimeline, modules: modules.slice(0, 3) } });
		},
	});

/** A machine that shows no devices. */
export const withoutDevices = (): Promise<string> => ask(["one"], { ...logged, withoutDevices: "ENOENT" });

/** A module of another kernel than the running one: which modules are live there is not known. */
export const otherKernel = (): Promise<string> => ask(["-S", "6.0.0", "one"], logged);

/** A device whose alias cannot be looked up: the last byte of the index is damaged. */
export const damagedIndex = (): Promise<string> => {
	const damaged: World = { modules: { aaa: [] }, aliases: { "x:a": "aaa", "x:b": "aaa" } };
	const path = `${moduleDirectory}/modules.alias.bin`;
	const bytes = Buffer.from(worldFiles(damaged).get(path)!);
	bytes[bytes.length - 1] = 0x41;
	return ask(["/devices/b"], { world: damaged, devices: { b: "x:b" }, files: { [path]: bytes } });
};
