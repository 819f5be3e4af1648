// Runs a daemon with rules of policy while devices come and go. The result is printed as JSON.

import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addDevice, mountDevices, startDaemon } from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";

export const policySession = fileURLToPath(import.meta.url);

const world = {
	modules: { disk: ["base"], base: [], denied: [], card: [], radio: ["stack"], stack: [], last: [] },
	aliases: { "usb:disk*": ["disk", "denied"], "usb:radio*": "radio", "usb:last*": "last" },
};

/** Every command leaves its environment in a file of its own. */
const rules = (folder: string) => `
[[deny]]
subsystem = "usb"
module = "denied"

[[mask]]
module = "stack"

[[ignore]]
devpath = "*/ignored"

[[load]]
subsystem = "memstick"
load = "card"

[[run]]
action = ["add", "remove"]
subsystem = ["usb", "platform"]
command = ["/bin/sh", "-c", 'f=$0/$$; cat /proc/$$/environ > "$f.new"; mv "$f.new" "$f"', "${folder}"]
`;

function announce(action: string, device: string, subsystem: string, ...rest: readonly (readonly [string, string])[]) {
	return formatUevent(action, `/devices/${device}`, [["SUBSYSTEM", subsystem], ...rest]);
}

const usb = (action: string, device: string, alias: string) => announce(action, device, "usb", ["MODALIAS", alias]);

async function session(): Promise<unknown> {
	mountDevices();
	const [written, policy] = [mkdtempSync(join(tmpdir(), "commands-")), mkdtempSync(join(tmpdir(), "rules-"))];
	process.on("exit", () => {
		for (const folder of [written, policy]) rmSync(folder, { recursive: true });
	});
	writeFileSync(join(policy, "mine.toml"), rules(written));
	const metricsFile = join(policy, "hotplugd.prom");
	addDevice("/devices/present", "x:none");
	symlinkSync("/nowhere/bus/platform", "/sys/devices/present/subsystem");
	const settings = { metrics_file: metricsFile, metrics_seconds: 1, log_level: "debug" } as const;
	const daemon = await startDaemon(world, settings, {}, ["--policy", policy]);
	injectUevents([
		usb("add", "stick", "usb:disk1"),
		usb("add", "ignored", "usb:last2"),
		usb("add", "dongle", "usb:radio1"),
		announce("add", "reader", "memstick"),
		announce("change", "stick", "usb"),
		usb("remove", "stick", "usb:disk1"),
	]);
	const commands = () => readdirSync(written).filter((name) => !name.endsWith(".new"));
	await daemon.until(() => commands().length === 4 && new Set(daemon.inserted()).size === 3);
	injectUevents([announce("add", "end", "pci", ["MODALIAS", "usb:last1"])]);
	await daemon.until(() => daemon.inserted().includes("last"));
	const { status, stderr } = await daemon.stop();
	const environments = commands().map((name) => readFileSync(join(written, name), "utf8").split("\0").slice(0, -1));
	return {
		status,
		stderr,
		inserted: daemon.inserted(),
		told: daemon.log.map(({ msg }) => msg).filter((msg) => /denied|masks|leaves the device alone|loads card/.test(msg)),
		commands: environments.map((variables) => variables.filter((one) => !/^(?:SEQNUM|PATH|PWD)=/.test(one)).sort()),
		metrics: readFileSync(metricsFile, "utf8"),
	};
}

if (process.argv[1] === policySession) console.log(JSON.stringify(await session()));
