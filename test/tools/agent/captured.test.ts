// A captured machine is never mixed with this one: no command reads a file of this machine that its options do not name.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import { openKmod } from "../../../src/libkmod/kmod/kmod.js";
import { check } from "../../../src/tools/agent/check.js";
import { coldplug } from "../../../src/tools/coldplug/coldplug.js";
import { copyMachine, release } from "../../support/fakes/captured-machine.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { RELEASE, type World, worldFiles } from "../../support/worlds/world.js";

const captured: World = {
	modules: { card: ["base"], base: [], lone: [] },
	aliases: { "x:card*": "card", "x:lone": "lone" },
	config: "options card from=captured",
	commandLine: "modprobe.blacklist=lone",
};

/** Files of this machine, each of which would change the result if it were read. */
const here: Readonly<Record<string, string>> = {
	...Object.fromEntries(
		["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"].map((place) => [
			`${place}/modprobe.d/here.conf`,
			"options card from=here\nblacklist card",
		]),
	),
	"/etc/hotplugd.toml": "rubbish",
	"/etc/hotplugd/rules.d/here.toml": '[[deny]]\nmodule = "card"',
	// The rules that belong to the fake machine's package.
	"/usr/share/hotplugd/rules/own.toml": '[[deny]]\nmodule = "card"',
	"/proc/cmdline": "modprobe.blacklist=card hotplugd=off",
};

/** A machine with the files of both. It records the paths that are read. */
function makeBoth() {
	const below = (root: string) =>
		Object.fromEntries([...worldFiles(captured)].map(([path, content]) => [root + path, content.toString("latin1")]));
	const machine = makeFakeMachine({
		world: captured,
		devices: { card: "x:card1", lone: "x:lone" },
		files: { ...here, ...below("/captured") },
	});
	// Indexes are bytes, not text.
	const bytes = new Map([...worldFiles(captured)].map(([path, content]) => [`/captured${path}`, content]));
	const read: string[] = [];
	const { fakeKernel } = machine;
	const kernel = {
		...fakeKernel,
		read(path: string) {
			read.push(path);
			return bytes.get(path) ?? fakeKernel.read(path);
		},
		list(path: string) {
			read.push(path);
			return fakeKernel.list(path);
		},
		stamp(path: string) {
			read.push(path);
			return fakeKernel.stamp(path);
		},
	};
	return { machine: { ...machine, kernel: async () => kernel }, kernel, read };
}

const isElsewhere = (path: string): boolean => /^\/captured(?:\/|$)/.test(path);

test("a dry run of another root reads its modules, configuration, rules, command line and devices, and nothing of this machine", async (t) => {
	const { machine, read } = makeBoth();
	t.is(await coldplug.start(["-n", "--order", "-d", "/captured"], machine), 0);
	t.deepEqual(
		read.filter((path) => !isElsewhere(path)),
		[],
	);
	t.deepEqual(
		machine.asked.filter((what) => what.startsWith("walk")),
		["walk /captured/sys"],
	);
	t.is(machine.complained(), "");
	t.true(machine.printed().includes(`insmod /captured/lib/modules/${RELEASE}/kernel/card.ko from=captured\n`));
	t.regex(machine.printed(), /^2 modules in 1 batches .* 1 blacklisted/m);
	for (const place of ["/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d"])
		t.true(read.includes(`/captured${place}`), place);
	for (const file of [
		"/etc/hotplugd.toml",
		"/etc/hotplugd/rules.d",
		"/usr/share/hotplugd/rules",
		"/proc/cmdline",
		"/lib/modprobe.d",
	])
		t.true(read.includes(`/captured${file}`), file);
});

test("a slash behind the root's name is no part of it", async (t) => {
	const { machine } = makeBoth();
	await coldplug.start(["-n", "--order", "-d", "/captured//"], machine);
	t.true(machine.printed().includes("insmod /captured/lib/modules/"));
});

test("what is named is read, wherever it is", async (t) => {
	const { machine, read } = makeBoth();
	const words = ["-n", "--order", "-d", "/captured", "-C", "/etc/modprobe.d/here.conf", "--sysfs", "/sys"];
	await coldplug.start(words, machine);
	t.deepEqual([...new Set(read.filter((path) => !isElsewhere(path)))], ["/etc/modprobe.d/here.conf"]);
	t.true(machine.asked.includes("walk /sys"));
	t.true(machine.printed().includes("card: blacklisted by /etc/modprobe.d/here.conf line 2"));
});

test("with the devices of another machine, what this one runs counts for nothing", async (t) => {
	const { machine, read } = makeBoth();
	await coldplug.start(["-n", "--sysfs", "/captured/sys", "--config", "/captured/none"], machine);
	await coldplug.start(["-n", "--sysfs", "/captured/sys", "--config", "/captured/etc/modprobe.d/world.conf"], machine);
	t.deepEqual(
		read.filter((path) => path.startsWith("/proc") || path.startsWith("/sys")),
		[],
	);
});

