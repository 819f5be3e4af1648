import test from "ava";
import type { Command } from "../../../src/agent/commands/command-pool.js";
import { COMMAND_PATH } from "../../../src/agent/policy/command-environment.js";
import { openCommandPool, runInstallCommands } from "../../../src/tools/agent/command-runs.js";

const command: Command = {
	device: "/devices/x",
	action: "add",
	rule: { file: "/r.toml", line: 3 },
	command: ["/bin/x"],
	environment: {},
	timeoutMilliseconds: 1000,
};

function setUp(command_socket: string) {
	const told: string[] = [];
	const serving: Parameters<typeof openCommandPool>[0] = {
		kernel: {
			async run(text: string, environment: object, flags: object) {
				told.push(`child: ${text} ${JSON.stringify(environment)} ${JSON.stringify(flags)}`);
				return 0;
			},
		},
		ports: {
			async ask(path: string, line: string) {
				told.push(`asked ${path}: ${line.trimEnd()}`);
				return Buffer.from(line.startsWith("tell install") ? "0" : '{"exitStatus":0,"timedOut":false,"complaint":""}');
			},
			async runCommand({ command: [program] }: Command) {
				told.push(`child: ${program}`);
				return { exitStatus: 0, timedOut: false, complaint: "" };
			},
		},
		settings: { command_socket, commands_at_once: 1 },
		machine: { complain: (text: string) => void told.push(text) },
		journal: { command: ({ result }: { result: string }) => void told.push(`log: ${result}`) },
	} as never;
	return { serving, told };
}

const ended = () => new Promise((resolve) => setImmediate(resolve));

test("an install command runs as a child with the companion's path, and no variable of this process", async (t) => {
	const { serving, told } = setUp("");
	await runInstallCommands(serving).run("modprobe x", { MODPROBE_MODULE: "m" });
	t.deepEqual(told, [`child: modprobe x {"PATH":"${COMMAND_PATH}","MODPROBE_MODULE":"m"} {"inherits":false}`]);
});

test("with a companion's socket it is asked to run install commands and rules' commands", async (t) => {
	const { serving, told } = setUp("/run/c");
	t.is(await runInstallCommands(serving).run("modprobe x", { MODPROBE_MODULE: "m" }), 0);
	openCommandPool(serving, { record: () => undefined }).add(command);
	await ended();
	t.deepEqual(told, [
		"asked /run/c: tell install m",
		'asked /run/c: tell rule {"file":"/r.toml","line":3,"environment":{}}',
		"log: done",
	]);
});

test("where the metrics fail the log has the report all the same, and the next command runs", async (t) => {
	const { serving, told } = setUp("");
	const record = (): never => {
		throw new Error("no room");
	};
	const pool = openCommandPool(serving, { record });
	pool.add(command);
	pool.add(command);
	await ended();
	const once = ["child: /bin/x", "hotplugd run: a command's report for metrics: no room\n", "log: done"];
	t.deepEqual(told, [...once, ...once]);
});
