// The examples of how to start the agent without systemd, under Debian's s6 and OpenRC.
import { readFileSync } from "node:fs";
import { sectionsOf } from "../support/project/sections.js";
import { placePackage } from "../support/vm/images/placed-package.js";
import { supervisorFiles } from "../support/vm/supervisors.js";
import { bootUml, umlChips } from "../support/vm/uml.js";
import { vmTest } from "../support/vm/vm-test.js";
import { hinder, isLoadedByModprobe, recordBase } from "../support/vm/without-agent.js";

const example = (name: string) => readFileSync(`systemd/alone/${name}`);

const drivers = ["tmp006", "sd_mod"];

const before = `${placePackage}
${recordBase}
mkdir -p /etc/runlevels/sysinit /etc/insserv.conf.d
chmod 755 /usr/bin/s6-* /sbin/*rc* /bin/rc-status /sbin/supervise-daemon
chmod -R 755 /lib/rc/bin /lib/rc/sbin /lib/rc/sh`;

const script = `. /vm/functions
pid() { sed -n 1p /run/hotplugd/lock; }
other_than() { until [ -S /run/hotplugd/control ] && [ "$(pid)" != $1 ] && hotplugd status; do sleep 0.2; done >/dev/null 2>&1; }

echo "== s6"
mkdir /run/service
cp -r /etc/s6/hotplugd /run/service/
s6-svscan /run/service >/run/s6.log 2>&1 & svscan=$!
until s6-svwait -U -t 100000 /run/service/hotplugd 2>/dev/null; do sleep 0.2; done
grep -o 'listening for uevents' /run/s6.log
hotplugd settle --timeout 100
live_modules
echo "== s6 again"
first=$(pid); kill -KILL $first; other_than $first; echo another
s6-svwait -U -t 100000 /run/service/hotplugd && echo ready
echo "== s6 down"
s6-svc -wD -d /run/service/hotplugd; echo $?
tail -n 1 /run/s6.log | grep -o '"stopped"'
${hinder("s6", {
	down: "s6-svc -wD -d /run/service/hotplugd",
	anew: "s6-svc -wU -T 300000 -u /run/service/hotplugd; echo $?",
})}
s6-svc -wD -d /run/service/hotplugd
s6-svscanctl -t /run/service; wait $svscan
unload_all_but /base

echo "== openrc"
for state in starting started stopping inactive wasinactive failed hotplugged daemons options exclusive scheduled init.d tmp; do
	mkdir -p /run/openrc/$state
done
touch /run/openrc/softlevel
rc() { rc-service --nodeps hotplugd "$1" 2>&1; }
rc start
live_modules
echo "== openrc helper"; cat /proc/sys/kernel/modprobe
echo "== openrc again"
first=$(pid); kill -KILL $first; other_than $first; echo another
echo "== openrc reload"
rc reload; grep -c 'reloaded indexes and configuration' /var/log/hotplugd.log
echo "== openrc status"; rc status
echo "== openrc stop"; rc stop
tail -n 1 /var/log/hotplugd.log | grep -o '"stopped"'
cat /proc/sys/kernel/modprobe
${hinder("openrc", { down: "rc stop >/dev/null", anew: "rc start" })}
`;

vmTest(
	"the examples for s6 and OpenRC start it, again when it was killed, and stop it; without it modprobe loads",
	async (t) => {
		const { stdout, stderr } = await bootUml({
			devices: umlChips("tmp006"),
			before,
			files: {
				...(await supervisorFiles()),
				"/etc/init.d/hotplugd": example("hotplugd.initd"),
				"/etc/s6/hotplugd/run": example("s6/run"),
				"/etc/s6/hotplugd/notification-fd": example("s6/notification-fd"),
				// Debian's OpenRC passes this file to insserv.
				"/etc/insserv.conf": "",
			},
			script,
			seconds: 1500,
		});
		const asked = sectionsOf(stdout);
		t.is(stderr, "");
		for (const manager of ["s6", "openrc"]) {
			const missing = drivers.filter((module) => !asked[manager]?.includes(module));
			t.deepEqual(missing, [], `${manager}: ${asked[manager]}`);
		}
		for (const manager of ["s6", "openrc"]) isLoadedByModprobe(t, asked, manager, drivers);
		t.deepEqual(asked["s6 again"], ["another", "ready"]);
		t.deepEqual(asked["s6 down"], ["0", '"stopped"']);
		t.deepEqual(asked["openrc helper"], ["/usr/local/lib/hotplugd/hotplugd-load"]);
		t.deepEqual(asked["openrc again"], ["another"]);
		t.deepEqual(asked["openrc reload"], [" * Reloading indexes and configuration ... [ ok ]", "1"]);
		t.deepEqual(asked["openrc status"], [" * status: started"]);
		t.deepEqual(asked["openrc stop"], [" * Stopping hotplugd ... [ ok ]", '"stopped"', "/sbin/modprobe"]);
	},
);
