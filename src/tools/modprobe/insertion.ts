// modprobe NAME: inserts the modules that a name or alias stands for. With -D it prints the steps instead, with -R the module
// names.

import { Refusal } from "../../libkmod/kernel/kernel.js";
import { AlreadyLoaded, CommandFailure, NoModuleFile } from "../../libkmod/kmod/failures.js";
import type { Module } from "../../libkmod/kmod/module.js";
import { findModules } from "../../libkmod/kmod/modules.js";
import type { ProbeOptions } from "../../libkmod/kmod/probe.js";
import type { Step } from "../../libkmod/planning/plan-insertion.js";
import { formatErrno } from "../../libkmod/text/error-text.js";
import { oneLine } from "../command-line/guarded-machine.js";
import { type Call, giveUp, isOfReader } from "./call.js";
import { explainAnswer, explainLeftOut } from "./explain.js";
import { aliasRecords, blacklistRecord, formatRecords, stepRecord } from "./json.js";
import { joinParameters } from "./parameters.js";

/** Inserts the modules of the operands. @returns the exit status. @throws {Fatal} */
export async function insertAsked(call: Call): Promise<number> {
	const { given, operands } = call;
	const [first = "", ...words] = operands;
	if (!given.all) return insertOne(call, first, joinParameters(words));
	let status = 0;
	for (const operand of operands) status = (await insertOne(call, operand, "")) || status;
	return status;
}

/** Inserts the modules of one operand. When the operand stands for several, the last one sets the exit status, as in kmod. */
async function insertOne(call: Call, operand: string, parameters: string): Promise<number> {
	const modules = isPath(operand) ? findFile(call, operand) : findModules(call.kmod.knowledge(), operand);
	if (modules instanceof Refusal) {
		giveUp(call, `Failed to get module from path ${operand}: ${formatErrno(modules)}`);
		return 1;
	}
	if (modules.length === 0) {
		giveUp(call, `Module ${operand} not found in directory ${call.kmod.moduleDirectory}`);
		return 1;
	}
	if (call.given.showAlias) {
		call.machine.print(formatAliases(call, operand, modules));
		return 0;
	}
	let status = 0;
	for (const module of modules) status = await probe(call, operand, module, parameters);
	return status;
}

function formatAliases({ kmod, given, machine }: Call, operand: string, modules: readonly Module[]): string {
	if (!given.json) return modules.map(({ name }) => `${oneLine(machine, 1, name)}\n`).join("");
	if (!isPath(operand)) return formatRecords(aliasRecords(kmod, operand));
	return formatRecords(modules.map(({ name }) => ({ asked: operand, module: name, via: "file", pattern: operand })));
}

/** The module in a file, or the reason why the file has none. */
function findFile({ kmod }: Call, operand: string): Module[] | Refusal {
	try {
		const module = kmod.moduleAt(operand);
		return module === undefined ? new Refusal({ operation: "stat", subject: operand, code: "ENOENT" }) : [module];
	} catch (error) {
		if (error instanceof Refusal) return error;
		throw error;
	}
}

/** Whether an operand is a path. Any other operand with a slash is an alias, since aliases may contain slashes. */
function isPath(operand: string): boolean {
	return operand.startsWith("/") || operand.startsWith("./");
}

async function probe(call: Call, operand: string, module: Module, parameters: string): Promise<number> {
	const { kmod, say, given, machine } = call;
	/** The parameters of each module by its path. */
	const inserted = new Map<string, string>();
	try {
		const probed = await kmod.probe(module, {
			...probeOptions(call, parameters),
			onStep: (step) => {
				if (step.how === "insert") inserted.set(step.path, step.parameters);
				if (call.printing) machine.print(formatStep(call, operand, step));
			},
		});
		if (given.json && given.showDepends)
			machine.print(formatRecords(probed.blacklisted.map((line) => blacklistRecord(operand, line))));
		for (const why of explainLeftOut(kmod, module, probed)) say("NOTICE", why);
		return 0;
	} catch (error) {
		if (!isFailure(error) || isOfReader(error)) throw error;
		say("ERROR", `could not insert '${module.name}': ${formatFailure(error)}`);
		const meaning =
			error instanceof Refusal ? await explainAnswer(call.kernel, error, inserted.get(error.subject)) : undefined;
		if (meaning !== undefined) call.explain(meaning);
		return 1;
	}
}

type Failure = Refusal | AlreadyLoaded | CommandFailure | NoModuleFile;

function isFailure(error: unknown): error is Failure {
	return [Refusal, AlreadyLoaded, CommandFailure, NoModuleFile].some((kind) => error instanceof kind);
}

function formatFailure(failure: Failure): string {
	if (!(failure instanceof Refusal))
		return answers[failure.errnoName] ?? formatErrno({ code: failure.errnoName, errno: 0 });
	return failure.reason ?? answers[failure.code] ?? formatErrno(failure);
}

const answers: Readonly<Record<string, string>> = {
	EEXIST: "Module already in kernel",
	ENOENT: "Unknown symbol in module, or unknown parameter (see dmesg)",
};

function probeOptions(call: Call, parameters: string): ProbeOptions {
	const { given, runCommand } = call;
	return {
		parameters,
		runCommand,
		forceVermagic: given.force || given.forceVermagic,
		forceModversion: given.force || given.forceModversion,
		ignoreCommand: given.ignoreInstall,
		ignoreLoaded: given.showDepends,
		failOnLoaded: given.firstTime,
		dryRun: given.showDepends || given.dryRun,
		blacklist: given.useBlacklist ? "module" : "alias only",
	};
}

/** Formats a step as kmod does: a blank follows the path even when there are no parameters. */
function formatStep({ given, machine }: Call, operand: string, step: Step): string {
	if (given.json && given.showDepends) return formatRecords([stepRecord(operand, step)]);
	const line = describeStep(step);
	return line === undefined ? "" : `${oneLine(machine, 1, line)}\n`;
}

function describeStep(step: Step): string | undefined {
	switch (step.how) {
		case "insert":
			return `insmod ${step.path} ${step.parameters}`;
		case "run":
			return `install ${step.command} ${step.parameters}`;
		case "builtin":
			return `builtin ${step.module}`;
		// Masks come from hotplugd's policy, which modprobe does not read: modprobe masks a module by an install line alone.
		case "masked":
		case "missing":
			return undefined;
	}
}
