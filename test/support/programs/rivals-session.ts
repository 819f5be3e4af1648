// Runs an agent with devices that two drivers match. The argument names the trial; the result is printed as JSON.

import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { AgentStatus } from "../../../src/agent/telling/status.js";
import { ask } from "../../../src/linux/service/control-client.js";
import {
	addDevice,
	type Daemon,
	launch,
	looked,
	mountDevices,
	type Place,
	preparePlace,
} from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";
import type { World } from "../worlds/world.js";

export const rivalsSession = fileURLToPath(import.meta.url);

/** The first driver and its dependency both have a slow init. */
const world: World = {
	modules: { libphy: [], inbox: ["libphy"], vendor: [], late: [] },
	aliases: { "pci:nic*": ["inbox", "vendor"], "pci:late": "late", "pci:own": "vendor" },
	config: "options libphy standin.sleep=300\noptions inbox standin.sleep=100\n",
};

const hanging: World = { ...world, config: "options inbox standin.until=/never\n" };

function plug(name: string, alias: string): void {
	addDevice(`/devices/${name}`, alias);
	injectUevents([formatUevent("add", `/devices/${name}`, [["MODALIAS", alias]])]);
}

/** Modules with an outcome in the log, in the order in which they ended. */
const ends = ({ log }: Daemon) => log.filter(({ result }) => result !== undefined).map(({ module }) => module);

async function begin(place: Place, environment: Readonly<Record<string, string>> = {}): Promise<Daemon> {
	const daemon = launch(place, { environment });
	await looked(daemon);
	return daemon;
}

async function askOf<Answer>({ folder }: Place, request: object): Promise<Answer> {
	const line = await ask(`${folder}/run/control`, `${JSON.stringify(request)}\n`, 60_000);
	return JSON.parse(line.toString());
}

const sessions: Readonly<Record<string, () => Promise<object>>> = {
	async walk() {
		addDevice("/devices/nic", "pci:nic1");
		const agent = launch(preparePlace(world), { command: "coldplug", words: ["--json"] });
		const { status } = await agent.ended;
		return { begun: agent.inserted(), status };
	},

	async uevent() {
		const daemon = await begin(preparePlace(world));
		plug("nic", "pci:nic1");
		await daemon.until(() => ends(daemon).includes("vendor"));
		await daemon.stop();
		return { begun: daemon.inserted() };
	},

	/** The device that only the second driver matches comes first; both drivers wait for the only permit. */
	async batches() {
		const place = preparePlace(
			{ ...world, config: `${world.config}options late standin.until=/proc/self/cwd/free\n` },
			{ parallel: 1 },
		);
		const free = `${place.folder}/free`;
		const config = `${place.folder}/etc/modprobe.d/world.conf`;
		if (!existsSync(config)) throw new Error(`there is no ${config}`);
		writeFileSync(config, readFileSync(config, "utf8").replace("/proc/self/cwd/free", free));
		const daemon = await begin(place);
		plug("late", "pci:late");
		await daemon.until(() => daemon.inserted().length === 1);
		plug("own", "pci:own");
		await daemon.until(() => daemon.waiting() === 0);
		plug("nic", "pci:nic1");
		await daemon.until(() => daemon.waiting() === 0);
		writeFileSync(free, "");
		await daemon.until(() => ends(daemon).includes("vendor"));
		await daemon.stop();
		return { begun: daemon.inserted() };
	},

	async load() {
		const place = preparePlace(world);
		const daemon = await begin(place);
		const answer = await askOf<object>(place, { command: "load", alias: "pci:nic1", for: "user", wait: true });
		await daemon.stop();
		return { begun: daemon.inserted(), answer };
	},

	/** While its init runs, the first driver requests the second driver through the kernel's helper, and waits for the answer. */
	async kernel() {
		const place = preparePlace({ ...world, config: "" });
		const asked = `${place.folder}/asked`;
		const kernel = `${place.folder}/kernel.sh`;
		const request = `require("net").connect("${place.folder}/run/load",function(){this.write("k pci:own\\n")})`;
		const tell = `.on("data",d=>{require("fs").writeFileSync("${asked}",d);process.exit()})`;
		writeFileSync(
			kernel,
			`#!/bin/sh\ncase $2 in */inbox.ko) unset LD_PRELOAD; exec '${process.execPath}' -e '${request}${tell}';; esac\n`,
		);
		chmodSync(kernel, 0o755);
		const daemon = await begin(place, { STANDIN_KERNEL: kernel });
		plug("nic", "pci:nic1");
		await daemon.until(() => ends(daemon).includes("inbox"));
		await daemon.stop();
		return { begun: daemon.inserted(), ended: ends(daemon), answer: readFileSync(asked, "latin1") };
	},

	async hung() {
		const place = preparePlace(hanging, { hung_seconds: 1 });
		const daemon = await begin(place);
		plug("nic", "pci:nic1");
		await daemon.until(() => daemon.log.some(({ behind }) => behind !== undefined));
		plug("late", "pci:late");
		await daemon.until(() => ends(daemon).includes("late"));
		const settled = await askOf<object>(place, { command: "settle", timeout_milliseconds: 60_000 });
		const { status } = await askOf<{ readonly status: AgentStatus }>(place, { command: "status" });
		const begun = daemon.inserted();
		daemon.process.kill("SIGKILL");
		await daemon.ended;
		return {
			begun,
			settled,
			waiting: status.waiting_for_hung,
			told: daemon.log.filter(({ behind }) => behind !== undefined).map(({ msg }) => msg),
		};
	},
};

const session = sessions[process.argv[2] ?? ""];
if (process.argv[1] === rivalsSession && session) {
	mountDevices();
	console.log(JSON.stringify(await session()));
}
