// Configuration of an operator in modprobe.d and on the kernel command line, and failures of modules, on a real kernel.

import { sectionsOf } from "../support/project/sections.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const devices = [
	"e1000,romfile=",
	"e1000e,romfile=",
	"rtl8139,romfile=",
	"nvme,serial=nvme0,drive=blank0",
	"intel-hda",
	"hda-duplex,audiodev=silence",
	"AC97,audiodev=silence",
	"ES1370,audiodev=silence",
	"qemu-xhci,id=xhci",
	"usb-mouse,bus=xhci.0",
	"i6300esb",
	"sdhci-pci",
];

const LOCAL = "/etc/modprobe.d/local.conf";
const local = `blacklist e1000
blacklist snd-ens1370
options e1000e copybreak=200
options snd-hda-intel power_save=7
softdep nvme pre: dummy post: ifb
install snd_intel8x0 echo "$MODPROBE_MODULE with $CMDLINE_OPTS" >>/run/commands; /sbin/modprobe --ignore-install snd_intel8x0 $CMDLINE_OPTS
options snd_intel8x0 index=5
install sdhci_pci /bin/false
`;

/** The live modules in the kernel's order (the last inserted first), and every parameter of every module. */
const report = `
echo "== modules"; live_modules
echo "== order"; sed 's/ .*//' /proc/modules
echo "== parameters"; grep -rs . $(live_modules | sed 's,.*,/sys/module/&/parameters,') | sort
echo "== commands"; cat /run/commands
`;

const byUdev = `. /vm/functions
udev_coldplug >&2; stand_still
${report}`;

const byColdplug = `. /vm/functions
echo "== dry-run"; coldplug --dry-run --order
echo "== untouched"; live_modules | wc -l; cat /run/commands 2>&1
echo "== run"; coldplug 2>&1; echo "exit $?"
stand_still
${report}`;

vmTest(
	"coldplug does what modprobe.d and the kernel command line say, as udev does, and a dry run says it before",
	async (t) => {
		const settings = "modprobe.blacklist=8139too,8139cp nvme-core.io_timeout=77 usbhid.mousepoll=4";
		const common = { devices, processors: 1, files: { [LOCAL]: local }, seconds: 600 } as const;
		// modprobe does not replace dashes in names of modprobe.blacklist, which then match no module: here the name has
		// underscores.
		const udev = sectionsOf(
			(await boot({ ...common, append: `${settings} modprobe.blacklist=i2c_i801`, script: byUdev })).stdout,
		);
		const ours = sectionsOf(
			(await boot({ ...common, append: `${settings} modprobe.blacklist=i2c-i801`, script: byColdplug })).stdout,
		);
		t.log(`udev, ${udev.modules?.length} modules: ${udev.modules?.join(" ")}`);
		t.log(`coldplug, ${ours.modules?.length} modules: ${ours.modules?.join(" ")}`);

		t.deepEqual(ours.run, ["exit 0"]);
		t.deepEqual(ours.modules, udev.modules);
		t.deepEqual(ours.parameters, udev.parameters);
		t.deepEqual(ours.commands, udev.commands);

		const { modules = [], parameters = [], order = [] } = ours;
		for (const module of ["e1000", "snd_ens1370", "8139too", "8139cp", "i2c_i801", "sdhci_pci"])
			t.false(modules.includes(module), module);
		for (const module of ["e1000e", "snd_hda_intel", "snd_intel8x0", "usbhid", "nvme", "sdhci", "dummy", "ifb"])
			t.true(modules.includes(module), module);
		for (const parameter of [
			"e1000e/parameters/copybreak:200",
			"snd_hda_intel/parameters/power_save:7",
			"snd_intel8x0/parameters/index:5",
			"nvme_core/parameters/io_timeout:77",
			"usbhid/parameters/mousepoll:4",
		])
			t.true(parameters.includes(`/sys/module/${parameter}`), parameter);
		t.deepEqual(ours.commands, ["snd_intel8x0 with index=5"]);
		t.deepEqual(
			order.filter((module) => ["dummy", "nvme", "ifb"].includes(module)),
			["ifb", "nvme", "dummy"],
			"softdeps before and behind",
		);

		const said = ours["dry-run"]?.join("\n") ?? "";
		t.log(
			said
				.split("\n")
				.filter((line) => line.includes(LOCAL) || line.includes("command line"))
				.join("\n"),
		);
		t.regex(said, /^not loaded: e1000: blacklisted by \/etc\/modprobe.d\/local.conf line 1;/m);
		t.regex(said, /^not loaded: snd_ens1370: blacklisted by \/etc\/modprobe.d\/local.conf line 2;/m);
		t.regex(said, /^not loaded: 8139too: blacklisted by the kernel command line;/m);
		t.regex(said, /^not loaded: i2c_i801: blacklisted by the kernel command line;/m);
		t.regex(said, /e1000e\.ko copybreak=200$/m);
		t.regex(said, /nvme-core\.ko io_timeout=77$/m);
		t.regex(said, /^ {2}dummy\n.*dummy\.ko.*\n.*softdep pre of nvme \(\/etc\/modprobe.d\/local.conf line 5\)$/m);
		t.regex(said, /^ {2}ifb\n.*ifb\.ko.*\n.*softdep post of nvme \(\/etc\/modprobe.d\/local.conf line 5\)$/m);
		t.regex(said, /^ {2}snd_intel8x0 \[by its install command, \/etc\/modprobe.d\/local.conf line 6\]$/m);
		t.regex(said, /^ {2}sdhci_pci \[masked by \/etc\/modprobe.d\/local.conf line 8: not run\]$/m);
		t.deepEqual(ours.untouched, ["12", "cat: /run/commands: No such file or directory"]);
	},
);

