// The examples of how to start the agent without systemd, under busybox's init.
import { readFileSync } from "node:fs";
import { sectionsOf } from "../support/project/sections.js";
import { placePackage } from "../support/vm/images/placed-package.js";
import { startUml, type UmlVm, umlChips } from "../support/vm/uml.js";
import { vmTest } from "../support/vm/vm-test.js";
import { hinder, isLoadedByModprobe, recordBase } from "../support/vm/without-agent.js";

const devices = umlChips("tmp006", "hotplugd");
/** Drivers of these devices, by their aliases. */
const drivers = ["tmp006", "hotplugd_device", "sd_mod"];
/** All drivers, with that of the device that hotplugd_device makes. */
const allDrivers = [...drivers, "hotplugd_first"];

const before = `${placePackage}
mkdir -p /etc/modprobe.d; echo 'alias i2c:hotplugd hotplugd_device' >/etc/modprobe.d/chip.conf
mkdir -p /etc/init.d; chmod 755 /etc/init.d/* || :
${recordBase}`;

const list = (name: string) => `echo "== ${name}"; sed 's/ .*//' /proc/modules | sort`;

async function ask(vm: UmlVm, script: string): Promise<Readonly<Record<string, readonly string[]>>> {
	const { stdout, stderr, status } = await vm.run(script, 1500);
	if (status !== 0) throw new Error(`ended with ${status}: ${stderr}`);
	return sectionsOf(stdout);
}

vmTest(
	"the example of an inittab starts it, again when it was killed, and what needs devices when they are there; without it modprobe loads",
	async (t) => {
		const vm = await startUml({
			init: "busybox",
			devices,
			before,
			testModules: true,
			files: {
				"/etc/inittab": readFileSync("systemd/alone/inittab"),
				"/etc/rc.devices":
					"#!/bin/sh\nsed 's/ .*//' /proc/modules >/run/modules.then\nmv /run/modules.then /run/modules\n",
			},
		});
		try {
			const asked = await ask(
				vm,
				`until [ -e /run/modules ]; do sleep 0.2; done
			echo "== then"; cat /run/modules
			first=$(sed -n 1p /run/hotplugd/lock)
			kill -KILL $first
			until hotplugd settle --timeout 60 2>/dev/null; do sleep 0.5; done
			echo "== again"; [ "$(sed -n 1p /run/hotplugd/lock)" != $first ] && echo another
			echo "== helper"; cat /proc/sys/kernel/modprobe
			mount -t minix /dev/ubda /mnt 2>/dev/null; grep -o '^minix' /proc/modules
			# What would start the agent once more meanwhile is kept from it until the drivers are gone.
			${hinder("init", {
				down: "old=$(grep -lx hotplugd-or-mod /proc/[0-9]*/comm | head -n 1 | cut -d / -f 3); kill -STOP $old",
				anew: `kill -TERM $old; kill -CONT $old; while [ -d /proc/$old ]; do sleep 0.1; done
					/usr/local/lib/hotplugd/hotplugd-or-modprobe settle 2>&1`,
			})}`,
			);
			isLoadedByModprobe(t, asked, "init", allDrivers);
			t.deepEqual(
				drivers.filter((name) => !asked.then?.includes(name)),
				[],
			);
			t.deepEqual(asked.again, ["another"]);
			t.deepEqual(asked.helper, ["/usr/local/lib/hotplugd/hotplugd-load", "minix"]);
		} finally {
			await vm.stop();
		}
	},
);

vmTest(
	"the example of an init script ends when the devices have their drivers, reloads it, starts it anew and stops it; without it modprobe loads",
	async (t) => {
		const vm = await startUml({
			init: "busybox",
			devices,
			before,
			testModules: true,
			files: {
				"/etc/init.d/S10hotplugd": readFileSync("systemd/alone/S10hotplugd"),
				"/etc/modprobe.d/slow.conf": "options hotplugd_slow delay_ms=5000\n",
			},
		});
		try {
			const asked = await ask(
				vm,
				`rc=/etc/init.d/S10hotplugd
			$rc start || exit 1
			${list("started")}
			echo "== helper"; cat /proc/sys/kernel/modprobe
			echo "== reloaded"; $rc reload && until grep -q 'reloaded indexes and configuration' /var/log/hotplugd.log; do sleep 0.2; done
			grep -c 'reloaded indexes and configuration' /var/log/hotplugd.log
			first=$(sed -n 1p /run/hotplugd/lock)
			hotplugd load platform:hotplugd-slow &
			until [ "$(cat /sys/module/hotplugd_slow/initstate 2>/dev/null)" = coming ]; do sleep 0.1; done
			echo "== restarted"; $rc restart || exit 2
			cat /sys/module/hotplugd_slow/initstate
			[ "$(sed -n 1p /run/hotplugd/lock)" = $first ] || echo another
			echo "== stopped"; $rc stop || exit 3; hotplugd status 2>&1; cat /proc/sys/kernel/modprobe
			echo "== misused"; $rc now 2>&1; echo $?
			${hinder("script", { down: "$rc stop", anew: "$rc start 2>&1" })}
			echo "== back"; $rc restart; hotplugd status | head -n 1; cat /proc/sys/kernel/modprobe`,
			);
			isLoadedByModprobe(t, asked, "script", allDrivers);
			t.deepEqual([asked.back?.length, asked.back?.at(-1)], [2, "/usr/local/lib/hotplugd/hotplugd-load"]);
			t.deepEqual(
				drivers.filter((name) => !asked.started?.includes(name)),
				[],
			);
			t.deepEqual(asked.helper, ["/usr/local/lib/hotplugd/hotplugd-load"]);
			t.deepEqual(asked.reloaded, ["1"]);
			t.deepEqual(asked.restarted, ["live", "another"]);
			t.deepEqual(asked.stopped, [
				"hotplugd status: no agent listens at /run/hotplugd/control: is `hotplugd run` running?",
				"/sbin/modprobe",
			]);
			t.deepEqual(asked.misused, ["usage: /etc/init.d/S10hotplugd start|stop|restart|reload", "2"]);
		} finally {
			await vm.stop();
		}
	},
);
