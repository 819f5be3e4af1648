// An agent over a kernel in memory. A test announces devices to the agent and asks it for modules; the agent's reports are kept
// as a log.
import type { ExecutionContext } from "ava";
import { NEVER, Subject } from "rxjs";
import { makeRequests, mayHold } from "../../../src/agent/control/load-requests.js";
import type { LoadReply } from "../../../src/agent/control/protocol.js";
import type { Announcement } from "../../../src/agent/devices/devices.js";
import type { AliasRequest } from "../../../src/agent/pipeline/events.js";
import { hotplug } from "../../../src/agent/pipeline/hotplug.js";
import type { Report } from "../../../src/agent/telling/report.js";
import { makeInserter } from "../../../src/libkmod/insertion/inserter.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import type { Knowledge } from "../../../src/libkmod/knowledge/knowledge.js";
import { normaliseModuleName } from "../../../src/libkmod/text/module-name.js";
import { until } from "../running/until.js";
import { makeWorld, type World } from "../worlds/world.js";
import { type FakeKernel, type FakeKernelOptions, heard, makeFakeKernel } from "./fake-kernel.js";

export type AgentInMemoryOptions = FakeKernelOptions & {
	readonly hungMilliseconds?: number;
	/** Modules whose files are gone: their insertion fails to open the file (ENOENT). */
	readonly gone?: ReadonlySet<string>;
	/** Changes the knowledge that the world gives. */
	readonly change?: (knowledge: Knowledge) => Knowledge;
};

export function makeAgentInMemory(t: ExecutionContext, world: World, options: AgentInMemoryOptions = {}) {
	const { hungMilliseconds, gone = new Set(), change = (all) => all } = options;
	const knowledge = change(makeWorld(world));
	const fake = makeFakeKernel({ held: true, ...options });
	const isGone = (path: string): boolean => gone.has(normaliseModuleName(path));
	const kernel: FakeKernel = {
		...fake,
		insert: (path, parameters) =>
			fake.insert(path, parameters).then(() => {
				if (!isGone(path)) return;
				fake.live.delete(normaliseModuleName(path));
				throw new Refusal({ operation: "open", subject: path, code: "ENOENT" });
			}),
	};
	const log: string[] = [];
	const announced = new Subject<Announcement>();
	const remarks = new Subject<Report>();
	const asked = new Subject<AliasRequest>();
	const inserter = makeInserter({
		kernel,
		parallel: 16,
		...(hungMilliseconds !== undefined && { hungMilliseconds }),
		onHung: (step) => remarks.next({ kind: "hung", step, milliseconds: hungMilliseconds ?? 0 }),
		onStuck: (step, behind) => remarks.next({ kind: "stuck", step, behind }),
	});
	const requests = makeRequests({ load: (request) => asked.next(request), inserter, leave: () => undefined });
	const reports = hotplug({
		devices: { announced, present: () => NEVER },
		knowledge: () => knowledge,
		inserter,
		remarks,
		requests: asked,
		hasFile: (path) => !isGone(path),
		listLive: () => kernel.live,
		quietMilliseconds: 20,
		lookAtStart: false,
		stop: NEVER,
		endWhenSettled: false,
	}).subscribe((report) => {
		const line = tell(report);
		if (line !== undefined) log.push(line);
		if (mayHold(report)) requests.hang();
	});
	t.teardown(() => reports.unsubscribe());
	let seqnum = 0;
	return {
		kernel,
		inserter,
		requests,
		log,
		/** Announces devices, each with its alias, in one drain of the socket. */
		async comesUp(...devices: readonly (readonly [device: string, alias: string])[]): Promise<void> {
			const datagrams = devices.map(([device, alias]) => {
				const fields = ["ACTION=add", `DEVPATH=${device}`, "SUBSYSTEM=pci", `MODALIAS=${alias}`, `SEQNUM=${++seqnum}`];
				return Buffer.from([`add@${device}`, ...fields, ""].join("\0"));
			});
			announced.next({ kind: "drain", datagrams });
			await heard();
		},
		/** A client asks for an alias and waits. Resolves with the array that the reply is added to once it comes. */
		async asks(alias: string, whom: "user" | "kernel" = "user"): Promise<readonly LoadReply[]> {
			const replies: LoadReply[] = [];
			void requests.load({ command: "load", alias, for: whom, wait: true }).then((reply) => replies.push(reply));
			await heard();
			return replies;
		},
		async until(line: string): Promise<void> {
			await until(() => log.includes(line));
			await heard();
		},
	};
}

function tell(report: Report): string | undefined {
	switch (report.kind) {
		case "outcome":
			return `${report.outcome.step.module} ${report.outcome.result}`;
		case "hung":
			return `${report.step.module} hangs`;
		case "stuck":
			return `${report.step.module} waits for ${report.behind}`;
		case "skipped":
			return `${report.what}: ${report.error.message}`;
		default:
			return undefined;
	}
}
