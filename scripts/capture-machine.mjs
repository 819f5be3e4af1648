// Makes fixtures/machine.json: what `hotplugd capture` writes in the test suite's virtual machine once its drivers are loaded. The
// indexes are reduced to the modules that its devices can ask for, and those that are live; devices of which a machine has many, and
// no kernel gives them an alias, are left out. With a file as argument, that capture is reduced, and no machine is booted.
import "./no-debugger.mjs";
import { readFileSync, writeFileSync } from "node:fs";
import { formatCapture, parseCapture } from "../dist/src/agent/capture/capture-format.js";
import { openCapture } from "../dist/src/agent/capture/captured-machine.js";
import { listLive } from "../dist/src/agent/decisions/live-modules.js";
import { buildIndex, IndexEntries } from "../dist/src/libkmod/formats/index-build.js";
import { listEntries, openIndex } from "../dist/src/libkmod/formats/index-file.js";
import { bounds } from "../dist/src/libkmod/kernel/bounds.js";
import { readKnowledge } from "../dist/src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../dist/src/libkmod/knowledge/lookup.js";
import { listProbe } from "../dist/src/libkmod/planning/plan-insertion.js";
import { captureFiles } from "../dist/src/linux/captures/capture-files.js";
import { boot, coldplugDevices } from "../dist/test/support/vm/vm.js";

const fixture = "fixtures/machine.json";

/** What an operator may have written: each line shows up in the dry run with its place. */
const configuration = `# The captured machine's own.
blacklist i6300esb
install kvaser_pci /bin/false
options snd_hda_intel power_save=10
softdep sdhci_pci pre: sdhci
`;

async function captureMachine() {
	const script = ". /vm/functions; udev_coldplug >&2; stand_still >&2; hotplugd capture -";
	const files = { "/etc/modprobe.d/example.conf": configuration };
	const { stdout, status, stderr } = await boot({ devices: coldplugDevices, files, script, seconds: 600 });
	if (status !== 0) throw new Error(`the capture failed: ${stderr}`);
	return Buffer.from(stdout);
}

const CROWDS = /^\/devices\/(?:system\/(?:memory|node)|virtual\/(?:bdi|mem|misc|tty|vc|vtconsole|workqueue))\//;

const hasAlias = ({ modalias, uevent = "" }) => modalias !== undefined || uevent.includes("MODALIAS=");

/** The modules that a lookup can lead to: of all aliases, and of all live modules, with what they need. */
function listNeeded(capture, { kernel, devices }) {
	const knowledge = readKnowledge(kernel, { moduleDirectory: capture.modules.directory, configPaths: ["/dev/null"] });
	const found = [...devices.present()].flatMap(({ aliases }) =>
		aliases.flatMap((alias) => lookUp(knowledge, alias).map(({ module }) => module)),
	);
	const wanted = [...found, ...listLive(kernel)];
	const needs = wanted.flatMap((module) => listProbe(knowledge, { module, cause: { kind: "name" } }));
	return new Set([...wanted, ...needs.map(({ module }) => module)]);
}

function reduce(capture) {
	const opened = openCapture(capture, captureFiles);
	const needed = listNeeded(capture, opened);
	const read = (name) => opened.kernel.read(`${capture.modules.directory}/${name}`, bounds.index);
	const cut = (name, keep) => {
		const kept = [...listEntries(openIndex(name, read(name)))].filter(keep);
		return pack(buildIndex(IndexEntries.of(kept.toReversed())));
	};
	/** @param place of the module's name in a line */
	const cutLines = (name, place) => {
		const lines = read(name).toString("latin1").split("\n");
		const isKept = (line) => needed.has(line.split(" ")[place]?.replaceAll("-", "_"));
		const kept = lines.filter((line) => line === "" || line.startsWith("#") || isKept(line));
		return pack(Buffer.from(kept.join("\n"), "latin1"));
	};
	const files = {
		"modules.alias.bin": cut("modules.alias.bin", ({ value }) => needed.has(value)),
		"modules.builtin.alias.bin": cut("modules.builtin.alias.bin", () => true),
		"modules.builtin.bin": cut("modules.builtin.bin", () => true),
		"modules.dep.bin": cut("modules.dep.bin", ({ key }) => needed.has(key)),
		"modules.devname": cutLines("modules.devname", 0),
		"modules.softdep": cutLines("modules.softdep", 1),
		// No device asks for a symbol, so the index of symbols is empty.
		"modules.symbols.bin": cut("modules.symbols.bin", () => false),
	};
	const devices = capture.devices.filter((device) => hasAlias(device) || !CROWDS.test(device.devpath));
	return { ...capture, devices, modules: { ...capture.modules, files } };
}

const pack = (content) => ({
	bytes: content.length,
	sha256: captureFiles.sha256(content),
	gzip: captureFiles.gzip(content).toString("base64"),
});

const [given] = process.argv.slice(2);
const capture = reduce(parseCapture(given === undefined ? await captureMachine() : readFileSync(given)));
writeFileSync(fixture, formatCapture(capture), "latin1");
console.log({ devices: capture.devices.length, bytes: readFileSync(fixture).length });
