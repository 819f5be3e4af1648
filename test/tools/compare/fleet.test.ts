import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { fleetKernels, takeCaptures, writeLines } from "../../support/fleet/fleet-files.js";
import { runCompare } from "../../support/fleet/fleet-machine.js";

const folder = mkdtempSync(join(tmpdir(), "fleet-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const sha256 = (line: string): string =>
	createHash("sha256")
		.update(Buffer.from(line.replace(/\n$/, ""), "latin1"))
		.digest("hex");

type Driver = { readonly change: string; readonly device: string; readonly cause?: string };

/** Blacklists, install lines and soft dependencies that modules of several machines have to do with. */
const CONFIGURATIONS: readonly string[] = [
	"",
	"blacklist ns558\nblacklist evdev\n",
	"install ns558 /bin/false\ninstall snd_hda_intel /sbin/modprobe --ignore-install snd_hda_intel\n",
	"alias pci:v00008086d*sv*sd*bc*sc*i* e1000e\nblacklist e1000e\nblacklist i915\nblacklist snd_hda_codec\n",
	"blacklist acpi_cpufreq\nblacklist snd_soc_core\nsoftdep usb_storage pre: uas ns558\nblacklist uas\nblacklist hid_generic\n",
	"softdep joydev post: evdev\nblacklist evdev\nblacklist joydev\ninstall snd_* /bin/true\n",
];

test("each machine has the result that compare has for its capture alone", async (t) => {
	t.timeout(300_000);
	const { words, fleet } = await fleetKernels();
	const lines = takeCaptures({ ...fleet, seed: 11 }, 18).map((line, number) => {
		const capture = JSON.parse(line);
		capture.files["/etc/modprobe.d/local.conf"] = CONFIGURATIONS[number % CONFIGURATIONS.length];
		if (number % 5 === 4) capture.files["/proc/cmdline"] = "ro module_blacklist=snd modprobe.blacklist=usbhid,ns558";
		if (number % 3 === 2)
			capture.files["/etc/hotplugd/rules.d/own.toml"] =
				`[[deny]]\nmodule = "snd_*"\nsubsystem = "pci"\n\n[[ignore]]\nsubsystem = "usb"\n\n[[load]]\nsubsystem = "net"\nload = "dummy"\n`;
		return `${JSON.stringify(capture)}\n`;
	});
	const all = await runCompare([...words, "--json", "--fleet", writeLines(folder, "equal.ndjson", lines)]);
	t.is(all.records.length, lines.length + 1);
	let drivers = 0;
	for (const [number, line] of lines.entries()) {
		const alone = await runCompare([...words, "--json", writeLines(folder, "one.json", [line])]);
		const expected = alone.records.filter(({ kind }) => kind === "device") as unknown as Driver[];
		const record = all.records[number] as { readonly drivers: readonly Driver[] } & Record<string, unknown>;
		const summary = alone.records.at(-1);
		t.deepEqual(
			record.drivers.map(({ change, device, cause }) => [change, device, cause]),
			expected.map(({ change, device, cause }) => [change, device, cause]),
			`line ${number + 1}`,
		);
		t.like(record, {
			...{ kind: "machine", line: number + 1, machine: sha256(line), release: fleet.release, moves: 0 },
			...{ loses: summary?.loses, gains: summary?.gains, changes: summary?.changes },
		});
		drivers += record.drivers.length;
	}
	t.true(drivers > 50, `${drivers}`);
});

test("a line that is no capture costs a record with a sentence, in its place, and the rest goes on", async (t) => {
	t.timeout(120_000);
	const { words, fleet } = await fleetKernels();
	const lines = takeCaptures({ ...fleet, seed: 12 }, 40);
	const bad: Readonly<Record<number, string>> = {
		3: "{}\n",
		4: `${lines[4]?.slice(0, 2000)}\n`,
		10: "\x1b[2J\n",
		11: `${lines[11]?.replace('"hotplugdCapture":1', '"hotplugdCapture":9')}`,
		20: `${lines[20]?.replace('"/devices/', '"/devices/../')}`,
		39: lines[39]?.slice(0, -10) ?? "",
	};
	const mixed = lines.map((line, at) => bad[at] ?? line);
	mixed.splice(30, 0, "\n");
	const { status, records } = await runCompare([
		...words,
		"--json",
		"--fleet",
		writeLines(folder, "bad.ndjson", mixed),
	]);
	t.is(status, 3);
	t.deepEqual(
		records.slice(0, -1).map(({ line, kind, machine }) => [line, kind, machine]),
		mixed.flatMap((line, at) => {
			const isBad = Object.values(bad).includes(line);
			return line === "\n" ? [] : [[at + 1, isBad ? "unusable" : "machine", sha256(line)]];
		}),
	);
	const problems = records.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
	t.is(problems.length, Object.keys(bad).length);
	for (const problem of problems) t.regex(String(problem), /^[\x20-\x7e]{8,}$/);
	t.like(records.at(-1), { kind: "summary", machines: 34, unusable: 6 });
});

test("without --json the first line says how many machines lose a driver, and lines that are no capture are named", async (t) => {
	const { words, fleet } = await fleetKernels();
	const lines = [...takeCaptures({ ...fleet, seed: 13 }, 20), "{}\n"];
	const { status, printed, complained } = await runCompare([...words, "--fleet", writeLines(folder, "text", lines)]);
	t.is(status, 3);
	t.regex(
		printed,
		/^\d+ of 20 machines lose a driver: most of all \S+ on \d+ machines: .*; 1 line could not be compared\n/,
	);
	t.regex(printed, /^MACHINES +DEVICES +LOST +GAINED +CAUSE$/m);
	t.regex(complained, /^hotplugd compare: line 21: it is no capture/);
});

test("under one kernel alone nothing changes, and the exit status tells of unusable lines", async (t) => {
	const { roots, fleet } = await fleetKernels();
	const words = ["--kernel", roots[0], "--kernel", roots[0], "--json", "--fleet"];
	const lines = takeCaptures({ ...fleet, seed: 14 }, 5);
	const good = await runCompare([...words, writeLines(folder, "same", lines)]);
	t.is(good.status, 0);
	t.like(good.records.at(-1), { machines: 5, unusable: 0, losing: 0, gaining: 0, changing: 0 });
	const bad = await runCompare([...words, writeLines(folder, "same-bad", [...lines, "x\n"])]);
	t.is(bad.status, 1);
});

test("with one kernel each machine's own is the other: from -d, or else a sentence says what is lacking", async (t) => {
	const { roots, fleet } = await fleetKernels();
	const digest = { bytes: 5, sha256: "0".repeat(64) };
	const modules = {
		directory: `/lib/modules/${fleet.release}`,
		package: { name: `linux-image-${fleet.release}`, version: "6.1.1-1" },
		files: { "modules.dep.bin": digest, "modules.alias.bin": digest },
	};
	const path = writeLines(folder, "own", takeCaptures({ ...fleet, seed: 15, modules }, 5));
	const without = await runCompare(["--kernel", roots[1], "--json", "--fleet", path]);
	t.is(without.status, 1);
	t.regex(String(without.records[0]?.problem), new RegExp(`linux-image-${fleet.release} 6\\.1\\.1-1.*-d`));
	const own = await runCompare(["--kernel", roots[1], "-d", roots[0], "--json", "--fleet", path]);
	const both = await runCompare(["--kernel", roots[0], "--kernel", roots[1], "--json", "--fleet", path]);
	t.deepEqual(own.records, both.records);
	const other = await runCompare(["--kernel", roots[1], "-d", roots[1], "--json", "--fleet", path]);
	t.regex(String(other.records[0]?.problem), /has no modules of its kernel, 6\./);
});

test("a call that --fleet does not take is refused in a sentence", async (t) => {
	const refused: readonly (readonly [readonly string[], RegExp])[] = [
		[["--fleet", "x"], /--fleet needs --kernel/],
		[["--fleet", ""], /--fleet names no file/],
		[["--fleet", "x", "--kernel", "a", "--kernel", "b", "--kernel", "c"], /3 times/],
		[["--fleet", "x", "--kernel", "a", "machine.json"], /'machine.json' is one too many/],
		[["--fleet", "x", "--kernel", "a", "--kernel", "b", "-d", "c"], /two --kernel leave those out/],
		[["--fleet", "x", "--kernel", "a", "--csv", ""], /--csv names nothing/],
		[["--fleet", "x", "--kernel", "/no/such/kernel"], /\/no\/such\/kernel/],
		[["--csv", "x", "a", "b"], /they need --fleet/],
	];
	for (const [words, sentence] of refused) {
		const { status, complained } = await runCompare(words);
		t.is(status, 2, words.join(" "));
		t.regex(complained, sentence);
	}
	const { roots } = await fleetKernels();
	const { status, complained } = await runCompare(["--kernel", roots[0], "--kernel", roots[1], "--fleet", "/no/such"]);
	t.is(status, 1);
	t.regex(complained, /\/no\/such/);
});
