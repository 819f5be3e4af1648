// What the executable says, and how it exits, where its input is damaged, missing or changing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmodSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { walkDevices } from "../../src/linux/sysfs.js";
import { dryRun, dryRunHere, execute } from "../support/coldplug-process.js";
import { encodeTrie } from "../support/trie.js";

const [release = ""] = readdirSync("fixtures/machine/lib/modules");
const modules = `lib/modules/${release}`;
const indexes = [
	"modules.dep.bin",
	"modules.alias.bin",
	"modules.symbols.bin",
	"modules.builtin.bin",
	"modules.builtin.alias.bin",
];

const folder = mkdtempSync(join(tmpdir(), "bad-input-"));
test.after.always(() => rmSync(folder, { recursive: true }));

let machines = 0;

/** The captured machine, to be broken. */
function copyMachine(): string {
	const machine = join(folder, `${machines++}`);
	cpSync("fixtures/machine", machine, { recursive: true });
	return machine;
}

type Change = (bytes: Buffer) => Buffer;

/** Tells of a dry run with an index changed: of the executable's where the change is the first of its row. */
async function tellChanged(t: ExecutionContext, machine: string, index: string, changes: readonly Change[]) {
	const file = join(machine, modules, index);
	const whole = readFileSync(file);
	const told = [];
	for (const change of changes) {
		const changed = change(Buffer.from(whole));
		writeFileSync(file, changed);
		const here = await dryRunHere(machine, release);
		if (told.length === 0) t.deepEqual(await dryRun(machine, release), here);
		told.push({ ...here, size: changed.length });
	}
	writeFileSync(file, whole);
	return told;
}

const unusable = (index: string, why: string) =>
	`MACHINE/${modules}/${index} is not a usable index: ${why}; run depmod to make it anew\n`;

const empty = () => Buffer.alloc(0);

const atStart: readonly (readonly [change: Change, why: (size: number) => string])[] = [
	[
		(bytes) => Buffer.concat([Buffer.of(0x7f), bytes.subarray(1)]),
		() => "it does not begin with the magic number B007F457",
	],
	[(bytes) => bytes.fill(3, 5, 6), () => "it is of version 3, not 2"],
	[empty, () => "it has 0 bytes, fewer than a header"],
	[(bytes) => bytes.subarray(0, 11), () => "it has 11 bytes, fewer than a header"],
	[(bytes) => bytes.fill("4ffffff0", 8, 12, "hex"), (size) => `its root node lies outside its ${size} bytes`],
];

for (const index of indexes) {
	test(`${index}, where it is none, keeps it from beginning`, async (t) => {
		const machine = copyMachine();
		// depmod leaves that one empty where it knows of no built-in modules.
		const rows = index === "modules.builtin.alias.bin" ? atStart.filter(([change]) => change !== empty) : atStart;
		const changes = rows.map(([change]) => change);
		for (const [row, { size, ...told }] of (await tellChanged(t, machine, index, changes)).entries()) {
			const stderr = `coldplug: ${unusable(index, rows[row]![1](size))}`;
			t.deepEqual(told, { status: 1, stdout: "", stderr });
		}
	});
}

/** Changes all offsets of a root's children. */
function redirect(bytes: Buffer, where: (root: number) => number): Buffer {
	const root = bytes.readUInt32BE(8);
	let at = root & 0x0fffffff;
	if ((root & 0x80000000) !== 0) at = bytes.indexOf(0, at) + 1;
	const [first = 0, last = 0] = bytes.subarray(at, at + 2);
	for (let child = at + 2; child <= at + 2 + 4 * (last - first); child += 4)
		if (bytes.readUInt32BE(child) !== 0) bytes.writeUInt32BE(where(root), child);
	return bytes;
}

const inside: readonly (readonly [change: Change, why: string])[] = [
	[(bytes) => bytes.subarray(0, bytes.length >> 1), "[a-z ]+ at byte [0-9]+ lies outside its SIZE bytes"],
	[(bytes) => redirect(bytes, () => 0x4ffffff0), "a node at byte 268435440 lies outside its SIZE bytes"],
	[(bytes) => redirect(bytes, (root) => root), "the node at byte [0-9]+ leads in a loop"],
];

const listPlanned = (stdout: string) => [...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, module]) => module);

for (const index of indexes) {
	test(`${index}, damaged inside, costs what needs the damaged part`, async (t) => {
		const machine = copyMachine();
		// The captured machine asks for no symbol: this one does.
		writeFileSync(join(machine, modules, "modules.symbols.bin"), encodeTrie([["symbol:printk", 0, "ext4"]], true));
		mkdirSync(join(machine, "sys/devices/odd"));
		writeFileSync(join(machine, "sys/devices/odd/modalias"), "symbol:printk\n");
		const whole = new Set(listPlanned((await dryRunHere(machine, release)).stdout));
		t.true(whole.size > 100);
		const changes = inside.map(([change]) => change);
		for (const [row, told] of (await tellChanged(t, machine, index, changes)).entries()) {
			const { size, status, stdout, stderr } = told;
			t.is(status, 1);
			const [, count] = /^coldplug: could not look up (an|[0-9]+) alias/.exec(stderr) ?? [];
			const what = count === "an" ? "an alias or module" : `${count} aliases or modules`;
			const reason = unusable(index, inside[row]![1].replace("SIZE", `${size}`));
			t.regex(stderr, new RegExp(`^coldplug: could not look up ${what}: ${reason.replaceAll(/[.]/g, "\\.")}$`));
			t.regex(stdout, new RegExp(`, ${count === "an" ? 1 : count} that could not be looked up\n$`));
			const others = listPlanned(stdout).filter((module) => !whole.has(module));
			t.deepEqual(others, []);
		}
	});
}

