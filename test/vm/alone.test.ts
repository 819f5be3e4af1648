// hotplugd alone in a small image: busybox's init; no udev, no systemd, no other modprobe.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadedByUdev, loadedByUdevUml } from "../support/real/udev-coldplug.js";
import { rootDirectory } from "../support/vm/images/root-image.js";
import { startUml, umlDevices } from "../support/vm/uml.js";
import { start } from "../support/vm/vm.js";
import { serviceDevices } from "../support/vm/vm-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

const LOG = "/var/log/hotplugd.log";

/** The configuration that Debian's udev uses in the reference boot: an image without it would load more modules. */
async function debianConfiguration(): Promise<Record<string, Buffer>> {
	const directory = join(await rootDirectory(), "lib/modprobe.d");
	return Object.fromEntries(
		readdirSync(directory).map((name) => [`/lib/modprobe.d/${name}`, readFileSync(join(directory, name))]),
	);
}

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

vmTest("alone under busybox's init it loads what udev loads, and serves whatever comes later", async (t) => {
	const theirs = await loadedByUdev(serviceDevices);
	t.true(theirs.length > 100, "udev loaded too little to compare with");
	const vm = await start({
		init: "busybox",
		devices: serviceDevices,
		files: {
			...(await debianConfiguration()),
			"/etc/hotplugd.toml": `first = ["block", "net", "drm", "input"]\n`,
			// The kernel's requests for modules need a helper too.
			"/etc/inittab": `::sysinit:/bin/sh -c 'echo /opt/hotplugd/dist/hotplugd-load >/proc/sys/kernel/modprobe'
::respawn:/bin/sh -c 'exec /usr/local/bin/hotplugd run --notify-fd 3 >>${LOG} 2>>${LOG}.errors 3>>/run/ready'\n`,
		},
	});
	const sh = async (script: string, seconds = 300) => {
		const { stdout, stderr, status } = await vm.run(script, seconds);
		return { stdout: stdout.toString(), stderr: stderr.toString(), status };
	};
	try {
		await sh("until [ -s /run/ready ]; do sleep 0.2; done");
		const settled = await sh("hotplugd settle --timeout 240");
		t.deepEqual({ status: settled.status, stderr: settled.stderr }, { status: 0, stderr: "" });
		// The agent cannot know of devices that a bus has not found yet.
		const { stdout } = await sh(". /vm/functions; stand_still; hotplugd settle; live_modules");
		t.deepEqual(lines(stdout), theirs);
		t.log(`${theirs.length} modules, udev's`);
		t.log((await sh("hotplugd status")).stdout);

		const noisy = await sh(
			"(while :; do unshare -n true; done) & noise=$!; hotplugd settle --timeout 120; status=$?; kill $noise; exit $status",
		);
		t.is(noisy.status, 0, noisy.stderr);

		await vm.qmp("device_add", { driver: "usb-storage", bus: "xhci.0", drive: "blank6", id: "stick" });
		await sh("until grep -q ^usb_storage /proc/modules; do sleep 0.2; done; hotplugd settle --timeout 120");
		t.regex((await sh("cat /sys/module/usb_storage/initstate")).stdout, /^live/);

		const autoloaded = await sh(
			`grep -c '^\\(minix\\|squashfs\\) ' /proc/modules
			mount -t squashfs /dev/vda /mnt 2>/dev/null; mount -t minix /dev/vda /mnt 2>/dev/null
			sed -n 's/^\\(minix\\|squashfs\\) .*/\\1/p' /proc/modules | sort`,
		);
		t.is(autoloaded.stdout, "0\nminix\nsquashfs\n", autoloaded.stderr);

		const ended = await sh(
			`process=$(cat /run/hotplugd/lock); kill -TERM "$process"
			while [ -d "/proc/$process" ]; do sleep 0.1; done
			tail -n 3 ${LOG} | cut -c 1-400
			echo ==; grep -c '"stopped"' ${LOG}; wc -c <${LOG}.errors`,
		);
		t.deepEqual(lines(ended.stdout.split("==")[1] ?? "").map(Number), [1, 0], ended.stdout);
		t.is((await sh("until hotplugd settle --timeout 60; do sleep 1; done 2>/dev/null; hotplugd settle")).status, 0);
	} finally {
		await vm.stop();
	}
});

vmTest(
	"alone with nothing in /lib/modules it is idle until it is mounted, and then loads what udev loads",
	async (t) => {
		const theirs = await loadedByUdevUml();
		const vm = await startUml({
			init: "busybox",
			modulesLate: true,
			devices: umlDevices,
			files: {
				...(await debianConfiguration()),
				"/etc/inittab": `::sysinit:/bin/sh -c 'echo /opt/hotplugd/dist/hotplugd-load >/proc/sys/kernel/modprobe'
::respawn:/bin/sh -c 'exec /usr/local/bin/hotplugd run --notify-fd 3 >>${LOG} 2>>${LOG}.errors 3>>/run/ready'\n`,
			},
		});
		const sh = async (script: string, seconds = 300) => {
			const { stdout, stderr } = await vm.run(script, seconds);
			return { stdout: lines(stdout.toString()), stderr: stderr.toString() };
		};
		try {
			const settled = await sh(`until [ -s /run/ready ]; do sleep 0.2; done; hotplugd settle; echo $?
			cat /run/hotplugd/lock; ls /run/hotplugd/listening`);
			const [status, first] = settled.stdout;
			t.is(status, "0");
			t.regex(
				settled.stderr,
				/^hotplugd settle: no usable indexes yet: .* has no modules\.dep\.bin\n.*listening: No such/,
			);
			// Requests wait in the spool meanwhile, since this machine has no modprobe.
			const asked = await sh(`mount -t minix /dev/ubda /mnt 2>/dev/null; ls /run/hotplugd.spool | wc -l
			wakes() { awk '/^voluntary_ctxt/ {n += $2} END {print n}' /proc/"$(cat /run/hotplugd/lock)"/task/*/status; }
			ticks() { sed 's/.*) //' "/proc/$(cat /run/hotplugd/lock)/stat" | awk '{print $12 + $13}'; }
			wakes; ticks; sleep 30; wakes; ticks`);
			const [spooled, before, ticksBefore, after, ticksAfter] = asked.stdout.map(Number);
			t.true(spooled! > 0);
			t.log(
				`in 30 s it woke ${after! - before!} times for ${ticksAfter! - ticksBefore!} hundredths of a second`,
				before,
				ticksBefore,
			);
			// The number of wake-ups depends on the agent alone. Their processor time also depends on how busy the host is.
			t.true(after! > before! && after! - before! < 10 * 30, `${after! - before!}`);
			const late = await sh(
				`. /vm/functions; mount_modules; hotplugd settle --timeout 240 >&2
			stand_still; hotplugd settle >&2; live_modules`,
				600,
			);
			t.deepEqual(late, { stdout: [...theirs, "minix"].sort(), stderr: "" });
			const log = await sh(`cat /run/hotplugd/lock; grep -c 'has no modules.dep.bin' ${LOG}
			grep -c 'listening for uevents' ${LOG}; wc -c <${LOG}.errors`);
			t.deepEqual(log.stdout, [first, "1", "1", "0"]);
		} finally {
			await vm.stop();
		}
	},
);