test("a real run asks the kernel that it loads into, and has all else of the other root", async (t) => {
	const { machine, read } = makeBoth();
	t.is(await coldplug.start(["-d", "/captured"], machine), 0);
	t.is(machine.complained(), "coldplug: hotplugd=off is on the kernel command line: nothing is loaded\n");
	t.true(read.every((path) => isElsewhere(path) || path.startsWith("/proc/")));
});

test("a check of another root reads nothing of this machine either", async (t) => {
	const { machine, read } = makeBoth();
	await check.start(["-d", "/captured"], machine);
	t.deepEqual(
		read.filter((path) => !isElsewhere(path)),
		[],
	);
	t.true(read.includes("/captured/etc/hotplugd.toml"));
	t.true(read.includes("/captured/etc/modprobe.d/world.conf"));
	t.false(machine.printed().includes("/here."));
});

test("a root without a name is refused, since this machine's would be meant by nobody", async (t) => {
	for (const [tool, name] of [
		[coldplug, "coldplug"],
		[check, "hotplugd check"],
	] as const) {
		const { machine, read } = makeBoth();
		t.is(await tool.start(["-d", ""], machine), 2);
		t.is(machine.complained(), `${name}: -d names no directory: it is empty\n`);
		t.deepEqual(read, []);
	}
});

test("the library reads another root's files alone, its list of loaded modules included", async (t) => {
	const { kernel, read } = makeBoth();
	const kmod = openKmod({ ...kernel, release: RELEASE }, { root: "/captured/" });
	t.is(kmod.moduleDirectory, `/captured/lib/modules/${RELEASE}`);
	t.is(kmod.options("card"), "from=captured");
	t.deepEqual(kmod.blacklisted("lone"), { file: "/captured/proc/cmdline", line: 0 });
	t.is(kmod.path("card"), `/captured/lib/modules/${RELEASE}/kernel/card.ko`);
	t.is(kmod.state("card"), undefined);
	kmod.validate();
	const { steps } = await kmod.probe("card", { dryRun: true });
	t.deepEqual(
		steps.map(({ module }) => module),
		["base", "card"],
	);
	t.deepEqual(
		read.filter((path) => !isElsewhere(path)),
		[],
	);
	openKmod(kernel, { root: "/captured", proc: "/proc", sysfs: "/sys" }).state("card");
	t.true(read.includes("/proc/cmdline") && read.includes("/sys/module/card/initstate"));
});

/** Gives the captured machine the usual layout of today, with absolute links as in some images. */
function linkAbsolutely(machine: string): void {
	const move = (from: string, to: string): void => {
		mkdirSync(dirname(join(machine, to)), { recursive: true });
		renameSync(join(machine, from), join(machine, to));
		symlinkSync(`/${to}`, join(machine, from));
	};
	// The machine's /lib is a link: a capture has what is there under both names.
	rmSync(join(machine, "usr/lib"), { recursive: true });
	move("lib", "usr/lib");
	move("sys", "mnt/sys");
	writeFileSync(join(machine, "usr/site.conf"), "blacklist e1000\n");
	symlinkSync("/usr/site.conf", join(machine, "etc/modprobe.d/site.conf"));
}

