// Runs of coldplug --json in which every kind of its records occurs, on machines in memory and on the captured one. Each returns
// what was printed.
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { readMachine, release } from "../fakes/captured-machine.js";
import { heard } from "../fakes/fake-kernel.js";
import { type FakeMachine, type FakeMachineOptions, makeFakeMachine } from "../fakes/fake-machine.js";
import { ourTool } from "../fakes/tool-in-process.js";
import { until } from "../running/until.js";
import { moduleDirectory, type World, worldFiles } from "../worlds/world.js";
import { withFailingLooks } from "./failing-looks.js";

const world: World = {
	modules: {
		...{
			card: ["base"],
			base: [],
			soft: [],
			first: [],
			second: [],
			kept: [],
			ran: [],
			user: ["hidden"],
			out: [],
			left: [],
		},
		...{ denied: [], hidden: [], ruled: [] },
	},
	aliases: {
		...{ "x:card*": "card", "x:rivals": ["first", "second"], "x:kept": "kept", "x:ran": "ran", "x:user": "user" },
		...{ "x:gone": "gone", "x:out": "out", "x:hidden": "hidden", "x:denied": "denied" },
	},
	config: `blacklist kept
alias own:* card
install ran do it
install out /bin/false
softdep soft pre: base
install soft do it
softdep gone pre: base
install gone do it
`,
};

const rules = `[[load]]
devpath = "/devices/ruled"
load = "ruled"
[[load]]
devpath = "/devices/ruled"
load = "soft"
[[ignore]]
devpath = "/devices/ignored"
[[mask]]
module = "hidden"
[[deny]]
module = "denied"
`;

const names = ["card1", "rivals", "kept", "ran", "user", "gone", "hidden", "out", "denied", "ignored", "none"];

const machine: FakeMachineOptions = {
	world,
	devices: { ...Object.fromEntries(names.map((name) => [name, `x:${name}`])), ruled: [], own: "own:1" },
	files: { "/etc/hotplugd/rules.d/a.toml": rules },
};

/** A dry run with all that a rule, a line of modprobe.d and an index can say of a module, beside a device that cannot be read. */
export async function dryRun(): Promise<string> {
	const fake = makeFakeMachine(machine);
	const devices: typeof fake.devices = async (...where) => {
		const sources = await fake.devices(...where);
		return {
			...sources,
			present(concerns, onSkipped) {
				onSkipped?.("/devices/odd", new Error("it cannot be read"));
				return sources.present(concerns, onSkipped);
			},
		};
	};
	await coldplug.start(["--dry-run", "--json"], { ...fake, devices });
	return fake.printed();
}

/** A dry run where the end of the indexes is damaged: of a module's own entry, and of an alias's. */
export async function dryRunOnDamagedIndexes(): Promise<string> {
	const damaged: World = {
		modules: { aaa: [], zzz: [] },
		aliases: { "x:a": "aaa", "x:b": "aaa" },
		config: "softdep aaa pre: zzz\n",
	};
	const files = Object.fromEntries(
		["modules.dep.bin", "modules.alias.bin"].map((name) => {
			const bytes = Buffer.from(worldFiles(damaged).get(`${moduleDirectory}/${name}`)!);
			// The last byte is the NUL that ends the last value.
			bytes[bytes.length - 1] = 0x41;
			return [`${moduleDirectory}/${name}`, bytes.toString("latin1")];
		}),
	);
	const fake = makeFakeMachine({ world: damaged, devices: { a: "x:a", b: "x:b" }, files });
	await coldplug.start(["--dry-run", "--json"], fake);
	return fake.printed();
}

export async function dryRunOfCapturedMachine(): Promise<string> {
	const { stdout } = await ourTool(
		...(["coldplug", "--dry-run", "--json", "-d", readMachine(), "-S", release] as const),
	);
	return stdout;
}

const FILE = "/work/timeline.json";
const words = ["--json", "--timeline", FILE] as const;

/** What a real run printed, and its timeline. */
export type RealRun = { readonly printed: string; readonly timeline: string };

const resultOf = (fake: FakeMachine): RealRun => ({ printed: fake.printed(), timeline: fake.fileOf(FILE)! });

/** A run whose modules end in every way. */
export async function realRun(): Promise<RealRun> {
	const fake = makeFakeMachine({ ...machine, answers: { first: "EIO", second: "ENODEV" }, statuses: { ran: 3 } });
	await coldplug.start(["--quiet", "20", ...words], fake);
	return resultOf(fake);
}

/** A run on which uevents are lost and refused, the socket and a look at the devices fail, and a module hangs to the end. */
export async function realRunInTrouble(): Promise<RealRun> {
	const options: FakeMachineOptions = {
		world: { modules: { card: ["base"], base: [] }, aliases: { "x:card": "card" } },
		devices: { card: "x:card" },
		files: { "/etc/hotplugd.toml": "hung_seconds = 1\n" },
		held: true,
	};
	const fake = withFailingLooks(makeFakeMachine(options));
	const ended = coldplug.start(["--quiet", "300", ...words], fake);
	const socket = await fake.listening;
	await heard();
	socket.onRefused(2, 77);
	socket.onTruncated(3);
	socket.onError(new Error("no more"));
	await until(() => fake.printed().includes('"stuck"'));
	await ended;
	return resultOf(fake);
}
