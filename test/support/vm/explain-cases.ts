// Reasons why a module is not loaded, or of no use, on the machine of explain-machine.ts: what the kernel and kmod say of each, and
// what `hotplugd explain` is to say.
import { onBoard, pci, slot } from "./explain-machine.js";

export interface Case {
	/** What explain is asked about. An option may come before. */
	readonly subject: string;
	/** sh that shows the state by other means than ours, with the functions of `preparation`. */
	readonly premise: string;
	/** The lines that the premise prints, without blanks at their ends. RELEASE stands for the kernel's, OLDER for that of `older`. */
	readonly shows: readonly string[];
	/** The first line of explain. */
	readonly line: RegExp;
	readonly status: number;
	/** Part of the judgement of --json. */
	readonly judgement: object;
}

/** They are tried in this order, while the agent runs. */
export const cases: Readonly<Record<string, Case>> = {
	"a blacklist line": {
		subject: "i6300esb",
		premise: `live i6300esb; by_kmod ${pci("i6300esb")}; modprobe -nv i6300esb | tail -n 1 | sed 's,.*/,,'`,
		shows: ["not live", "i6300esb.ko"],
		line: /^i6300esb: not loaded: blacklisted by \/etc\/modprobe\.d\/cases\.conf:2; /,
		status: 5,
		judgement: {
			kind: "kept out",
			obstacle: { kind: "blacklisted", source: { file: "/etc/modprobe.d/cases.conf", line: 2 } },
		},
	},
	"modprobe.blacklist= on the kernel command line": {
		subject: "e1000",
		premise: `live e1000; by_kmod ${pci("e1000")}; grep -o modprobe.blacklist=e1000 /proc/cmdline`,
		shows: ["not live", "modprobe.blacklist=e1000"],
		line: /^e1000: not loaded: blacklisted by the kernel command line \(modprobe\.blacklist=e1000 in \/proc\/cmdline\); /,
		status: 5,
		judgement: { kind: "kept out", obstacle: { kind: "blacklisted", source: { file: "/proc/cmdline", line: 0 } } },
	},
	"module_blacklist= on the kernel command line": {
		subject: "tulip",
		premise: `by_kmod ${pci("tulip")}; insert kernel/drivers/net/ethernet/dec/tulip/tulip.ko; dmesg | grep -c 'Module tulip is blacklisted'`,
		shows: ["tulip.ko", "Operation not permitted", "2"],
		line: /^tulip: not loaded: .*module_blacklist=tulip\b.*\/proc\/cmdline/,
		status: 5,
		judgement: { kind: "kept out", obstacle: { kind: "kernel blacklist", file: "/proc/cmdline" } },
	},
	"a mask rule of policy": {
		subject: "pcnet32",
		premise: `live pcnet32; by_kmod ${pci("pcnet")} | tail -n 1; driver ${pci("pcnet")}`,
		shows: ["not live", "pcnet32.ko", "no driver"],
		line: /^pcnet32: not loaded: masked by \/etc\/hotplugd\/rules\.d\/cases\.toml:1 \(a \[\[mask\]\] rule\); /,
		status: 5,
		judgement: {
			kind: "kept out",
			obstacle: { kind: "masked", source: { file: "/etc/hotplugd/rules.d/cases.toml", line: 1 } },
		},
	},
	"an install line that runs false": {
		subject: "vmxnet3",
		premise: `live vmxnet3; modprobe -bnv "$(cat ${pci("vmxnet3")}/modalias)"`,
		shows: ["not live", "install /bin/false"],
		line: /^vmxnet3: not loaded: its install line runs '\/bin\/false': \/etc\/modprobe\.d\/cases\.conf:3; /,
		status: 5,
		judgement: {
			kind: "kept out",
			obstacle: {
				kind: "install line",
				command: "/bin/false",
				source: { file: "/etc/modprobe.d/cases.conf", line: 3 },
			},
		},
	},
	"a deny rule of policy": {
		subject: "e100",
		premise: `live e100; by_kmod ${pci("i82559er")} | tail -n 1; driver ${pci("i82559er")}`,
		shows: ["not live", "e100.ko", "no driver"],
		line: /^e100: not loaded: denied by \/etc\/hotplugd\/rules\.d\/cases\.toml:4 \(a \[\[deny\]\] rule\) for 0000:00:14\.0/,
		status: 5,
		judgement: {
			kind: "kept out",
			obstacle: {
				kind: "denied",
				source: { file: "/etc/hotplugd/rules.d/cases.toml", line: 4 },
				device: { devpath: "/devices/pci0000:00/0000:00:14.0" },
			},
		},
	},
	"no pattern for a device": {
		subject: slot("edu"),
		premise: `modprobe -R "$(cat ${pci("edu")}/modalias)" 2>&1 | grep -c 'not found'; driver ${pci("edu")}`,
		shows: ["1", "no driver"],
		line: /^0000:00:15\.0 \(.*QEMU Educational Device.*\): no driver: no module of RELEASE has a pattern for pci:v00001234d000011E8sv\S+; nearest: \S+, pci:v\S+, differs in /,
		status: 6,
		judgement: { kind: "no driver", device: { devpath: "/devices/pci0000:00/0000:00:15.0" } },
	},
	"a module that is built in": {
		subject: "serio",
		premise: "modinfo -F filename serio; grep -c '/serio.ko$' $tree/modules.builtin",
		shows: ["(builtin)", "1"],
		line: /^serio: built into the kernel \(modules\.builtin\)/,
		status: 0,
		judgement: { kind: "builtin", module: "serio" },
	},
	"the driver of a network interface": {
		subject: "eth0",
		premise: "driver /sys/class/net/eth0/device",
		shows: ["8139cp"],
		line: /^eth0: bound: 8139cp drives 0000:00:19\.0/,
		status: 0,
		judgement: { kind: "bound", module: "8139cp", driver: "8139cp" },
	},
	"the driver of a disk": {
		subject: "/dev/vda",
		premise: "driver /sys/block/vda/device",
		shows: ["virtio_blk"],
		line: /^\/dev\/vda: bound: virtio_blk drives virtio\d/,
		status: 0,
		judgement: { kind: "bound", module: "virtio_blk", driver: "virtio_blk" },
	},
	"a file that is missing": {
		subject: "e1000e",
		premise:
			"grep -c '/e1000e.ko:' $tree/modules.dep; modinfo -F filename e1000e; ls $tree/kernel/drivers/net/ethernet/intel/e1000e | wc -l",
		shows: ["1", "/lib/modules/RELEASE/kernel/drivers/net/ethernet/intel/e1000e/e1000e.ko", "0"],
		line: /^e1000e: not loaded: modules\.dep has \S*kernel\/drivers\/net\/ethernet\/intel\/e1000e\/e1000e\.ko, which is not there; run depmod/,
		status: 5,
		judgement: { kind: "kept out", obstacle: { kind: "missing file" } },
	},
	"a module of another kernel": {
		subject: "hotplugd_slow",
		premise: "insert extra/hotplugd_slow.ko; modinfo -F vermagic hotplugd_slow",
		shows: ["Invalid module format", "OLDER UP- preempt mod_unload modversions"],
		line: /^hotplugd_slow: not loaded: it was built for the kernel OLDER\b.*, and this is RELEASE\b.* \(vermagic of \S+extra\/hotplugd_slow\.ko\)/,
		status: 5,
		judgement: { kind: "kept out" },
	},
	"a module of a kernel with another configuration": {
		subject: "hotplugd_user",
		premise:
			"insert extra/hotplugd_user.ko; modinfo -F vermagic hotplugd_user; dmesg | grep -c 'hotplugd_user: version magic'",
		shows: ["Invalid module format", "RELEASE UP- preempt mod_unload modversions", "2"],
		line: /^hotplugd_user: not loaded: .*RELEASE UP- .*RELEASE SMP .*extra\/hotplugd_user\.ko/,
		status: 5,
		judgement: { kind: "kept out" },
	},
	"a module that was changed after it was signed": {
		subject: "ne2k-pci",
		premise: "insert kernel/drivers/net/ethernet/8390/ne2k-pci.ko; modinfo -F signer ne2k-pci",
		shows: ["Key was rejected by service", "Build time autogenerated kernel key"],
		line: /^ne2k-pci: not loaded: .*signature.* \(EKEYREJECTED\), \S+\/ne2k-pci\.ko/,
		status: 5,
		judgement: { kind: "kept out", obstacle: { kind: "refused", answer: { errno: "EKEYREJECTED" } } },
	},
	"a driver that finds no hardware": {
		subject: "hotplugd_fail",
		premise: `insert extra/hotplugd_fail.ko; by_kmod ${onBoard("fail")}`,
		shows: ["No such device", "hotplugd_fail.ko"],
		line: /^hotplugd_fail: not loaded: its driver found no hardware of its own \(ENODEV\), when it was last tried/,
		status: 5,
		judgement: { kind: "kept out", obstacle: { kind: "no device", answer: { errno: "ENODEV" } } },
	},
	"a softdep of a module that is not loaded": {
		subject: "nls_utf8",
		premise: "live nls_utf8; live loop; modprobe -nv loop | sed 's,.*/,,'",
		shows: ["not live", "not live", "nls_utf8.ko", "loop.ko"],
		line: /^nls_utf8: not loaded: only a softdep asks for it: \/etc\/modprobe\.d\/cases\.conf:4 \(softdep loop pre: nls_utf8\), and loop is not loaded/,
		status: 5,
		judgement: {
			kind: "kept out",
			obstacle: {
				kind: "softdep only",
				of: "loop",
				when: "pre",
				source: { file: "/etc/modprobe.d/cases.conf", line: 4 },
			},
		},
	},
	"a probe that is put off for want of a supplier": {
		subject: onBoard("consumer"),
		premise: `live hotplugd_consumer; driver ${onBoard("consumer")}; driver ${onBoard("supplier")}; ls ${onBoard("consumer")} | grep supplier; ls /sys/kernel/debug | wc -l`,
		shows: ["live", "no driver", "no driver", "supplier:platform:hotplugd-supplier", "0"],
		line: /^\S*hotplugd-consumer: hotplugd_consumer loaded, not bound: it waits for the supplier \S*hotplugd-supplier, which has no driver \(\S*supplier:platform:hotplugd-supplier/,
		status: 4,
		judgement: {
			kind: "unbound",
			module: "hotplugd_consumer",
			cause: { kind: "supplier", supplier: { devpath: "/devices/platform/hotplugd-supplier" } },
		},
	},
	"firmware that is missing": {
		subject: "hotplugd_firmware",
		premise: `live hotplugd_firmware; driver ${onBoard("firmware")}; dmesg | grep -o 'Direct firmware load for .* failed with error -2'; ls /lib/firmware/hotplugd 2>&1 | wc -l`,
		shows: [
			"live",
			"no driver",
			"Direct firmware load for hotplugd/device-2.bin failed with error -2",
			"Direct firmware load for hotplugd/device-1.bin failed with error -2",
			"1",
		],
		line: /^hotplugd_firmware: loaded, not bound to hotplugd-firmware: the firmware hotplugd\/device-[12]\.bin.* missing: the kernel's log says/,
		status: 4,
		judgement: { kind: "unbound", module: "hotplugd_firmware", cause: { kind: "firmware" } },
	},
	driver_override: {
		subject: slot("pvpanic-pci"),
		premise: `live pvpanic_pci; driver ${pci("pvpanic-pci")}; cat ${pci("pvpanic-pci")}/driver_override`,
		shows: ["live", "no driver", "vfio-pci"],
		line: /^0000:00:18\.0: pvpanic_pci loaded, not bound: driver_override of 0000:00:18\.0 names vfio-pci \(\/sys\/\S*0000:00:18\.0\/driver_override\)/,
		status: 4,
		judgement: { kind: "unbound", module: "pvpanic_pci", cause: { kind: "override", driver: "vfio-pci" } },
	},
	"a rival that came first": {
		subject: "hotplugd_second",
		premise: `live hotplugd_second; driver ${onBoard("rivals")}; modprobe -R "$(cat ${onBoard("rivals")}/modalias)"`,
		shows: ["live", "hotplugd_first", "hotplugd_first", "hotplugd_second"],
		line: /^hotplugd_second: loaded, not bound to \S*hotplugd-rivals: hotplugd_first came first for the same alias platform:hotplugd_rivals, and has bound the device/,
		status: 4,
		judgement: {
			kind: "unbound",
			module: "hotplugd_second",
			cause: { kind: "rival", rival: "hotplugd_first", driver: "hotplugd_first" },
		},
	},
	"a rival of Debian's that came first": {
		subject: "8139too",
		premise: `live 8139too; driver ${pci("rtl8139")}`,
		shows: ["live", "8139cp"],
		line: /^8139too: loaded, not bound to 0000:00:19\.0.*: 8139cp came first for the same alias pci:v000010ECd00008139sv/,
		status: 4,
		judgement: {
			kind: "unbound",
			module: "8139too",
			cause: { kind: "rival", rival: "8139cp", driver: "8139cp" },
		},
	},
};
