// The dry run over what a bug report holds says what the dry run over the machine's own /sys says.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import test from "ava";
import { readMachine } from "../../support/fakes/captured-machine.js";
import { exportDatabase, findMissing, makeArchive } from "../../support/real/archivers.js";
import { plantSysfs } from "../../support/worlds/planted-sysfs.js";

const root = plantSysfs();
test.after.always(() => rmSync(root, { recursive: true }));

const fixture = readMachine();
const kernel = [
	"-d",
	fixture,
	"-S",
	"6.1.0-56-amd64",
	"-C",
	join(fixture, "etc/modprobe.d"),
	"--policy",
	resolve("rules"),
];

/** The plan, with the paths of module files as a captured machine has them. */
function plan(...words: readonly string[]): string {
	const options = { encoding: "latin1", env: { ...process.env, NO_COLOR: "1" } } as const;
	const printed = execFileSync(
		process.execPath,
		["dist/main.js", "coldplug", "-n", "--cold", "--json", ...words, ...kernel],
		options,
	);
	return printed.replaceAll(`${fixture}/lib/modules`, "/lib/modules");
}

/** The steps without their batches: udevadm lists no device without a subsystem, so that batches of devices end elsewhere. */
const steps = (printed: string): readonly string[] =>
	printed
		.split("\n")
		.filter((line) => line.includes('"kind":"step"'))
		.map((line) => line.replace(/"batch":\d+,/, ""))
		.sort();

test("a tar of the fixture's /sys", (t) => {
	const archive = makeArchive(`tar czf "$out" -C ${fixture} sys`);
	const expected = plan("--sysfs", join(fixture, "sys"));
	t.true(expected.includes('"kind":"step"'));
	t.is(plan("--machine", archive), expected);
	rmSync(dirname(archive), { recursive: true });
});

test("a tar of a planted /sys, and what udevadm says of it", (t) => {
	const expected = plan("--sysfs", join(root, "sys"));
	t.regex(expected, /"module":"ahci","alias"/);
	const archive = makeArchive('tar cJf "$out" -C "$root" sys', { root });
	t.is(plan("--machine", archive), expected);
	if (findMissing("udevadm", "unshare").length === 0 || process.env.HOTPLUGD_REQUIRE_VM) {
		const text = join(dirname(archive), "export");
		writeFileSync(text, exportDatabase(root, {}), "latin1");
		t.deepEqual(steps(plan("--machine", text)), steps(expected));
	}
	rmSync(dirname(archive), { recursive: true });
});

test("a report of nixos-facter, as far as it goes: the modules of devices with an alias in it", (t) => {
	const uevents = ["0000:00:02.0", "0000:00:03.0"].map((name) => [
		`/devices/pci0000:00/${name}`,
		/^MODALIAS=(.*)$/m.exec(readFileSync(join(fixture, `sys/devices/pci0000:00/${name}/uevent`), "latin1"))![1],
	]);
	const pci = uevents.map(([sysfs_id, module_alias], index) => ({ index, sysfs_id, module_alias }));
	const path = join(root, "facter.json");
	writeFileSync(path, JSON.stringify({ version: 1, system: "x86_64-linux", hardware: { pci } }));
	const wanted = plan("--machine", path)
		.split("\n")
		.flatMap((line) => /"kind":"step".*?"module":"(\w+)","alias"/.exec(line)?.[1] ?? []);
	t.deepEqual(wanted, ["e1000", "e1000e"]);
});
