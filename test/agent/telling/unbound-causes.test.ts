import test from "ava";
import type { BindingFacts } from "../../../src/agent/explaining/binding.js";
import { listFindings } from "../../../src/agent/explaining/kernel-log.js";
import type { DeviceRow } from "../../../src/agent/telling/device-rows.js";
import { tellUnbound } from "../../../src/agent/telling/unbound-causes.js";
import { findUnbound } from "../../../src/agent/telling/unbound-devices.js";
import type { DeviceState } from "../../../src/ports/inspection.js";
import { makeFakeInspection } from "../../support/fakes/fake-inspection.js";

const row = (name: string): DeviceRow => ({
	devpath: `/devices/${name}`,
	subsystem: "pci",
	driver: undefined,
	state: "loaded",
	aliases: ["pci:a"],
	modules: [{ module: "card", state: "loaded", cause: "pci:*", brings: [] }],
});

/** Judges the device a, and beside it the device b, which is bound. */
function judge(state: Partial<DeviceState>, facts: Partial<BindingFacts> = {}) {
	const inspection = makeFakeInspection({
		devices: {
			"/devices/a": { onBus: true, subsystem: "pci", ...state },
			"/devices/b": { onBus: true, subsystem: "pci", driver: "card" },
		},
		drivers: { card: [{ bus: "pci", name: "card", devices: ["/devices/b"] }] },
	});
	const rows = [row("a"), row("b")];
	const { rows: told, unread } = tellUnbound(rows, findUnbound(rows, inspection), {
		inspection,
		decisions: new Map(),
		devices: rows,
		modules: new Map(),
		findings: () => [],
		deferred: () => [],
		nameOf: () => undefined,
		judgeFirmware: ({ names }) => ({ kind: "missing", by: "files", names, builtInKnown: true }),
		...facts,
	});
	mustBeBound(told[1]);
	return { state: told[0]?.state, cause: told[0]?.unbound?.cause, modules: told[0]?.unbound?.modules, unread };
}

/** The row of a bound device stays as it is. */
function mustBeBound(bound: DeviceRow | undefined): void {
	if (bound?.state !== "loaded" || bound.unbound !== undefined) throw new Error("the bound device was judged");
}

const log = (text: string) => listFindings([{ microseconds: 1_500_000, text }]);
const unreadable = () => ({ unreadable: "may not be read" });

test("without a cause it is not bound, and what could not be read is named once", (t) => {
	t.deepEqual(judge({}), { state: "not bound", cause: undefined, modules: ["card"], unread: undefined });
	t.is(judge({}, { findings: unreadable }).unread, "what might tell why cannot be read here: the kernel's log");
	t.is(
		judge({}, { findings: unreadable, deferred: unreadable }).unread,
		"what might tell why cannot be read here: the kernel's log, /sys/kernel/debug/devices_deferred",
	);
});

test("where the cause is known, nothing is said of what could not be read", (t) => {
	t.deepEqual(judge({ driverOverride: "vfio" }, { findings: unreadable, deferred: unreadable }), {
		state: "not bound",
		cause: "driver_override of a names vfio (/sys/devices/a/driver_override)",
		modules: ["card"],
		unread: undefined,
	});
});

test("a supplier that is waited for is the cause, with the kernel's reason", (t) => {
	const supplier = { waitingForSupplier: true, suppliers: [{ devpath: "/devices/clock", driver: undefined }] };
	t.regex(judge(supplier).cause ?? "", /^it waits for the supplier clock, which has no driver \(/);
	const deferred = () => [{ device: "a", reason: "wait for supplier clock", supplier: "clock" }];
	t.regex(judge({}, { deferred }).cause ?? "", /wait for supplier clock \(\/sys\/kernel\/debug\/devices_deferred\)$/);
});

test("a probe that failed is the cause in the kernel's words", (t) => {
	const { state, cause } = judge({}, { findings: () => log("card a: probe with driver card failed with error -5") });
	t.is(state, "not bound");
	t.is(cause, `the kernel's log says "card a: probe with driver card failed with error -5" (at 1.500 s)`);
});

test("firmware is missing where the kernel's log says so, or none of the listed files is there", (t) => {
	const text = "card a: Direct firmware load for card/x.bin failed with error -2";
	const told = judge({}, { findings: () => log(text) });
	t.is(told.state, "firmware missing");
	t.is(told.cause, "the firmware card/x.bin is missing: the kernel's log says so (at 1.500 s)");
	const listed = judge({}, { modules: new Map([["card", { firmware: ["card/y.bin"] }]]) });
	t.is(listed.state, "firmware missing");
	t.regex(listed.cause ?? "", /^the firmware card\/y\.bin is missing: none of the files/);
});

test("firmware is not missing where a listed file is there", (t) => {
	const modules = new Map([["card", { firmware: ["card/y.bin"] }]]);
	const judgeFirmware = () => ({ kind: "remark", listed: 1, there: 1, refused: [] }) as const;
	t.is(judge({}, { modules, judgeFirmware }).state, "not bound");
});
