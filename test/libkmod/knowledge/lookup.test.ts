import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type Knowledge, readKnowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { lookUp } from "../../../src/libkmod/knowledge/lookup.js";
import { listProbe, type Step } from "../../../src/libkmod/planning/plan-insertion.js";
import { files } from "../../../src/linux/files/files.js";
import { chunks, modprobe } from "../../support/real/real-kmod.js";
import { kernelPackage } from "../../support/vm/images/kernel-package.js";

type Package = { root: string; release: string; knowledge: Knowledge; directory: string };

async function openPackage(): Promise<Package> {
	const { root, release } = await kernelPackage();
	const directory = join(root, "lib/modules", release);
	const knowledge = readKnowledge(files, { moduleDirectory: directory, configPaths: ["/dev/null"] });
	return { root, release, knowledge, directory };
}

const real = ({ root, release }: Package, ...words: readonly string[]) =>
	modprobe("-C", "/dev/null", "-d", root, "-S", release, "-q", ...words);

/** A string that the pattern matches: each bracket becomes its first member, and each wildcard the character 0. */
function concrete(pattern: string): string {
	return pattern.replaceAll(/\[([^\]])[^\]]*\]/g, "$1").replaceAll(/[*?]/g, "0");
}

test("every alias of Debian's kernel gives real kmod's modules in real kmod's order", async (t) => {
	const kernel = await openPackage();
	const patterns = [...readFileSync(join(kernel.directory, "modules.alias"), "latin1").matchAll(/^alias (.*) \S+$/gm)];
	const aliases = [...new Set(patterns.map(([, pattern]) => concrete(pattern ?? "")))];
	let compared = 0;
	for (const chunk of chunks(aliases, 1000)) {
		const ours = chunk.flatMap((alias) => lookUp(kernel.knowledge, alias).map(({ module }) => module));
		compared += ours.length;
		t.is(ours.join("\n"), real(kernel, "-a", "-R", ...chunk).trimEnd());
	}
	t.log(`${aliases.length} aliases, ${compared} modules`);
	t.true(aliases.length > 10_000 && compared > aliases.length);
});

test("the plan of every module of Debian's kernel is modprobe -D's, repeats kept", async (t) => {
	const kernel = await openPackage();
	const paths = [...readFileSync(join(kernel.directory, "modules.dep"), "latin1").matchAll(/^([^:]+):/gm)];
	const names = paths.map(([, path]) => (path ?? "").replace(/.*\//, "").replace(/\..*/, ""));
	let lines = 0;
	for (const chunk of chunks(names, 500)) {
		const ours = chunk.flatMap((name) =>
			lookUp(kernel.knowledge, name).flatMap(({ module }) =>
				listProbe(kernel.knowledge, { module, cause: { kind: "name" } }),
			),
		);
		lines += ours.length;
		t.is(ours.map(formatStep).join(""), real(kernel, "-a", "-D", ...chunk));
	}
	t.log(`${names.length} modules, ${lines} lines`);
	t.true(names.length > 1000 && lines > names.length);
});

function formatStep(step: Step): string {
	if (step.how === "insert") return `insmod ${step.path} ${step.parameters}\n`;
	return `${step.how} ${step.module}\n`;
}
