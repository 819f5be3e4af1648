// Rules of policy on a real kernel: the modules that they keep out, and no others; the modules and commands that they add.

import { sectionsOf } from "../support/project/sections.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const RULES = "/etc/hotplugd/rules.d/site.toml";

const rules = `[[deny]]
module = "e1000"
[[deny]]
subsystem = "pci"
alias = "pci:v000010ECd00008139*"
[[mask]]
module = "snd-pcm"
[[ignore]]
property = { PCI_ID = "1B36:0010" }
[[load]]
subsystem = "hid"
load = "dummy"
[[run]]
action = ["add", "remove"]
subsystem = "net"
command = ["/bin/sh", "-c", "echo $ACTION $INTERFACE >>/run/told"]
`;

const script = `. /vm/functions
echo "== check"; hotplugd check; echo "exit $?"
echo "== dry-run"; coldplug --dry-run --order
echo "== coldplug"; coldplug 2>&1; echo "exit $?"
stand_still
live_modules >/run/coldplugged
echo "== by-coldplug"; cat /run/coldplugged
hotplugd run --source kernel >/run/log 2>&1 & agent=$!
until hotplugd settle --timeout 120 2>/dev/null; do sleep 0.5; done
modprobe -r dummy; modprobe dummy
until [ "$(grep -c dummy0 /run/told)" -ge 3 ]; do sleep 0.2; done
hotplugd settle --timeout 120
echo "== by-the-agent"; live_modules | comm -13 /run/coldplugged -
echo "== told"; grep dummy0 /run/told
kill $agent; wait $agent; echo "== ended"; echo "exit $?"; grep -c '"level":[56]0' /run/log
rm ${RULES}
echo "== without"; coldplug 2>&1; echo "exit $?"
stand_still
echo "== back"; live_modules | comm -13 /run/coldplugged -
echo "== need"
for module in $(live_modules); do modprobe --ignore-install -D $module | sed "s,.*/\\([^/]*\\)\\.ko.*,$module \\1,; y/-/_/"; done | sort -u
`;

vmTest("policy keeps out what it names and what needs what it masks, brings in and runs what it says", async (t) => {
	const { stdout } = await boot({
		processors: 1,
		devices: [
			"e1000,romfile=",
			"e1000e,romfile=",
			"rtl8139,romfile=",
			"nvme,serial=nvme0,drive=blank0",
			"intel-hda",
			"hda-duplex,audiodev=silence",
			"AC97,audiodev=silence",
			"qemu-xhci,id=xhci",
			"usb-mouse,bus=xhci.0",
		],
		files: { [RULES]: rules },
		script,
		seconds: 600,
	});
	const sections = sectionsOf(stdout);
	const { check, coldplug, back = [], need = [], without, ended, told } = sections;
	const { "by-coldplug": kept = [], "by-the-agent": added, "dry-run": said = [] } = sections;
	t.log(said.filter((line) => line.includes(RULES)).join("\n"));
	t.is(check?.at(-1), "exit 0", check?.join("\n"));
	t.deepEqual([coldplug, without], [["exit 0"], ["exit 0"]]);

	const needsMasked = need.filter((line) => line.endsWith(" snd_pcm")).map((line) => line.split(" ")[0]!);
	t.log(`masked: ${needsMasked.join(" ")}`);
	t.log(`back without policy: ${back.join(" ")}`);
	t.true(needsMasked.includes("snd_hda_intel") && needsMasked.includes("snd_intel8x0"));
	for (const module of ["e1000", "8139too", "nvme", ...needsMasked]) {
		t.false(kept.includes(module), module);
		t.true(back.includes(module), module);
	}
	for (const module of ["e1000e", "usbhid", "dummy"]) t.true(kept.includes(module), module);
	// A rule kept out each of these modules, or they come only along with such a module. nvme_core makes the kernel request the
	// last of them.
	const named = new Set(["e1000", "8139too", "8139cp", "nvme", ...needsMasked, "crc64_rocksoft_generic"]);
	const broughtAlong = need.filter((line) => named.has(line.split(" ")[0]!)).map((line) => line.split(" ")[1]!);
	t.deepEqual(
		back.filter((module) => !named.has(module) && !broughtAlong.includes(module)),
		[],
	);

	for (const line of [1, 3, 6])
		t.true(
			said.some((text) => text.includes(`${RULES} line ${line}`)),
			`line ${line}`,
		);
	t.deepEqual(added, []);
	t.deepEqual(told, ["add dummy0", "remove dummy0", "add dummy0"]);
	t.deepEqual(ended, ["exit 0", "0"]);
});
