import test from "ava";
import { type Group, groupNames, weighBy } from "../../../src/agent/settings/priority.js";
import type { Step } from "../../../src/libkmod/planning/plan-insertion.js";

const insert = (path: string): Step => ({
	module: "m",
	how: "insert",
	path: `/lib/modules/6/${path}`,
	parameters: "",
	required: true,
	after: [],
	cause: { kind: "name" },
});

const paths: Readonly<Record<Group, string>> = {
	block: "kernel/drivers/nvme/host/nvme.ko",
	net: "kernel/drivers/net/ethernet/intel/e1000/e1000.ko.xz",
	drm: "kernel/drivers/gpu/drm/qxl/qxl.ko",
	input: "kernel/drivers/hid/usbhid/usbhid.ko",
	usb_host: "kernel/drivers/usb/host/xhci-pci.ko",
};

test("what is named first goes before what is named next, and that before all else", (t) => {
	for (const first of groupNames)
		for (const next of groupNames) {
			if (first === next) continue;
			const weigh = weighBy([first, next], "/lib/modules/6");
			const weights = [paths[first], paths[next], "kernel/sound/pci/snd-hda-intel.ko"].map((path) =>
				weigh(insert(path)),
			);
			t.deepEqual(weights, [2000, 1000, 0], `${first}, ${next}`);
		}
});

test("what is not the kernel's own has no weight", (t) => {
	const weigh = weighBy(groupNames, "/lib/modules/6");
	t.is(weigh(insert("extra/drivers/net/e1000.ko")), 0);
	t.is(weigh({ ...insert(""), path: "/srv/kernel/drivers/net/e1000.ko" } as Step), 0);
	t.is(weigh({ ...insert(""), how: "builtin" } as Step), 0);
	t.is(weighBy([], "/lib/modules/6")(insert(paths.net)), 0);
});
