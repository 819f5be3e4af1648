// Runs of compare --json in which every kind of its records and causes occurs, on machines in folders and in memory. Each returns what
// was printed.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compare } from "../../../src/tools/compare/compare.js";
import { makeFakeMachine } from "../fakes/fake-machine.js";
import { ourTool } from "../fakes/tool-in-process.js";
import { type MachineOfWorld, writeMachine } from "../worlds/machine-folder.js";
import { moduleDirectory, RELEASE, type World, worldFiles } from "../worlds/world.js";
import { moduleFile } from "../worlds/world-folder.js";

/** Each names a device, its alias and its module, by what becomes of it. */
const names = (
	"plain listed refused masked lined denied left missing fileless user moved alone swapped taken aliased renamed ruled built tuned " +
	"run barred absent covered haunted"
).split(" ");

const modules: World["modules"] = {
	...Object.fromEntries(names.map((name) => [name, []])),
	...{ user: ["needed"], barred: ["bar"], absent: ["gap"], covered: ["cover"], haunted: ["ghost"], top: ["base"] },
	...{ needed: [], bar: [], gap: [], cover: [], ghost: [], base: [] },
	...{ e1000: [], e1000e: [], other: [], soft: [], after: [], dropped: [] },
};

const CARD = "pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00";

const before: MachineOfWorld = {
	subsystem: "pci",
	world: {
		modules,
		aliases: {
			...Object.fromEntries(names.filter((name) => name !== "aliased").map((name) => [`pci:v${name}*`, name])),
			"pci:vtop": "top",
			"pci:v00008086d0000100Esv*sd*bc*sc*i*": "e1000",
		},
		config: "alias pci:valiased* aliased\nsoftdep tuned pre: soft post: after\n",
	},
	devices: { ...Object.fromEntries(names.map((name) => [name, `pci:v${name}1`])), top: "pci:vtop", card: CARD },
	rules: '[[load]]\ndevpath = "*/ruled"\nload = "dropped"\n',
};

const { alone: _, moved = "", ...staying } = before.devices as Readonly<Record<string, string>>;

const after: MachineOfWorld = {
	subsystem: "pci",
	world: {
		modules: {
			...Object.fromEntries(Object.entries(modules).filter(([name]) => !["fileless", "built", "ghost"].includes(name))),
			top: [],
		},
		aliases: {
			...Object.fromEntries(
				names
					.filter((name) => !["plain", "aliased"].includes(name))
					.map((name) => [`pci:v${name}*`, name === "taken" ? "other" : name]),
			),
			"pci:vtop": "top",
			"pci:vplain00": "plain",
			"pci:v00008086d000010D3sv*sd*bc*sc*i*": "e1000e",
		},
		builtin: ["built"],
		config: `alias pci:vrenamed* other
blacklist listed
install lined /bin/false
install needed /bin/false
options tuned x=1
install run do it
`,
		commandLine: "module_blacklist=refused,bar",
	},
	devices: { ...staying, swapped: "pci:vfan", place: moved },
	rules: '[[mask]]\nmodule = ["masked", "cover"]\n[[deny]]\nmodule = "denied"\n[[ignore]]\ndevpath = "*/left"\n',
};

/** Two machines that differ in everything, there and back. */
export async function twoMachines(): Promise<string> {
	const [a, b] = [writeMachine("scene-before", before), writeMachine("scene-after", after)];
	for (const module of ["missing", "gap"]) rmSync(moduleFile(b, module));
	return await there(a, b);
}

/** Rules that allow few modules. */
export async function allowedModules(): Promise<string> {
	const a = writeMachine("scene-free", before);
	const b = writeMachine("scene-allowing", { ...before, rules: '[[allow]]\nmodule = "top"\n' });
	return await there(a, b);
}

async function there(a: string, b: string): Promise<string> {
	const runs = [
		await ourTool("hotplugd", "compare", "--json", a, b),
		await ourTool("hotplugd", "compare", "--json", b, a),
	];
	return runs.map(({ stdout }) => stdout).join("");
}

/** A machine under a kernel the end of whose indexes is damaged: of an alias's entry, and of a module's own. */
export async function damagedKernel(): Promise<string> {
	const world: World = {
		modules: { aaa: [], zzz: [] },
		aliases: { "x:a": "aaa", "x:b": "aaa", "x:z": "zzz" },
		config: "softdep aaa pre: zzz\n",
	};
	const a = writeMachine("scene-whole", { world, devices: { a: "x:a", b: "x:b", z: "x:z" } });
	const printed: string[] = [];
	for (const index of ["modules.alias.bin", "modules.dep.bin"]) {
		const b = writeMachine("scene-damaged", { world });
		const bytes = Buffer.from(worldFiles(world).get(`${moduleDirectory}/${index}`)!);
		// The last byte is the NUL that ends the last value.
		bytes[bytes.length - 1] = 0x41;
		writeFileSync(join(b, "lib/modules", RELEASE, index), bytes);
		printed.push((await ourTool("hotplugd", "compare", "--json", a, "--kernel", b)).stdout);
	}
	return printed.join("");
}

/** A capture that does not hold the machine's configuration, which its machine may have. */
export async function lackingCapture(): Promise<string> {
	const root = writeMachine("scene-captured", before);
	const { stdout } = await ourTool("hotplugd", "capture", "-d", root);
	const capture = JSON.parse(stdout);
	const file = join(root, "lacking.json");
	writeFileSync(file, JSON.stringify({ ...capture, lacks: [...capture.lacks, "/etc/modprobe.d"] }));
	return (await ourTool("hotplugd", "compare", "--json", root, file)).stdout;
}

/** A device of which pci.ids has the name, beside one that cannot be read. */
export async function namedDevice(): Promise<string> {
	const fake = makeFakeMachine({
		world: {
			modules: { e1000: [] },
		},
		devices: { "pci0/0000:00:01.0": CARD },
		files: {
			"/work/alias.conf": "alias pci:v00008086d0000100E* e1000\n",
			"/work/none.conf": "",
			"/usr/share/misc/pci.ids": "8086  Intel Corporation\n\t100e  82540EM\n",
			[`${moduleDirectory}/kernel/e1000.ko`]: "",
		},
	});
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
	await compare.start(["--json", "--config", "alias.conf", "--config", "none.conf"], { ...fake, devices });
	return fake.printed();
}
