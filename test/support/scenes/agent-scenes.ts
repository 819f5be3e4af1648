// Lives of an agent in memory in which every kind of line of its log occurs, and every field of its status. Each returns what was
// printed.
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { ServiceMachine } from "../../../src/ports/service.js";
import { run } from "../../../src/tools/agent/run.js";
import { status } from "../../../src/tools/agent/status.js";
import { clientOf } from "../fakes/client.js";
import { type FakeMachine, type FakeMachineOptions, makeFakeMachine } from "../fakes/fake-machine.js";
import { until } from "../running/until.js";
import { moduleDirectory, type World } from "../worlds/world.js";
import { withFailingLooks } from "./failing-looks.js";

const world: World = {
	modules: { card: ["base"], base: [], bad: [], ran: [], lone: [] },
	aliases: { "x:card": "card", "x:bad": "bad", "x:ran": "ran", "x:lone": "lone" },
	config: "rubbish\ninclude more\ninstall ran do it\n",
};

const settings = (more: string): Readonly<Record<string, string>> => ({
	"/etc/hotplugd.toml": `log_level = "debug"\nsource = "kernel"\nquiet_milliseconds = 5\n${more}\n`,
});

/** The devices for which a rule runs a program of the device's name. */
const served = ["well", "ill", "none", "slow"];
const rules = served
	.map((name) => `[[run]]\naction = "add"\ndevpath = "/devices/${name}"\ncommand = ["/bin/${name}"]\n`)
	.join("");
const SLOW_PID = 4242;

type Life = { readonly machine: FakeMachine; readonly ended: Promise<number>; loses(lines: number): void };

function begin(options: Omit<FakeMachineOptions, "world">, more: Partial<ServiceMachine> = {}): Life {
	const machine = withFailingLooks(makeFakeMachine({ world, ...options }));
	let loses: Life["loses"];
	const service = async (): Promise<ServiceMachine> => {
		const whole = await machine.service();
		return {
			...whole,
			...more,
			openLog(options) {
				loses = options.onLost;
				return whole.openLog(options);
			},
		};
	};
	return { machine, ended: run.start([], { ...machine, service }), loses: (lines) => loses(lines) };
}

const logged = ({ machine }: Life, text: string): Promise<void> => until(() => machine.printed().includes(text));

/** A life in which modules and commands end in every way, and the log itself loses lines. */
export async function outcomesAndCommands(): Promise<string> {
	let endSlow: () => void = () => undefined;
	const life = begin(
		{
			devices: {
				...{ card: "x:card", bad: "x:bad", ran: "x:ran" },
				...Object.fromEntries(served.map((name) => [name, []])),
			},
			files: { ...settings(""), "/etc/hotplugd/rules.d/a.toml": rules },
			...{ answers: { bad: "EIO" }, statuses: { ran: 3 }, spooled: ["w x:lone"] },
		},
		{
			async runCommand({ command: [program], onBegun }) {
				if (program === "/bin/none") throw new Refusal({ operation: "run", subject: program, code: "ENOENT" });
				if (program !== "/bin/slow")
					return { exitStatus: program === "/bin/ill" ? 3 : 0, timedOut: false, complaint: "so" };
				onBegun?.(SLOW_PID);
				await new Promise<void>((resolve) => {
					endSlow = resolve;
				});
				return { exitStatus: 0, timedOut: false, complaint: "" };
			},
		},
	);
	await logged(life, "/bin/none");
	life.loses(3);
	const { machine } = life;
	// The client is below the command that runs.
	await machine.ask({ command: "settle" }, clientOf(SLOW_PID));
	const spoilt = {
		...clientOf(),
		lineage: () => {
			throw new RangeError("it broke");
		},
	};
	await machine.ask({ command: "settle" }, spoilt);
	machine.signal("SIGHUP");
	await logged(life, "were reloaded");
	machine.signal("SIGTERM");
	endSlow();
	await life.ended;
	return machine.printed();
}

/** A life in which much fails, and a module hangs to the end. Its status is asked meanwhile. */
export async function trouble(): Promise<{ readonly log: string; readonly status: string }> {
	const life = begin({ devices: { card: "x:card", lone: "x:lone" }, files: settings("hung_seconds = 1"), held: true });
	const { machine } = life;
	await until(() => machine.fakeKernel.underway().includes("lone"));
	await machine.fakeKernel.end("lone");
	const socket = await machine.listening;
	socket.onRefused(2, 77);
	socket.onTruncated(3);
	socket.onError(new Error("no more"));
	await logged(life, '"behind"');
	await logged(life, "/devices/odd");
	machine.removeFile(`${moduleDirectory}/modules.dep.bin`);
	machine.signal("SIGHUP");
	await logged(life, "could not reload");
	const told = await statusOf(machine);
	machine.signal("SIGTERM");
	await life.ended;
	return { log: machine.printed(), status: told };
}

/** What `hotplugd status --json` prints of an agent. */
async function statusOf(agent: FakeMachine): Promise<string> {
	const asker = makeFakeMachine({ world });
	const service = async (): Promise<ServiceMachine> => ({
		...(await asker.service()),
		ask: async (_, line) => Buffer.from(JSON.stringify(await agent.ask(JSON.parse(line)))),
	});
	await status.start(["--json"], { ...asker, service });
	return asker.printed();
}

/** A life that ends before a request to load has begun. */
export async function leftRequest(): Promise<string> {
	const life = begin({ devices: { lone: "x:lone" }, files: settings("parallel = 1"), held: true });
	const { machine } = life;
	await until(() => machine.fakeKernel.underway().includes("lone"));
	await machine.askToLoad("n x:bad");
	await logged(life, "x:bad asks for");
	machine.signal("SIGTERM");
	await machine.fakeKernel.end("lone");
	await life.ended;
	return machine.printed();
}
