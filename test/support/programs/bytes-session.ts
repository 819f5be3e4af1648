// Runs a daemon with a configuration and devices whose bytes are no UTF-8. The result is printed as JSON, one character a byte.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readRecord } from "../fakes/standin.js";
import { addDevice, launch, looked, mountDevices, preparePlace } from "../running/agent-session.js";
import { formatUevent, injectUevents } from "../running/uevent-injector.js";

export const bytesSession = fileURLToPath(import.meta.url);

const world = {
	modules: { snd: [], own: [], late: [] },
	config: "options snd id=caf\xe9 la=l\xc3\xa0\n",
};

/** The file of rules. TOML is UTF-8. */
const rule = (file: string) => `
[[run]]
action = "add"
property = { HID_NAME = "\\u00e9*" }
command = ["/bin/sh", "-c", 'printf "<%s>" "$HID_NAME" "$DEVPATH" "$1" >$0', "${file}", "là"]
`;

async function session(): Promise<unknown> {
	mountDevices();
	addDevice("/devices/plat\xe9", "x:\xe9");
	addDevice("/devices/l\xc3\xa0", "y:l\xc3\xa0");
	const place = preparePlace(world);
	const at = (name: string) => join(place.folder, name);
	const more = `alias x:? snd\nalias y:l?? own\nalias z:\xe9[\xa0-\xaf] late\ninstall own printf '<%s>' 'caf\xe9' "l\xc3\xa0" "$MODPROBE_MODULE" >'${at("ran")}'\n`;
	writeFileSync(at("etc/modprobe.d/more.conf"), more, "latin1");
	mkdirSync(at("policy"));
	writeFileSync(join(at("policy"), "mine.toml"), rule(at("commanded")));
	const daemon = launch(place, { words: ["--policy", at("policy")] });
	await looked(daemon);
	await daemon.until(() => daemon.inserted().includes("snd") && existsSync(at("ran")));
	injectUevents([
		formatUevent("add", "/devices/hid\xe9", [
			["SUBSYSTEM", "hid"],
			["HID_NAME", "\xc3\xa9t\xe9\xa0"],
		]),
	]);
	await daemon.until(() => existsSync(at("commanded")) && readFileSync(at("commanded")).length > 0);
	const load = `exec "$0" dist/main.js load --socket "$1" "$(printf 'z:\\351\\240')"`;
	const { status, stderr } = spawnSync("sh", ["-c", load, process.execPath, at("run/control")], { encoding: "latin1" });
	await daemon.until(() => status !== 0 || daemon.inserted().includes("late"));
	const end = await daemon.stop();
	const parameters = readRecord(place.record).map((call) => call.parameters);
	return {
		...{ load: { status, stderr }, end, parameters },
		ran: readFileSync(at("ran"), "latin1"),
		commanded: readFileSync(at("commanded"), "latin1"),
		log: daemon.log.map(({ device, alias }) => [device, alias]).filter(([device]) => device !== undefined),
	};
}

if (process.argv[1] === bytesSession) console.log(JSON.stringify(await session()));