test("an index that is missing is named, with what to do; that of built-in aliases may be", async (t) => {
	const hint =
		"run depmod there, or ask a captured machine: node dist/main.js coldplug --dry-run -d fixtures/machine " +
		"-S 6.1.0-56-amd64 -C fixtures/machine/etc/modprobe.d --sysfs fixtures/machine/sys";
	const machine = copyMachine();
	for (const index of indexes.slice(0, 4)) {
		const file = join(machine, modules, index);
		const bytes = readFileSync(file);
		rmSync(file);
		const stderr = `coldplug: MACHINE/${modules} has no ${index}: ${hint}\n`;
		t.deepEqual(await dryRunHere(machine, release), { status: 1, stdout: "", stderr });
		writeFileSync(file, bytes);
	}
	t.is(
		(await dryRunHere(machine, "5.0")).stderr,
		`coldplug: MACHINE/lib/modules/5.0 has no modules.dep.bin: ${hint}\n`,
	);
	rmSync(join(machine, modules, "modules.builtin.alias.bin"));
	const { status, stderr } = await dryRun(machine, release);
	t.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});

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
		// Root, too, is held to the modes where no user is mapped.
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
	const { status, stdout, stderr } = await dryRunHere(machine, release);
	t.is(status, 0);
	const ignored = (line: number, word: string) =>
		`coldplug: MACHINE/etc/modprobe.d/rubbish.conf line ${line}: ignoring bad line starting with '${word}'`;
	t.deepEqual(stderr.split("\n"), [
		"coldplug: MACHINE/etc/modprobe.d/folder.conf: Directories inside directories are not supported",
		ignored(1, "rubbish"),
		ignored(2, "blacklist"),
		ignored(3, "alias"),
		ignored(5, "options"),
		ignored(6, "install"),
		ignored(7, "softdep"),
		ignored(8, "\x7fELF\x02\x01\x01"),
		ignored(11, "\ufffd\ufffd"),
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
			["line 2: paralel is no setting; the keys are parallel, quiet_milliseconds, receive_buffer_bytes, log_level"],
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
	t.deepEqual(await dryRunHere(machine, release), {
		status: 0,
		stdout:
			"0 modules in 0 batches for 0 devices with 0 aliases; 0 blacklisted, 0 masked, 0 built in, 0 aliases without a module\n",
		stderr: "",
	});
});

test("the daemon does not begin either without an index that is one, or without devices", async (t) => {
	const machine = copyMachine();
	const settings = join(machine, "hotplugd.toml");
	writeFileSync(settings, 'log_level = "silent"\n');
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
	const index = "modules.alias.bin";
	writeFileSync(join(machine, modules, index), "rubbish and more");
	t.deepEqual(await execute(machine, [process.execPath, ...daemon]), {
		status: 1,
		stdout: "",
		stderr: `hotplugd run: ${unusable(index, "it does not begin with the magic number B007F457")}`,
	});
});

test("a reader of the dry run that has gone is no error worth a word", async (t) => {
	const words = ["-d", "fixtures/machine", "-S", release, "--sysfs", "fixtures/machine/sys"];
	const script = 'trap "" PIPE; { sleep 0.2; "$@"; echo $? >&2; } | true';
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
	const churn = 'cp -r "$0" "$0.all"; while :; do for i; do rm -rf "$0/$i"; cp -r "$0.all/$i" "$0/$i"; done; done';
	const churner = spawn("sh", ["-c", churn, join(sysfs, "devices"), ...restless], { stdio: "ignore" });
	t.teardown(async () => {
		churner.kill("SIGKILL");
		await once(churner, "exit");
	});
	const missed = (found: ReadonlySet<string>) => steady.filter((devpath) => !found.has(devpath));
	for (let round = 0; round < 3; round++) {
		const { status, stdout, stderr } = await dryRun(machine, release, ["--json"]);
		t.deepEqual({ status, stderr, missed: missed(devicesIn(stdout)) }, { status: 0, stderr: "", missed: [] });
	}
	const counts: number[] = [];
	for (let round = 0; round < 100; round++) {
		const found = new Set([...walkDevices(sysfs)].map(({ devpath }) => devpath));
		t.deepEqual(missed(found), []);
		counts.push(found.size);
	}
	t.true(Math.min(...counts) < all, "nothing came or went");
});
