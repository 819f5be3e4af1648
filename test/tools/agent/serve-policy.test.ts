import test from "ava";
import { policySession } from "../../support/programs/policy-session.js";
import { parsePrometheus } from "../../support/real/prometheus.js";
import { runWithOwnMounts, SESSION_TIMEOUT_MILLISECONDS } from "../../support/running/network-namespace.js";

test("a running agent keeps to the rules, says which one it was, runs their commands and counts it all", async (t) => {
	t.timeout(SESSION_TIMEOUT_MILLISECONDS);
	const { status, stdout, stderr } = await runWithOwnMounts(policySession);
	t.is(status, 0, stderr);
	const session = JSON.parse(stdout);
	t.is(session.status, 0);
	t.is(session.stderr, "");
	t.deepEqual(session.inserted.toSorted(), ["base", "card", "disk", "last"]);
	const rule = (line: number) => `${session.told.join("\n").match(/\S+mine\.toml/)?.[0]} line ${line}`;
	t.deepEqual(session.told.toSorted(), [
		`/devices/ignored: usb:last2 is not looked up: ${rule(9)} leaves the device alone`,
		`/devices/reader: ${rule(12)} loads card`,
		`/devices/stick: usb:disk1 asks for disk, denied (denied by ${rule(2)})`,
		`radio: it needs stack, which ${rule(6)} masks`,
	]);
	const byDevice = (name: string): string[][] =>
		session.commands
			.filter((variables: string[]) => variables.includes(`DEVPATH=/devices/${name}`))
			.sort((a: string[], b: string[]) => (a[0]! < b[0]! ? -1 : 1));
	t.is(session.commands.length, 4);
	t.deepEqual(byDevice("stick"), [
		["ACTION=add", "DEVPATH=/devices/stick", "MODALIAS=usb:disk1", "SUBSYSTEM=usb"],
		["ACTION=remove", "DEVPATH=/devices/stick", "MODALIAS=usb:disk1", "SUBSYSTEM=usb"],
	]);
	t.deepEqual(byDevice("present"), [["ACTION=add", "DEVPATH=/devices/present", "SUBSYSTEM=platform"]]);
	t.is(byDevice("dongle").length, 1);
	const metrics = parsePrometheus(session.metrics);
	const value = (name: string) => metrics.get(name)?.samples[0]?.value;
	t.is(value("hotplugd_modules_inserted_total"), 4);
	t.is(value("hotplugd_uevents_received_total"), 7);
	t.deepEqual(
		metrics.get("hotplugd_commands_total")?.samples.map(({ labels, value }) => [labels.result, value]),
		[["done", 4]],
	);
});