/** A driver of ours for a device that has another driver: lines of modprobe.d come before depmod's. */
const failing = `alias pci:v00008086d000010D3sv* hotplugd_fail
options hotplugd_fail errno=5
`;
const foreign = `alias pci:v00008086d000025ABsv* hotplugd_slow
`;

const trouble = `. /vm/functions
tree=/lib/modules/$(uname -r)
echo "== unprivileged"
live_modules >/tmp/before
setpriv --reuid=nobody --regid=nogroup --clear-groups coldplug 2>&1; echo "exit $?"
live_modules | comm -3 /tmp/before -

echo "== failure"
echo '${failing}' >/etc/modprobe.d/failing.conf
coldplug 2>&1; echo "exit $?"
live_modules >/tmp/with
rm /etc/modprobe.d/failing.conf

echo "== all-others"
coldplug 2>&1; echo "exit $?"
live_modules | comm -13 /tmp/with -

echo "== unprivileged-later"
modprobe -r e1000
setpriv --reuid=nobody --regid=nogroup --clear-groups coldplug 2>&1; echo "exit $?"

echo "== damage"
modprobe -r e1000 8139too sdhci_pci snd_ens1370
live_modules | comm -23 /tmp/with - >/tmp/removed
echo '${foreign}' >/etc/modprobe.d/foreign.conf
sed -i 's/ mod_unload / mod-unload /' $tree/extra/hotplugd_slow.ko
rm $tree/kernel/drivers/net/ethernet/intel/e1000/e1000.ko
truncate -s 3000 $tree/kernel/drivers/net/ethernet/realtek/8139too.ko
printf X | dd of=$tree/kernel/sound/pci/snd-ens1370.ko bs=1 seek=3000 conv=notrunc 2>&1 | sed d
coldplug 2>&1; echo "exit $?"
echo "== removed"; cat /tmp/removed
echo "== still-missing"; live_modules | comm -13 - /tmp/removed
echo "== foreign"; live_modules | grep hotplugd
`;

vmTest(
	"what keeps a module from being loaded is said, costs no other module, and decides the exit status",
	async (t) => {
		const { stdout } = await boot({ devices, processors: 1, script: trouble, testModules: true, seconds: 600 });
		const { unprivileged = [], damage = [], removed = [], ...others } = sectionsOf(stdout);
		t.log([...unprivileged.slice(0, 3), "...", ...(others.failure ?? []), ...damage].join("\n"));

		const [refusal = "", ...rest] = unprivileged;
		const refused = /^coldplug: could not load any of (\d+) modules: CAP_SYS_MODULE is missing: .*\(EPERM\)$/.exec(
			refusal,
		)?.[1];
		t.true(Number(refused) > 20, refusal);
		t.deepEqual(rest, ["exit 4"], "nothing else is said, and nothing loaded");

		t.is(others.failure?.length, 2);
		t.regex(
			others.failure?.[0] ?? "",
			/^coldplug: could not load hotplugd_fail \(.* line 1\)\): its own init failed; see dmesg \(EIO\)$/,
		);
		t.is(others.failure?.[1], "exit 3");
		const [later = "", ...end] = others["unprivileged-later"] ?? [];
		t.regex(later, /^coldplug: could not load any of \d+ modules: CAP_SYS_MODULE is missing: only root .*\(EPERM\)$/);
		t.deepEqual(end, ["exit 4"], "as before any driver was live");
		t.deepEqual(others["all-others"], ["exit 0", "e1000e"], "what the alias kept out, and nothing else, was missing");

		const about = Object.fromEntries(
			damage
				.slice(0, -1)
				.map((line) => /^coldplug: could not load (\w+) \(.*\)\): (.*)$/.exec(line)?.slice(1) ?? [line, ""]),
		);
		t.deepEqual(Object.keys(about).sort(), ["8139too", "e1000", "hotplugd_slow", "snd_ens1370"]);
		t.regex(about.e1000 ?? "", /^\/lib\/modules\/\S+\/e1000\.ko is gone; run depmod \(ENOENT\)$/);
		t.regex(about["8139too"] ?? "", /^its file is not a module for this kernel \(vermagic, or damaged\).*\(ENOEXEC\)$/);
		t.regex(
			about.hotplugd_slow ?? "",
			/^its file is not a module for this kernel \(vermagic, or damaged\).*\(ENOEXEC\)$/,
		);
		t.regex(about.snd_ens1370 ?? "", /^its signature is by .*, or its file was changed since \(EKEYREJECTED\)$/);
		t.is(damage.at(-1), "exit 3");
		t.true(removed.includes("sdhci_pci"));
		t.deepEqual(others["still-missing"], ["8139too", "e1000", "snd_ens1370"], "all others came back");
		t.deepEqual(others.foreign, []);
	},
);
