import test from "ava";
import {
	parseDeferredDevices,
	readDeferredDevices,
	supplierIn,
} from "../../../src/agent/explaining/deferred-devices.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { filesIn } from "../../support/worlds/world.js";

const PATH = "/sys/kernel/debug/devices_deferred";

test("each device has its reason, and the supplier where the kernel names one", (t) => {
	const text =
		"sound\tsnd-sc8280xp: WCD Playback: codec dai not found\n" +
		"b011000.mailbox\tplatform: supplier b016000.clock not ready\n" +
		"b016000.clock\tplatform: wait for supplier /remoteproc/smd-edge\n" +
		"2b300050.target-module\t\n";
	t.deepEqual(readDeferredDevices(filesIn(new Map([[PATH, Buffer.from(text)]]))), [
		{ device: "sound", reason: "snd-sc8280xp: WCD Playback: codec dai not found", supplier: undefined },
		{
			device: "b011000.mailbox",
			reason: "platform: supplier b016000.clock not ready",
			supplier: "b016000.clock",
		},
		{
			device: "b016000.clock",
			reason: "platform: wait for supplier /remoteproc/smd-edge",
			supplier: "/remoteproc/smd-edge",
		},
		{ device: "2b300050.target-module", reason: undefined, supplier: undefined },
	]);
});

test("a list without reasons, as older kernels have it, has the names", (t) => {
	const unexplained = { reason: undefined, supplier: undefined };
	t.deepEqual(parseDeferredDevices("vdd-arm\nFixed MDIO bus.0\n"), [
		{ device: "vdd-arm", ...unexplained },
		{ device: "Fixed MDIO bus.0", ...unexplained },
	]);
	t.deepEqual(parseDeferredDevices(""), []);
});

test("a reason of several lines stays with its device", (t) => {
	t.deepEqual(
		parseDeferredDevices("a\tx: one\ntwo\nb\t\n").map(({ device, reason }) => [device, reason]),
		[
			["a", "x: one two"],
			["b", undefined],
		],
	);
});

test("names and reasons keep their bytes, and are bounded", (t) => {
	const [found] = parseDeferredDevices(`\x1b[2J\xff\t${"r".repeat(5000)}\n${"more".repeat(5000)}\n`);
	t.is(found?.device, "\x1b[2J\xff");
	t.is(found?.reason, "r".repeat(300));
	t.is(parseDeferredDevices("\tno name\n").length, 0);
});

test("only the kernel's own words name a supplier", (t) => {
	t.is(supplierIn("wait for supplier /soc/clk"), "/soc/clk");
	t.is(supplierIn("supplier x not ready"), "x");
	t.is(supplierIn("x: failed to get a supplier"), undefined);
});

test("what cannot be known, and what can be done, is a sentence", (t) => {
	const unknown =
		"which devices wait, and for what, is known only from waiting_for_supplier and the links to suppliers";
	t.deepEqual(readDeferredDevices(filesIn(new Map())), {
		unreadable: `${PATH} is not there: ${unknown} (debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug)`,
	});
	const refusing = (code: "EACCES" | "EIO") => ({
		read(subject: string): never {
			throw new Refusal({ operation: "read", subject, code });
		},
	});
	t.deepEqual(readDeferredDevices(refusing("EACCES"), "/cap/sys"), {
		unreadable: `/cap${PATH} may not be read by this user (EACCES): ${unknown}; ask again as root`,
	});
	t.deepEqual(readDeferredDevices(refusing("EIO")), {
		unreadable: `${PATH} cannot be read (EIO): ${unknown}`,
	});
});
