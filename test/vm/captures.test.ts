// A machine in a file: what the commands say in a virtual machine, and what they say here of its captures, by `hotplugd capture`, by
// the shell script under busybox and by `udevadm info --export-db`.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { ourTool, type Said } from "../support/fakes/tool-in-process.js";
import { type KernelPackage, kernelPackage } from "../support/vm/images/kernel-package.js";
import { shell } from "../support/vm/machines/command.js";
import { boot, coldplugDevices } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

/** What is asked, in the machine and of each capture: words of hotplugd, by the name of the answer's file. */
const questions: Readonly<Record<string, readonly string[]>> = {
	plan: ["coldplug", "-n", "--json"],
	cold: ["coldplug", "-n", "--cold", "--json"],
	explain: ["explain", "--json", "e1000", "nvme", "tulip", "pcspkr", "virtio_blk", "nosuch", "/sys/class/block/vda"],
	lsmod: ["lsmod"],
};

/** Configuration that decides something. Those modules are slow to come under emulation. */
const configuration = `blacklist tulip
blacklist am53c974
blacklist sym53c8xx
blacklist kvm_amd
blacklist kvm
blacklist aesni_intel
blacklist snd_hda_intel
options loop max_loop=3
install pcspkr /bin/false
softdep e1000 pre: loop
`;

const ask = ([name, words]: readonly [string, readonly string[]]) =>
	`hotplugd ${words.join(" ")} >${name} 2>${name}.errors; echo $? >${name}.status`;

/** The script takes a processor for itself. */
const script = `mkdir /run/answers /run/applets
cd /run/answers
coldplug --quiet 100 || exit
busybox --install -s /run/applets
env -i PATH=/run/applets /run/applets/sh /opt/hotplugd/src/capture-script/hotplugd-capture script.json 2>script.errors &
${Object.entries(questions).map(ask).join("\n")}
hotplugd capture command.json || exit
udevadm info --export-db >export.txt || exit
wait $! || exit
tar -cz *
`;

/** This machine's lists, which serve for the names of another machine's devices too. */
function hardwareNames(): Readonly<Record<string, Buffer>> {
	const paths = ["pci.ids", "usb.ids"].flatMap((name) => [`/usr/share/misc/${name}`, `/usr/share/hwdata/${name}`]);
	return Object.fromEntries(paths.filter((path) => existsSync(path)).map((path) => [path, readFileSync(path)]));
}

/** A folder of what the machine has answered. */
async function answersOfMachine(t: ExecutionContext): Promise<string> {
	const files = { ...hardwareNames(), "/etc/modprobe.d/captures.conf": configuration };
	const { bytes, stderr, status } = await boot({ devices: coldplugDevices, files, script, seconds: 900 });
	t.is(stderr, "");
	t.is(status, 0);
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-captures-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	writeFileSync(join(folder, "answers.tar.gz"), bytes);
	await shell('cd "$1"; tar -xzf answers.tar.gz', folder);
	return folder;
}

vmTest(
	"captures by the command and by the script are explained elsewhere as the machine is at home, byte for byte, and an export of udev's where it tells",
	async (t) => {
		const [folder, kernel] = await Promise.all([answersOfMachine(t), kernelPackage()]);
		const inFolder = (name: string) => join(folder, name);
		const read = (name: string) => readFileSync(inFolder(name), "latin1");
		t.is(read("script.errors"), "");
		const captures: [string, readonly string[]][] = [];
		for (const by of ["command", "script"]) {
			writeFileSync(inFolder(`${by}-digests.json`), withDigestsAlone(read(`${by}.json`)), "latin1");
			captures.push([`${by}.json`, []], [`${by}-digests.json`, ["-d", kernel.root]]);
		}
		for (const [file, more] of captures)
			for (const [name, words] of Object.entries(questions)) {
				const options = name === "lsmod" ? [] : more;
				const said = await ourTool("hotplugd", ...words, "--machine", inFolder(file), ...options);
				const home = { status: Number(read(`${name}.status`)), stdout: read(name), stderr: read(`${name}.errors`) };
				t.true(home.stdout.length > 1000);
				t.true(isEqual(said, home), `${words.join(" ")} of ${file}:\n${firstDifference(said, home)}`);
			}
		await comparesWithExport(t, folder, kernel);
	},
);

/** The capture as `--without-indexes` writes it. */
function withDigestsAlone(text: string): string {
	const digests = text.replaceAll(/,"gzip":"[^"]*"/g, "");
	if (digests.length === text.length) throw new Error("no index is in the capture");
	return digests;
}

const isEqual = (one: Said, two: Said) => JSON.stringify(one) === JSON.stringify(two);

/** The first lines that differ: all that differ are too many to be read. */
function firstDifference(said: Said, home: Said): string {
	const [ours, theirs] = [said, home].map(({ status, stdout, stderr }) =>
		`${status}\n${stderr}\n${stdout}`.split("\n"),
	);
	const at = ours!.findIndex((line, index) => line !== theirs![index]);
	return `${ours![at]}\nat home\n${theirs![at]}`;
}

/**
 * The export has no configuration, no modules, and no device without a subsystem: all but the last are named by options here. Batches
 * are cut elsewhere, since devices without an alias lack too.
 */
async function comparesWithExport(t: ExecutionContext, folder: string, kernel: KernelPackage): Promise<void> {
	const configured = join(folder, "etc/modprobe.d");
	mkdirSync(configured, { recursive: true });
	writeFileSync(join(configured, "captures.conf"), configuration);
	const more = ["-d", kernel.root, "-S", kernel.release, "-C", configured];
	const said = await ourTool("hotplugd", ...questions.cold!, "--machine", join(folder, "export.txt"), ...more);
	t.is(said.status, 0);
	t.regex(said.stderr, /does not tell which modules are live/);
	const ours = recordsOf(said.stdout.replaceAll(folder, ""));
	const home = recordsOf(readFileSync(join(folder, "cold"), "latin1"));
	const exported = `\n${readFileSync(join(folder, "export.txt"), "latin1")}`;
	const isExported = ({ device }: PlanRecord) => exported.includes(`\nP: ${device}\n`);
	const [told, untold] = [home.decisions.filter(isExported), home.decisions.filter((one) => !isExported(one))];
	t.log(`${told.length} decisions of ${home.decisions.length} are in the export, ${home.steps.length} modules`);
	t.deepEqual(ours.decisions, told);
	t.deepEqual(
		untold.map(({ device }) => device),
		["/devices/system/cpu"],
	);
	t.true(told.length > 100);
	t.deepEqual(ours.steps, home.steps);
	t.true(home.steps.length > 80);
}

type PlanRecord = { readonly kind: string; readonly device?: string; readonly module?: string };

/** Of a plan: what was decided for each device, and the modules that come of it, sorted, with how each comes to be loaded. */
function recordsOf(stdout: string) {
	const records = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	const ofKind = (wanted: string) => records.filter(({ kind }) => kind === wanted);
	const decisions: PlanRecord[] = ofKind("decision").map(({ batch: _, ...rest }) => rest);
	const steps = ofKind("step").map(({ module, how, path, parameters }) => ({ module, how, path, parameters }));
	return { decisions, steps: steps.sort((one, two) => (one.module < two.module ? -1 : 1)) };
}
