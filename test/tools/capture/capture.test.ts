// hotplugd capture: where it writes, what it says of what it could not read, and wrong calls.
import { execFile } from "node:child_process";
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import test from "ava";
import { parseCapture } from "../../../src/agent/capture/capture-format.js";
import { thisMachine } from "../../../src/this-machine.js";
import { ourTool } from "../../support/fakes/tool-in-process.js";
import { compile } from "../../support/running/c-program.js";
import { planted, writePlantedMachine } from "../../support/worlds/planted-machine.js";
import { RELEASE } from "../../support/worlds/world.js";

const folder = mkdtempSync(join(tmpdir(), "capture-"));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, "machine");
writePlantedMachine(root, thisMachine.rulesDirectory);

const place = (name: string): string => join(folder, name);

test("FILE is written whole, compressed where it ends in .gz; without FILE and with - it goes to standard output", async (t) => {
	const bare = await ourTool("hotplugd", "capture", "-d", root);
	const dashed = await ourTool("hotplugd", "capture", "-d", root, "-");
	t.is(dashed.stdout, bare.stdout);
	t.true(bare.stdout.endsWith("}\n"));
	const written = await ourTool("hotplugd", "capture", "-d", root, place("a.json"));
	t.deepEqual(written, { status: 0, stdout: "", stderr: "" });
	t.is(readFileSync(place("a.json"), "latin1"), bare.stdout);
	await ourTool("hotplugd", "capture", "-d", root, place("a.json.gz"));
	t.is(gunzipSync(readFileSync(place("a.json.gz"))).toString("latin1"), bare.stdout);
	t.is(parseCapture(readFileSync(place("a.json"))).release, RELEASE);
	t.deepEqual(await ourTool("hotplugd", "capture", "-d", root, place("no/such/a.json")), {
		status: 1,
		stdout: "",
		stderr: `hotplugd capture: could not write ${place("no/such/a.json")}: ENOENT\n`,
	});
});

test("with --without-indexes there are digests, and the package that has the indexes", async (t) => {
	const { stdout } = await ourTool("hotplugd", "capture", "--without-indexes", "-d", root);
	const { modules } = parseCapture(Buffer.from(stdout, "latin1"));
	t.deepEqual(modules?.package, { name: "linux-image-6.0.0", version: "6.0.0-1" });
	t.is(modules?.files["modules.alias.bin"]?.gzip, undefined);
	t.regex(modules?.files["modules.alias.bin"]?.sha256 ?? "", /^[0-9a-f]{64}$/);
});

test("the log that --log names is taken, and its sentences are masked", async (t) => {
	const outcome = {
		kind: "outcome",
		module: "e1000e",
		result: "failed",
		errno: "ENODEV",
		explanation: `no hardware on ${planted.host}`,
	};
	writeFileSync(place(`${planted.user}.log`), `${JSON.stringify(outcome)}\nno JSON\n`);
	const { stdout, stderr } = await ourTool("hotplugd", "capture", "-d", root, "--log", place(`${planted.user}.log`));
	t.is(stderr, `hotplugd capture: ${place(`${planted.user}.log`)}: a line is no JSON object, and passed by\n`);
	const { answers, lacks } = parseCapture(Buffer.from(stdout, "latin1"));
	t.deepEqual(answers, [
		{
			module: "e1000e",
			result: "failed",
			errno: "ENODEV",
			explanation: "no hardware on maskedhost1",
			from: { kind: "log", source: { file: place("maskeduser2.log"), line: 1 } },
		},
	]);
	t.false(lacks?.includes("answers"));
});

