// Lookups a second of every alias of Debian's kernel, by ours and by libkmod (a small C program that is built here), in one run.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readKnowledge } from "../../dist/src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../../dist/src/libkmod/knowledge/lookup.js";
import { files } from "../../dist/src/linux/files/files.js";
import { kernelPackage } from "../../dist/test/support/vm/images/kernel-package.js";

const ROUNDS = 10;

export async function benchLookups() {
	const { root, release } = await kernelPackage();
	const directory = join(root, "lib/modules", release);
	const text = readFileSync(join(directory, "modules.alias"), "latin1");
	const patterns = [...text.matchAll(/^alias (.*) \S+$/gm)].map(([, pattern]) => pattern);
	const aliases = [
		...new Set(patterns.map((pattern) => pattern.replaceAll(/\[([^\]])[^\]]*\]/g, "$1").replaceAll(/[*?]/g, "0"))),
	];
	const groups = { all: aliases };
	for (const bus of ["pci", "usb", "of", "acpi", "hid"]) groups[bus] = aliases.filter((alias) => alias.startsWith(bus));
	const program = join(mkdtempSync(join(tmpdir(), "hotplugd-bench-")), "lookups");
	execFileSync("gcc", ["-O2", "-o", program, "scripts/bench/libkmod-lookups.c", "-lkmod"]);
	const knowledge = readKnowledge(files, { moduleDirectory: directory, configPaths: ["/dev/null"] });
	const rows = Object.entries(groups).map(([group, set]) => {
		const theirs = libkmod(program, directory, set);
		const ours = hotplugd(knowledge, set);
		if (ours.found !== theirs.found)
			throw new Error(`${group}: ${ours.found} modules found, by libkmod ${theirs.found}`);
		return {
			lookups: `${group} (${set.length})`,
			"hotplugd/s": Math.round(set.length / ours.seconds),
			"libkmod/s": Math.round(set.length / theirs.seconds),
			ratio: (theirs.seconds / ours.seconds).toFixed(1),
		};
	});
	console.table(rows);
}

function libkmod(program, directory, aliases) {
	const { stdout, status } = spawnSync(program, [directory, String(ROUNDS)], {
		input: `${aliases.join("\n")}\n`,
		encoding: "utf8",
	});
	if (status !== 0) throw new Error("the libkmod program failed");
	const [seconds, found] = stdout.trim().split(" ").map(Number);
	return { seconds, found };
}

/** The time of the quickest round, as libkmod-lookups.c measures it. */
function hotplugd(knowledge, aliases) {
	let seconds = Number.POSITIVE_INFINITY;
	let found = 0;
	for (let round = 0; round < ROUNDS; round++) {
		const begun = process.hrtime.bigint();
		found = 0;
		for (const alias of aliases) found += lookUp(knowledge, alias).length;
		seconds = Math.min(seconds, Number(process.hrtime.bigint() - begun) / 1e9);
	}
	return { seconds, found };
}
