// The explanations of one subject: one for a module or an alias, one for each device. Pure.

import { HotplugdError } from "../../libkmod/kernel/errors.js";
import type { PresentDevice } from "../../ports/devices.js";
import { makeDecider } from "../decisions/decider.js";
import { deviceNode, moduleChain, moduleNode } from "./chain.js";
import { judgeDevice, listAsking } from "./explain-device.js";
import { listDevicesOf, listPatternsOf } from "./explain-ids.js";
import { judgeModule } from "./explain-module.js";
import type { ChainNode, Explanation, Judgement, Taken } from "./explanation.js";
import type { Situated } from "./facts.js";
import type { Topic } from "./subject.js";

/** The modules that the subject is about, in order: those whose files are to be read. */
export function listConcerned(facts: Situated, subject: Topic): readonly string[] {
	switch (subject.kind) {
		case "module":
			return [subject.module];
		case "alias":
			return modulesOf(withAlias(facts, subject.alias), [aliasDevice(subject.alias)]);
		case "devices":
			return modulesOf(facts, subject.devices);
		case "ids":
			return modulesOf(facts, listDevicesOf(subject.ids, facts.devices));
		case "unknown":
			return [];
	}
}

const modulesOf = (facts: Situated, devices: readonly PresentDevice[]): readonly string[] => [
	...new Set(devices.flatMap((device) => listAsking(facts, device).map(({ match }) => match.found.module))),
];

/** An error of an index, or of a device that left meanwhile, is the answer about this subject alone. */
export function explainSubject(facts: Situated, resolved: Topic): readonly Explanation[] {
	const taken: Taken = {
		...resolved.taken,
		...(facts.withoutDevices && { withoutDevices: true }),
		...(facts.live === undefined && { withoutLive: true }),
	};
	const subject: Topic = { ...resolved, taken };
	try {
		return explainAll(facts, subject);
	} catch (error) {
		if (!(error instanceof HotplugdError)) throw error;
		return [failure(taken, error.message)];
	}
}

function explainAll(facts: Situated, subject: Topic): readonly Explanation[] {
	const { taken } = subject;
	switch (subject.kind) {
		case "module":
			return [explainModule(facts, taken, subject.module)];
		case "alias":
			return [explainAlias(facts, taken, subject.alias)];
		case "devices":
			return subject.devices.map((device) => explainDevice(facts, taken, device));
		case "ids": {
			const devices = listDevicesOf(subject.ids, facts.devices);
			if (devices.length > 0) return devices.map((device) => explainDevice(facts, taken, device));
			return [explainAbsentIds(facts, subject)];
		}
		case "unknown":
			return [failure(taken, taken.withoutDevices ? UNSEEN : UNKNOWN, subject.nearest)];
	}
}

const UNKNOWN = "there is no module, alias or device of that name";
const UNSEEN = "there is no module or alias of that name, and no devices were looked at";

function failure(subject: Taken, why: string, nearest: readonly string[] = []): Explanation {
	return { subject, judgement: { kind: "failure", why, nearest }, chain: [] };
}

const remarks = ({ remark }: Taken): readonly ChainNode[] =>
	remark === undefined ? [] : [{ node: "remark", text: remark }];

function explainModule(facts: Situated, subject: Taken, module: string): Explanation {
	const judgement = judgeModule(facts, module);
	return { subject, judgement, chain: [...remarks(subject), ...moduleChain(facts, module)] };
}

function explainDevice(facts: Situated, subject: Taken, device: PresentDevice): Explanation {
	const judgement = judgeDevice(facts, device);
	return { subject, judgement, chain: [...remarks(subject), deviceNode(facts, device)] };
}

const aliasDevice = (alias: string): PresentDevice => ({ devpath: "", aliases: [alias] });

/** The facts with the decision for an alias that no device has, as for a request. */
function withAlias(facts: Situated, alias: string): Situated {
	const device = aliasDevice(alias);
	const decide = makeDecider(facts.knowledge, facts.policy, () => undefined);
	return { ...facts, decisions: new Map([...facts.decisions, ["", decide(device)]]) };
}

/** An alias that devices have is explained by the first of them: its driver is what counts. */
function explainAlias(facts: Situated, subject: Taken, alias: string): Explanation {
	const [device, ...others] = facts.devices.filter(({ aliases }) => aliases.includes(alias));
	if (device === undefined) {
		const asked = withAlias(facts, alias);
		const judgement = judgeDevice(asked, aliasDevice(alias));
		const text = subject.withoutDevices ? "no devices were looked at" : "no device of this machine has this alias";
		const chain = [{ node: "remark" as const, text }, ...(deviceNode(asked, aliasDevice(alias)).children ?? [])];
		return { subject, judgement, chain };
	}
	const chain = [device, ...others].map((one) => deviceNode(facts, one));
	return { subject, judgement: judgeDevice(facts, device), chain: [...remarks(subject), ...chain] };
}

/** No device of this machine has the ids: told are the modules that have a pattern for them. */
function explainAbsentIds(facts: Situated, { taken, ids }: Topic & { kind: "ids" }): Explanation {
	const patterns = listPatternsOf(ids, facts.knowledge);
	const modules = [...new Set(patterns.map(({ module }) => module))];
	const judgement: Judgement = { kind: "absent", ids: `${ids.vendor}:${ids.product}`, modules, release: facts.release };
	return { subject: taken, judgement, chain: modules.map((module) => moduleNode(facts, module)) };
}