const folder = mkdtempSync(join(tmpdir(), "poison-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Runs the executable in a mount namespace in which files of this machine would change the result if they were read. */
function amidPoison(words: readonly string[]) {
	writeFileSync(join(folder, "poison.conf"), "rubbish\nblacklist virtio_net\n");
	writeFileSync(join(folder, "cmdline"), "modprobe.blacklist=virtio_pci hotplugd=maybe\n");
	const mounts = [
		'for place in /etc/modprobe.d /usr/lib/modprobe.d /lib/modprobe.d; do [ ! -d $place ] || mount --bind "$0" $place; done',
		'mount --bind "$0/cmdline" /proc/cmdline',
		'exec "$@"',
	].join(" && ");
	const command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounts, folder];
	const [program = "", ...rest] = [...command, process.execPath, "dist/main.js", ...words];
	return spawnSync(program, rest, { encoding: "utf8" });
}

test("the executable's dry run of a root needs no other option, and is the same whatever this machine has and wherever the root is", (t) => {
	const machine = copyMachine();
	const plain = execFileSync(
		process.execPath,
		[
			"dist/main.js",
			"coldplug",
			"-n",
			"-d",
			machine,
			"-S",
			release,
			"-C",
			`${machine}/etc/modprobe.d`,
			"--sysfs",
			`${machine}/sys`,
		],
		{ encoding: "utf8" },
	);
	const alone = amidPoison(["coldplug", "-n", "-d", machine, "-S", release]);
	t.is(alone.stderr, "");
	t.is(alone.stdout, plain);
});

test("absolute links within a root lead where they do on its machine", (t) => {
	const machine = copyMachine();
	linkAbsolutely(machine);
	const { stdout, stderr, status } = amidPoison(["coldplug", "-n", "--order", "-d", machine, "-S", release]);
	t.is(stderr, "");
	t.is(status, 0);
	t.regex(stdout, /[1-9]\d* modules in /);
	t.true(stdout.includes(`e1000: blacklisted by ${machine}/etc/modprobe.d/site.conf line 1`), stdout);
	rmSync(join(machine, "etc/hotplugd.toml"), { force: true });
	symlinkSync("/nowhere/hotplugd.toml", join(machine, "etc/hotplugd.toml"));
	const defaults = amidPoison(["coldplug", "-n", "--order", "-d", machine, "-S", release]);
	t.is(
		defaults.stderr,
		`coldplug: ${machine}/etc/hotplugd.toml: is reached by a dangling symbolic link, so the defaults count\n`,
	);
	t.deepEqual([defaults.status, defaults.stdout], [0, stdout]);
	const checked = amidPoison(["check", "-d", machine, "-S", release]);
	t.true(
		checked.stdout.includes(
			`${machine}/etc/hotplugd.toml: is reached by a dangling symbolic link, so the defaults count\n`,
		),
	);
	t.true(
		checked.stdout.includes("no problems") || checked.stdout.includes("it has modules whose files"),
		checked.stdout,
	);
	t.false(checked.stdout.includes("poison"));
});

test("a root without a /sys of its own is not given this machine's, and the sentence names the option that does so", (t) => {
	const machine = copyMachine();
	rmSync(join(machine, "sys"), { recursive: true });
	const words = ["coldplug", "-n", "--order", "-d", machine, "-S", release];
	const { stdout, stderr, status } = amidPoison(words);
	t.deepEqual([status, stdout], [1, ""]);
	t.is(
		stderr,
		`coldplug: there is no directory ${machine}/sys/devices: --sysfs DIR says where that machine's devices are, --sysfs /sys takes this machine's\n`,
	);
	t.is(amidPoison([...words, "--sysfs", "/sys"]).status, 0);
});

test("a capture whose devices are a link tells of no other machine's", (t) => {
	const machine = copyMachine();
	rmSync(join(machine, "sys/devices"), { recursive: true });
	symlinkSync("/sys/devices", join(machine, "sys/devices"));
	const { stdout, stderr, status } = amidPoison(["coldplug", "-n", "--order", "-d", machine, "-S", release]);
	t.is(stdout, "");
	t.is(stderr, `coldplug: could not walk ${machine}/sys/devices: ELOOP\n`);
	t.is(status, 1);
});

test("what of a capture leads out of it or nowhere is told: directories of the configuration, and attributes", (t) => {
	const machine = copyMachine();
	for (const place of ["etc/modprobe.d", "etc/hotplugd"])
		rmSync(join(machine, place), { recursive: true, force: true });
	symlinkSync("/usr/nowhere", join(machine, "etc/hotplugd"));
	symlinkSync("../../etc/modprobe.d", join(machine, "etc/modprobe.d"));
	mkdirSync(join(machine, "sys/devices/odd"));
	symlinkSync("/sys/kernel/uevent_seqnum", join(machine, "sys/devices/odd/modalias"));
	const { stderr, status } = amidPoison(["coldplug", "-n", "--order", "-d", machine, "-S", release]);
	t.is(
		stderr,
		[
			`coldplug: ${machine}/etc/modprobe.d: cannot be listed (ELOOP), so nothing in it counts`,
			`coldplug: ${machine}/etc/hotplugd/rules.d: is reached by a dangling symbolic link, so nothing in it counts`,
			"coldplug: skipped /devices/odd: its modalias cannot be read: it is a symbolic link, and no regular file\n",
		].join("\n"),
	);
	t.is(status, 1);
	rmSync(join(machine, "etc/modprobe.d"));
	symlinkSync(tmpdir(), join(machine, "etc/modprobe.d"));
	const checked = amidPoison(["check", "-d", machine, "-S", release]);
	t.true(
		checked.stdout.includes(
			`${machine}/etc/modprobe.d: is reached by a dangling symbolic link, so nothing in it counts\n`,
		),
	);
});

test("where a root has modules of other kernels alone, those are named, with the option that takes them", async (t) => {
	const files = { "/other/lib/modules/9.9/modules.dep.bin": "", "/other/lib/modules/empty/modules.order": "" };
	const machine = makeFakeMachine({ world: { modules: {} }, files });
	t.is(await coldplug.start(["--dry-run", "-d", "/other"], machine), 1);
	t.is(
		machine.complained(),
		`coldplug: /other/lib/modules/${RELEASE} has no modules.dep.bin: it is there for 9.9, which -S (--set-version) takes\n`,
	);
});
