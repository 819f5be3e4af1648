// Saves the code that V8 has compiled once the commands that must start fast have run. The cache fits only this build of node.
"use strict";
// The debugger stays closed, as in main.cjs.
process.on("SIGUSR1", () => {});
const { randomBytes } = require("node:crypto");
const { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync } = require("node:fs");
const { readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { dirname, join } = require("node:path");
const { gunzipSync } = require("node:zlib");
const { bundle, cache, scripts } = require("./main.js");
const insertionProcess = require("./insertion-process.js");

const captured = unpackMachine(`${__dirname}/../fixtures/machine.json`);
const settingsAndRules = ["--config", `${__dirname}/../config/hotplugd.toml`, "--policy", `${__dirname}/../rules`];
const ask = ["-d", captured, "-S", "6.1.0-56-amd64", "-C", `${captured}/etc/modprobe.d`];

/** The captured machine. Its drivers load at once, and its devices send no events. */
const machine = {
	...bundle.thisMachine,
	environment: {},
	print() {},
	complain() {},
	beginInsertionProcess: async ({ insert }) => ({ insert, size() {}, async close() {} }),
	onStopSignal() {},
	sizeThreadPool: async () => {},
	// An agent that has settled.
	service: async () => ({ ask: async () => Buffer.from('{"ok":true,"settled":true,"waiting_for":[]}') }),
	kernel: async (options) => ({
		...(await bundle.thisMachine.kernel(options)),
		insert: async () => {},
		run: async () => 0,
	}),
	async devices(_, options) {
		const { present } = await bundle.thisMachine.devices(`${captured}/sys`, options);
		return { present, listen: async () => () => ({ receiveBuffer: 0, drops: () => 0, close() {} }) };
	},
};

/** Runs what must start fast. Other code is compiled when it is needed. */
async function warmUp() {
	await run("hotplugd", "--version");
	const dryRun = ["coldplug", "--dry-run", ...ask, "--sysfs", `${captured}/sys`];
	// An image may have the executable without these files, and an administrator may have damaged them.
	await run(...dryRun, ...settingsAndRules).catch(() => run(...dryRun));
	await run("coldplug", "--quiet", "0", ...ask);
	await run("coldplug", "--help");
	// The module would be loaded, which is the status 3.
	await run("hotplugd", "explain", "e1000", ...ask, "--sysfs", `${captured}/sys`).catch(() => undefined);
	await run("hotplugd", "settle");
	// The listener is only loaded: a build must not need the right to listen.
	const { listen } = await bundle.thisMachine.devices("/sys");
	await listen(0).catch(() => undefined);
}

async function run(...words) {
	const status = await bundle.run([process.execPath, ...words], machine);
	if (status !== 0) throw new Error(`${words.join(" ")} exits with ${status}`);
}

/** Unpacks the captured machine into a folder, since the functions that read files are those that a boot needs. */
function unpackMachine(file) {
	const { devices, files, modules } = JSON.parse(readFileSync(file, "utf8"));
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-machine-"));
	process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
	const write = (path, content) => {
		mkdirSync(dirname(folder + path), { recursive: true });
		writeFileSync(folder + path, content);
	};
	for (const { devpath, modalias, uevent } of devices) {
		if (modalias !== undefined) write(`/sys${devpath}/modalias`, `${modalias}\n`);
		if (uevent !== undefined) write(`/sys${devpath}/uevent`, `${uevent}\n`);
	}
	for (const [path, content] of Object.entries(files)) write(path, content);
	for (const [name, { gzip }] of Object.entries(modules.files))
		write(`${modules.directory}/${name}`, gunzipSync(Buffer.from(gzip, "base64")));
	return folder;
}

/** Replaces the file as a whole, even if the power fails. */
function replace(file, content) {
	const draft = `${file}.${randomBytes(12).toString("hex")}`;
	try {
		const descriptor = openSync(draft, "wx");
		writeFileSync(descriptor, content);
		fsyncSync(descriptor);
		closeSync(descriptor);
		renameSync(draft, file);
	} catch (error) {
		rmSync(draft, { force: true });
		throw error;
	}
}

function save() {
	mkdirSync(cache, { recursive: true });
	for (const [name, script] of [...scripts, ...insertionProcess.scripts])
		replace(`${cache}/${name}`, script.createCachedData());
}

warmUp()
	.then(save)
	.catch((error) => {
		process.stderr.write(`hotplugd: cannot make a code cache: ${error.message}\n`);
		process.exitCode = 1;
	});
