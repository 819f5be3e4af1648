// What `hotplugd explain` is to say after changes to the machine of explain-machine.ts, one behind the other.
import type { Case } from "./explain-cases.js";
import { onBoard } from "./explain-machine.js";

/** They are tried in this order, behind the cases of explain-cases.ts. `change` is sh, run first. */
export const changes: Readonly<Record<string, Case & { readonly change: string }>> = {
	"the kernel's own list of probes that are put off": {
		change: "mount -t debugfs none /sys/kernel/debug",
		subject: onBoard("patient"),
		premise: `cat /sys/kernel/debug/devices_deferred | sort`,
		shows: [
			"hotplugd-consumer\tplatform: supplier hotplugd-supplier not ready",
			"hotplugd-patient\thotplugd_consumer: its clock does not tick yet",
		],
		line: /^\S*hotplugd-patient: hotplugd_consumer loaded, not bound: .*its clock does not tick yet.*devices_deferred/,
		status: 4,
		judgement: {
			kind: "unbound",
			module: "hotplugd_consumer",
			cause: { kind: "supplier", reason: "hotplugd_consumer: its clock does not tick yet" },
		},
	},
	"firmware of which one version is there": {
		change: `mkdir -p /lib/firmware/hotplugd; echo 1 >/lib/firmware/hotplugd/device-1.bin
echo hotplugd-firmware >/sys/bus/platform/drivers/hotplugd_firmware/bind`,
		subject: "hotplugd_firmware",
		premise: `driver ${onBoard("firmware")}`,
		shows: ["hotplugd_firmware"],
		line: /^hotplugd_firmware: loaded and bound: hotplugd_firmware drives \S*hotplugd-firmware, asked for by platform:hotplugd-firmware/,
		status: 0,
		judgement: {
			kind: "bound",
			module: "hotplugd_firmware",
			devices: [{ devpath: "/devices/platform/hotplugd-firmware" }],
			demand: { kind: "device", alias: "platform:hotplugd-firmware" },
		},
	},
	"what the kernel answered, when no agent tells": {
		change: "hotplugd stop; wait",
		subject: "hotplugd_fail",
		premise: "live hotplugd_fail; hotplugd status 2>&1 | grep -c 'no agent listens'",
		shows: ["not live", "1"],
		line: /^hotplugd_fail: would be loaded: asked for by platform:hotplugd-fail of hotplugd-fail/,
		status: 3,
		judgement: { kind: "wanted", module: "hotplugd_fail" },
	},
	"what the kernel answered, by the log of the agent": {
		change: "",
		subject: "--log /run/agent.log hotplugd_fail",
		premise: `grep -c '"module":"hotplugd_fail","result":"no device"' /run/agent.log`,
		shows: ["1"],
		line: /^hotplugd_fail: not loaded: its driver found no hardware of its own \(ENODEV\), when it was last tried/,
		status: 5,
		judgement: { kind: "kept out", obstacle: { kind: "no device", answer: { errno: "ENODEV" } } },
	},
	"a module of another release with the versions of its symbols, which the kernel takes": {
		change: "rmmod hotplugd_consumer",
		subject: "hotplugd_consumer",
		premise:
			"modinfo -F vermagic hotplugd_consumer; insert extra/hotplugd_consumer.ko; live hotplugd_consumer; rmmod hotplugd_consumer",
		shows: ["OLDER SMP preempt mod_unload modversions", "live"],
		line: /^hotplugd_consumer: would be loaded: asked for by platform:hotplugd-(?:consumer|patient) of hotplugd-(?:consumer|patient)/,
		status: 3,
		judgement: { kind: "wanted", module: "hotplugd_consumer" },
	},
	"a module that is not signed, where signatures are enforced": {
		change: "rmmod hotplugd_firmware; echo 1 >/sys/module/module/parameters/sig_enforce",
		subject: "hotplugd_firmware",
		premise: `insert extra/hotplugd_firmware.ko; modinfo -F signer hotplugd_firmware | wc -l; dmesg | tail -n 1 | sed 's,.*] ,,'`,
		shows: ["Key was rejected by service", "0", "Loading of unsigned module is rejected"],
		line: /^hotplugd_firmware: not loaded: it is not signed, .*sig_enforce.*\(\S+extra\/hotplugd_firmware\.ko\)/,
		status: 5,
		judgement: { kind: "kept out", module: "hotplugd_firmware" },
	},
};
