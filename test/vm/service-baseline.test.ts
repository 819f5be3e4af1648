// The reference boot for the service: Debian's own systemd and udev, without hotplugd.
import { bootUnmodified, builtinLoads, unmodifiedBoot } from "../support/vm/vm-boot.js";
import { vmTest } from "../support/vm/vm-test.js";

vmTest("two unmodified boots end with the same modules, loaded by udev's builtin, and without a failure", async (t) => {
	const first = await unmodifiedBoot();
	const second = await bootUnmodified();
	t.log(`${first.modules.length} modules: ${first.modules.join(" ")}`);
	for (const boot of [first, second]) {
		t.log(`${boot.timings} Still since ${(boot.uptime - 5).toFixed(1)} s.`);
		for (const name of [
			"systemd-udevd.service",
			"systemd-udev-trigger.service",
			"sysinit.target",
			"multi-user.target",
		]) {
			const { begun, up } = boot.units.get(name)!;
			t.log(`${name}: begun at ${begun.toFixed(2)} s, up at ${up.toFixed(2)} s`);
		}
		const { aliases, named } = builtinLoads(boot.udevLog);
		t.log(
			`udevd's log has ${boot.udevLog.length} lines; its builtin was given ${aliases.length} aliases, and ${named.join(" ")}`,
		);
		t.true(aliases.length > 100);
		t.deepEqual([...new Set(named)], ["sg"]);
		t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
	}
	t.true(first.modules.length > 100);
	t.deepEqual(second.modules, first.modules);
});

// The kernel requests this module when nvme comes, which is in the initrd; update-initramfs leaves the module itself out.
const notInInitrd = ["crc64_rocksoft_generic"];

vmTest(
	"with an initrd that update-initramfs made a boot ends with the same modules, but one that it lacks",
	async (t) => {
		const ours = await unmodifiedBoot();
		const theirs = await bootUnmodified({ initrd: {} });
		t.log(`${theirs.timings} Still since ${(theirs.uptime - 5).toFixed(1)} s.`);
		const byInitrd = builtinLoads(theirs.udevLog).aliases.length;
		t.log(`udevd's builtin was given ${byInitrd} aliases after it`);
		t.deepEqual(
			theirs.modules,
			ours.modules.filter((name) => !notInInitrd.includes(name)),
		);
		t.deepEqual({ state: theirs.state, failed: theirs.failed }, { state: "running", failed: [] });
	},
);
