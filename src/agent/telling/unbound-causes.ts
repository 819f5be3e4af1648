// Why drivers have not bound devices, in the words of `explain`: the state of each such row, and its cause. Pure.

import { type BindingFacts, listUnbound } from "../explaining/binding.js";
import type { Unbound } from "../explaining/explanation.js";
import { named } from "../explaining/facts.js";
import type { DeviceRow } from "./device-rows.js";
import { explainCauseOf } from "./explanation-text.js";
import type { UnboundDevice } from "./unbound-devices.js";

export type UnboundRows = {
	readonly rows: readonly DeviceRow[];
	/** What could not be read, and would perhaps have told a cause that is missing. Undefined where no cause is. */
	readonly unread: string | undefined;
};

/** The rows, those of unbound devices with the state "not bound" or "firmware missing" and with the cause that counts first. */
export function tellUnbound(
	rows: readonly DeviceRow[],
	found: readonly UnboundDevice[],
	facts: BindingFacts,
): UnboundRows {
	const told = new Map(found.map((one) => [one.row, judgeUnbound(one, facts)]));
	const isUnclear = [...told.values()].some(({ unbound }) => unbound?.cause === undefined);
	return { rows: rows.map((row) => told.get(row) ?? row), unread: isUnclear ? listUnread(facts) : undefined };
}

function judgeUnbound({ row, state, modules }: UnboundDevice, facts: BindingFacts): DeviceRow {
	const device = { devpath: row.devpath, aliases: row.aliases };
	const causes = modules.map((one) => {
		const module = one.state === "built in" ? undefined : one.module;
		return listUnbound(facts, device, state, module)[0];
	});
	const cause = causes.find(isTelling);
	return {
		...row,
		state: cause?.kind === "firmware" ? "firmware missing" : "not bound",
		unbound: {
			modules: modules.map(({ module }) => module),
			...(cause !== undefined && { cause: explainCauseOf(cause, named(facts, device)) }),
		},
	};
}

const isTelling = ({ kind }: Unbound): boolean => kind !== "unknown" && kind !== "no such driver";

function listUnread(facts: Pick<BindingFacts, "findings" | "deferred">): string | undefined {
	const unread = [
		...("unreadable" in facts.findings() ? ["the kernel's log"] : []),
		...("unreadable" in facts.deferred() ? ["/sys/kernel/debug/devices_deferred"] : []),
	];
	return unread.length === 0 ? undefined : `what might tell why cannot be read here: ${unread.join(", ")}`;
}
