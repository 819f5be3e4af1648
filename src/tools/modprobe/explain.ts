// Explanations that modprobe prints beyond kmod's messages: why nothing was inserted when kmod is silent, and what the kernel
// means by an errno.

import { explainEvidence } from "../../libkmod/evidence/evidence.js";
import { findEvidence } from "../../libkmod/evidence/refusal-evidence.js";
import { formatSource } from "../../libkmod/formats/modprobe-config.js";
import type { Kernel, ModuleFiles, Refusal } from "../../libkmod/kernel/kernel.js";
import type { Kmod } from "../../libkmod/kmod/kmod.js";
import type { Module } from "../../libkmod/kmod/module.js";
import type { Probed } from "../../libkmod/kmod/probe.js";
import { explainFailure } from "../../libkmod/text/explain-refusal.js";
import { normaliseModuleName } from "../../libkmod/text/module-name.js";

export function explainLeftOut(kmod: Kmod, { name }: Module, { steps, ignored, blacklisted }: Probed): string[] {
	const reasons = blacklisted.map(
		({ module, source }) => `${module} is not inserted: ${formatSource(source)} blacklists it`,
	);
	if (steps.length === 0 && blacklisted.length === 0)
		reasons.push(kmod.isBuiltin(name) ? `${name} is built into the kernel` : `${name} is in the kernel already`);
	for (const { step, reason } of ignored)
		reasons.push(`${step.module}, which only a softdep asks for, is not inserted: ${explainFailure(reason)}`);
	for (const step of steps)
		if (step.how === "missing")
			reasons.push(`modules.dep has no file for ${step.module}: run depmod if the file exists`);
	return reasons;
}

/**
 * Explains the kernel's refusal in one sentence. The sentence names the module, which may be a dependency of the requested one.
 * Undefined when kmod's own message is clear enough.
 * @param parameters those of the refused module, where they are known
 */
export async function explainAnswer(
	kernel: Kernel & ModuleFiles,
	refusal: Refusal,
	parameters?: string,
): Promise<string | undefined> {
	const { operation, subject, code, reason } = refusal;
	if (reason !== undefined) return undefined;
	if (operation === "insert" && !explained.has(code)) return undefined;
	const module = normaliseModuleName(subject);
	const found = await findEvidence(kernel, { module, path: subject, parameters }, refusal);
	return `${module}: ${found === undefined ? explainFailure(refusal) : `${explainEvidence(found)} (${code})`}`;
}

/** Errnos of finit_module(2) that mean more than their text from strerror(3) says. */
const explained: ReadonlySet<string> = new Set([
	...["EPERM", "ENOENT", "ESRCH", "ENOEXEC", "EINVAL", "EBUSY", "ENODEV", "ENXIO", "ENOSYS"],
	...["EKEYREJECTED", "ENOKEY", "EBADMSG"],
]);
