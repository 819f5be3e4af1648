// The messages and the exit status of the executable when its input is malformed, unreadable or changing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import test from "ava";
import { settingsTable } from "../../../src/agent/settings/settings-table.js";
import { walkDevices } from "../../../src/linux/devices/sysfs.js";
import { copyMachine, modules, readMachine, release } from "../../support/fakes/captured-machine.js";
import { dryRun, dryRunHere, execute } from "../../support/running/coldplug-process.js";

test("what may not be read is named with the reason", async (t) => {
	const machine = copyMachine();
	const settings = join(machine, "hotplugd.toml");
	writeFileSync(settings, "parallel = 1\n");
	const rows = [
		[modules, `could not read MACHINE/${modules}/modules.dep.bin: EACCES`, 1],
		[`${modules}/modules.alias.bin`, `could not read MACHINE/${modules}/modules.alias.bin: EACCES`, 1],
		["sys/devices", "could not walk MACHINE/sys/devices: EACCES", 1],
		["hotplugd.toml", "could not read the settings in MACHINE/hotplugd.toml: EACCES", 2],
		[
			"etc/modprobe.d/example.conf",
			"MACHINE/etc/modprobe.d/example.conf: cannot be read (EACCES), so nothing in it counts",
			0,
		],
		["etc/modprobe.d", "MACHINE/etc/modprobe.d: cannot be listed (EACCES), so nothing in it counts", 0],
	] as const;
	for (const [path, message, status] of rows) {
		chmodSync(join(machine, path), 0);
		// In a user namespace without a mapped user, the modes of files apply to root, too.
		const told = await dryRun(machine, release, ["--config", settings], ["unshare", "--user"]);
		chmodSync(join(machine, path), 0o755);
		t.like(told, { status, stderr: `coldplug: ${message}\n` });
		if (status !== 0) t.is(told.stdout, "");
	}
});

test("rubbish in modprobe.d is told with file and line, and the rest counts", async (t) => {
	const machine = copyMachine();
	const lines = [
		"rubbish and more",
		"blacklist",
		"alias pci:*",
		"blacklist kvm_amd",
		"options",
		"install",
		"softdep kvm",
		"\x7fELF\x02\x01\x01\0\0",
		"options e1000 debug=16 \\",
		"  copybreak=1",
		"\xff\xfe\0b\0l",
		"blacklist sdhci_pci",
	];
	writeFileSync(join(machine, "etc/modprobe.d/rubbish.conf"), Buffer.from(lines.join("\n"), "latin1"));
	symlinkSync("nowhere", join(machine, "etc/modprobe.d/dangling.conf"));
	mkdirSync(join(machine, "etc/modprobe.d/folder.conf"));
	const { status, stdout, stderr } = await dryRunHere(machine, release, ["--order"]);
	t.is(status, 0);
	const ignored = (line: number, word: string) =>
		`coldplug: MACHINE/etc/modprobe.d/rubbish.conf line ${line}: ignoring bad line starting with '${word}'`;
	t.deepEqual(stderr.split("\n"), [
		"coldplug: MACHINE/etc/modprobe.d/folder.conf: Directories inside directories are not supported",
		"coldplug: MACHINE/etc/modprobe.d/dangling.conf: is a dangling symbolic link, so it counts for nothing and hides no other of its name",
		ignored(1, "rubbish"),
		ignored(2, "blacklist"),
		ignored(3, "alias"),
		ignored(5, "options"),
		ignored(6, "install"),
		ignored(7, "softdep"),
		ignored(8, "\\x7fELF\\x02\\x01\\x01"),
		ignored(11, "\\xff\\xfe"),
		"",
	]);
	t.regex(stdout, /^ {4}insmod MACHINE\/\S+\/e1000.ko debug=16 {3}copybreak=1$/m);
	t.regex(stdout, /^not loaded: kvm_amd: blacklisted by MACHINE\/etc\/modprobe.d\/rubbish.conf line 4;/m);
	t.regex(stdout, /^not loaded: sdhci_pci: blacklisted by MACHINE\/etc\/modprobe.d\/rubbish.conf line 12;/m);
});

test("settings that are not there, or wrong, keep it from beginning", async (t) => {
	const machine = copyMachine();
	const settings = join(machine, "hotplugd.toml");
	const tell = async (stderr: string, file = settings): Promise<void> => {
		t.deepEqual(await dryRunHere(machine, release, ["--config", file]), { status: 2, stdout: "", stderr });
	};
	await tell("coldplug: there is no settings file MACHINE/hotplugd.toml\n");
	await tell("coldplug: could not read the settings in MACHINE: EISDIR\n", machine);
	const rows = [
		[
			"parallel = 1\nparalel = 2\n",
			[`line 2: paralel is no setting; the keys are ${Object.keys(settingsTable).join(", ")}`],
		],
		[
			"\n\nparallel = 0\nquiet_milliseconds = 'long'\n",
			[
				"line 3: parallel must be a whole number from 1 to 1000",
				"line 4: quiet_milliseconds must be a whole number from 0 to 2147483647",
			],
		],
		["parallel = \n", ["line 1: invalid value"]],
		["\x7fELF\0\0\xff", ["line 1: illegal character in key"]],
	] as const;
	for (const [text, complaints] of rows) {
		writeFileSync(settings, Buffer.from(text, "latin1"));
		await tell(complaints.map((complaint) => `coldplug: MACHINE/hotplugd.toml ${complaint}\n`).join(""));
	}
});

