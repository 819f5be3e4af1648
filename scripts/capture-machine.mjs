// Makes fixtures/machine: the devices of the test suite's virtual machine, as its /sys shows them once their drivers are loaded,
// and the indexes of its kernel, reduced to the modules that those devices can ask for. With --indexes-only the devices stay as
// they are.
import "./no-debugger.mjs";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildIndex, IndexEntries } from "../dist/src/libkmod/formats/index-build.js";
import { listEntries, openIndex } from "../dist/src/libkmod/formats/index-file.js";
import { readKnowledge } from "../dist/src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../dist/src/libkmod/knowledge/lookup.js";
import { listProbe } from "../dist/src/libkmod/planning/plan-insertion.js";
import { files } from "../dist/src/linux/files/files.js";
import { kernelPackage } from "../dist/test/support/vm/images/kernel-package.js";
import { boot, coldplugDevices } from "../dist/test/support/vm/vm.js";

const fixture = "fixtures/machine";

// A line for each file: its path, a tab, and its content in base64.
const capture = `. /vm/functions; udev_coldplug >&2; stand_still
cd /sys; find devices '(' -name modalias -o -name uevent ')' | LC_ALL=C sort | while IFS= read -r file; do
	if content=$(base64 -w0 "$file" 2>/dev/null); then printf '%s\\t%s\\n' "$file" "$content"; fi
done`;

async function captureDevices() {
	const { stdout, status, stderr } = await boot({ devices: coldplugDevices, script: capture, seconds: 600 });
	if (status !== 0) throw new Error(`the capture failed: ${stderr}`);
	const captured = stdout
		.toString()
		.trim()
		.split("\n")
		.map((line) => line.split("\t"));
	const contents = new Map(captured.map(([path, content]) => [path, Buffer.from(content ?? "", "base64")]));
	const withAlias = [...contents].filter(
		([path, content]) => content.length > 0 && (path.endsWith("/modalias") || content.includes("MODALIAS=")),
	);
	const folders = new Set(withAlias.map(([path]) => dirname(path)));
	return [...contents].filter(([path, content]) => folders.has(dirname(path)) && content.length > 0);
}

function listAliases(captured) {
	const lines = captured.flatMap(([path, content]) => {
		const text = content
			.toString("latin1")
			.split("\n")
			.filter((line) => line !== "");
		return path.endsWith("/modalias") ? text : text.flatMap((line) => /^MODALIAS=(.+)$/.exec(line)?.[1] ?? []);
	});
	return [...new Set(lines)];
}

function cutIndexes(root, release, aliases) {
	const moduleDirectory = join(root, "lib/modules", release);
	const knowledge = readKnowledge(files, { moduleDirectory, configPaths: ["/dev/null"] });
	const found = aliases.flatMap((alias) => lookUp(knowledge, alias).map(({ module }) => module));
	const needed = new Set(
		found.flatMap((module) => listProbe(knowledge, { module, cause: { kind: "name" } }).map((step) => step.module)),
	);
	const directory = join(fixture, "lib/modules", release);
	mkdirSync(directory, { recursive: true });
	const cut = (name, keep) => {
		const bytes = files.read(join(moduleDirectory, name));
		const kept = [...listEntries(openIndex(name, bytes))].filter(keep);
		writeFileSync(join(directory, name), buildIndex(IndexEntries.of(kept.toReversed())));
		return kept.length;
	};
	const byKey = ({ key }) => needed.has(key);
	const byValue = ({ value }) => needed.has(value);
	const counts = {
		dep: cut("modules.dep.bin", byKey),
		alias: cut("modules.alias.bin", byValue),
		// No device asks for a symbol, so the index of symbols is empty.
		symbols: cut("modules.symbols.bin", () => false),
		builtin: cut("modules.builtin.bin", () => true),
		builtinAlias: cut("modules.builtin.alias.bin", () => true),
	};
	const softdeps = readFileSync(join(moduleDirectory, "modules.softdep"), "latin1").split("\n");
	const kept = softdeps.filter((line) => line.startsWith("#") || needed.has(line.split(" ")[1]?.replaceAll("-", "_")));
	writeFileSync(join(directory, "modules.softdep"), `${kept.join("\n")}\n`);
	return { modules: needed.size, ...counts };
}

function readDevices() {
	const paths = readdirSync(join(fixture, "sys"), { recursive: true, encoding: "utf8" });
	return paths
		.filter((path) => /\/(modalias|uevent)$/.test(path))
		.map((path) => [path, readFileSync(join(fixture, "sys", path))]);
}

function writeDevices(captured) {
	rmSync(join(fixture, "sys"), { recursive: true, force: true });
	for (const [path, content] of captured) {
		const file = join(fixture, "sys", path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, content);
	}
}

const { root, release } = await kernelPackage();
if (!process.argv.includes("--indexes-only")) writeDevices(await captureDevices());
rmSync(join(fixture, "lib"), { recursive: true, force: true });
const captured = readDevices();
const aliases = listAliases(captured);
console.log({ files: captured.length, aliases: aliases.length, ...cutIndexes(root, release, aliases) });