test("a wrong call is told in a line", async (t) => {
	const refused = async (...words: readonly string[]) => {
		const { status, stdout, stderr } = await ourTool("hotplugd", "capture", ...words);
		t.is(stdout, "");
		return { status, stderr };
	};
	t.deepEqual(await refused("-d", place("nowhere")), {
		status: 2,
		stderr: `hotplugd capture: -d ${place("nowhere")}: there is no such directory\n`,
	});
	t.deepEqual(await refused("-d", root, "--log", place("nolog")), {
		status: 2,
		stderr: `hotplugd capture: --log ${place("nolog")}: there is no such file\n`,
	});
	t.deepEqual(await refused("a", "b"), {
		status: 2,
		stderr: "hotplugd capture: unexpected argument 'b'\nTry 'hotplugd capture --help'.\n",
	});
	for (const release of ["6.1.0", "6.2.0"]) mkdirSync(place(`several/lib/modules/${release}`), { recursive: true });
	t.deepEqual(await refused("-d", place("several")), {
		status: 2,
		stderr: `hotplugd capture: ${place("several")}/lib/modules has the modules of several kernels, and -S says which: 6.1.0, 6.2.0\n`,
	});
	t.is((await refused("-d", place("several"), "-S", "6.1.0")).status, 1, "there are no devices");
});

type Ended = { readonly status: number; readonly stdout: string; readonly stderr: string };

/** Runs the executable in a process of its own. */
function runCapture(words: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
	return new Promise((resolve) => {
		const env = { ...process.env, ...environment };
		const whole = { env, maxBuffer: 2 ** 26, encoding: "latin1" } as const;
		execFile(process.execPath, ["dist/main.js", "capture", ...words], whole, (error, stdout, stderr) =>
			resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
		);
	});
}

test("an attribute that does not answer is given up, and the capture says what it lacks", async (t) => {
	const { status, stdout, stderr } = await runCapture(["-d", root], {
		LD_PRELOAD: compile("odd-attributes", "-shared", "-fPIC", "-ldl"),
		ODD_ATTRIBUTES: `/dock.0/uevent=${place("never")};/nvme0/uevent=5`,
	});
	t.is(stderr, "hotplugd capture: could not be read, and is not in the capture: devices.uevent\n");
	t.is(status, 0);
	const { devices, lacks } = parseCapture(Buffer.from(stdout, "latin1"));
	t.true(lacks?.includes("devices.uevent"));
	t.deepEqual(
		devices.find(({ devpath }) => devpath.endsWith("/dock.0")),
		{ devpath: "/devices/platform/dock.0", subsystem: "platform", onBus: true, modalias: "dock:korn" },
	);
	t.false(existsSync(place("never")));
});

test("what this user may not read is named, and the rest is taken", async (t) => {
	const other = place("closed");
	writePlantedMachine(other, thisMachine.rulesDirectory);
	chmodSync(join(other, "etc/modprobe.d/zebra.conf"), 0);
	chmodSync(join(other, `etc/modprobe.d/${planted.user}.conf`), 0);
	chmodSync(join(other, "dev/kmsg"), 0);
	symlinkSync("nowhere", join(other, "etc/modprobe.d/dangling.conf"));
	mkdirSync(join(other, "etc/modprobe.d/nested.conf"));
	const words = [process.execPath, "dist/main.js", "capture", "-d", other];
	const user = process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : [];
	const [program = "", ...more] = [...user, ...words];
	const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
		execFile(program, more, { encoding: "latin1", maxBuffer: 2 ** 26 }, (_, out, complaints) =>
			resolve({ stdout: out, stderr: complaints }),
		);
	});
	t.is(
		stderr,
		`hotplugd capture: could not be read, and is not in the capture: /etc/modprobe.d/${planted.user}.conf, /etc/modprobe.d/zebra.conf, log\n`,
	);
	const { files, lacks, log } = parseCapture(Buffer.from(stdout, "latin1"));
	t.is(log, undefined);
	t.true(lacks?.includes("/etc/modprobe.d/zebra.conf"));
	t.true(lacks?.includes("/etc/modprobe.d/alpha.conf.maskeduser1.conf"), `${lacks}`);
	t.deepEqual(
		Object.keys(files).filter((path) => /dangling|nested|zebra/.test(path)),
		[],
	);
});