test("a sysfs that is missing or none is named; one without devices asks for nothing", async (t) => {
	const machine = copyMachine();
	const named = `coldplug: could not look at the devices: there is no directory MACHINE/sys/devices; is sysfs mounted?\n`;
	rmSync(join(machine, "sys/devices"), { recursive: true });
	t.deepEqual(await dryRunHere(machine, release), { status: 1, stdout: "", stderr: named });
	writeFileSync(join(machine, "sys/devices"), "");
	t.deepEqual(await dryRunHere(machine, release), { status: 1, stdout: "", stderr: named });
	rmSync(join(machine, "sys"), { recursive: true });
	t.deepEqual(await dryRunHere(machine, release), { status: 1, stdout: "", stderr: named });
	mkdirSync(join(machine, "sys/devices"), { recursive: true });
	t.deepEqual(await dryRunHere(machine, release, ["--order"]), {
		status: 0,
		stdout:
			"0 modules in 0 batches for 0 devices with 0 aliases; 0 blacklisted, 0 masked, 0 built in, 0 aliases without a module\n",
		stderr: "",
	});
});

test("the daemon does not begin either without devices; what it does without an index that is one, run-late.test.ts has", async (t) => {
	const machine = copyMachine();
	const settings = join(machine, "hotplugd.toml");
	// The usual run directory may belong to another agent.
	writeFileSync(settings, `log_level = "silent"\nrun_directory = ${JSON.stringify(join(machine, "run"))}\n`);
	const daemon = [
		"dist/main.js",
		"run",
		"-d",
		machine,
		"-S",
		release,
		"-C",
		join(machine, "etc"),
		"--config",
		settings,
	];
	const namespaces = ["unshare", "--user", "--map-root-user", "--net", "--mount"];
	const withoutDevices = [...namespaces, "sh", "-c", 'mount -t tmpfs none /sys && exec "$@"', "sh"];
	t.deepEqual(await execute(machine, [...withoutDevices, process.execPath, ...daemon]), {
		status: 1,
		stdout: "",
		stderr: "hotplugd run: could not look at the devices: there is no directory /sys/devices; is sysfs mounted?\n",
	});
});

test("a reader of the dry run that has gone is no error worth a word", async (t) => {
	const words = ["-d", readMachine(), "-S", release, "--sysfs", `${readMachine()}/sys`];
	// The loop ends at the first failing write, when the reader has gone.
	const script = 'trap "" PIPE; { while echo; do :; done 2>/dev/null; "$@"; echo $? >&2; } | true';
	const command = [process.execPath, "dist/main.js", "coldplug", "--dry-run", ...words];
	t.is((await execute("MACHINE", ["sh", "-c", script, "sh", ...command])).stderr, "141\n");
});

const devicesIn = (stdout: string): Set<string> =>
	new Set(
		stdout
			.trimEnd()
			.split("\n")
			.flatMap((line) => JSON.parse(line).device ?? []),
	);

test("devices that come and go while they are looked at are passed over, and no other is missed", async (t) => {
	const machine = copyMachine();
	const sysfs = join(machine, "sys");
	const restless = ["pci0000:00", "LNXSYSTM:00"];
	const steady = [...walkDevices(sysfs)]
		.map(({ devpath }) => devpath)
		.filter((devpath) => !restless.some((name) => devpath.startsWith(`/devices/${name}`)));
	t.true(steady.length > 5);
	const all = [...walkDevices(sysfs)].length;
	cpSync(join(sysfs, "devices"), join(sysfs, "devices.all"), { recursive: true, verbatimSymlinks: true });
	const churn = 'until [ -e "$0.stop" ]; do for i; do rm -rf "$0/$i"; cp -r "$0.all/$i" "$0/$i"; done; done';
	const churner = spawn("sh", ["-c", churn, join(sysfs, "devices"), ...restless], { stdio: "ignore" });
	t.teardown(async () => {
		// The loop is stopped by a file: when killed, its shell would leave a running command behind while the folder is removed.
		writeFileSync(join(sysfs, "devices.stop"), "");
		await once(churner, "exit");
	});
	const missed = (found: ReadonlySet<string>) => steady.filter((devpath) => !found.has(devpath));
	for (let round = 0; round < 3; round++) {
		const { status, stdout, stderr } = await dryRun(machine, release, ["--json"]);
		t.deepEqual({ status, stderr, missed: missed(devicesIn(stdout)) }, { status: 0, stderr: "", missed: [] });
	}
	const counts: number[] = [];
	// The test goes on until some devices have been missing: the other process may have to wait for a processor.
	while (counts.length < 100 || Math.min(...counts) === all) {
		await setImmediate();
		const found = new Set([...walkDevices(sysfs)].map(({ devpath }) => devpath));
		t.deepEqual(missed(found), []);
		counts.push(found.size);
	}
	t.true(Math.min(...counts) < all);
});
