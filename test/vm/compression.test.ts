// Compressed modules: whoever decompresses them, hotplugd or the kernel, the same ones are loaded.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { sectionsOf } from "../support/project/sections.js";
import { loadedByUdev } from "../support/real/udev-coldplug.js";
import { backportedKernel } from "../support/vm/images/backported-kernel.js";
import { boot, coldplugDevices } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const script = `. /vm/functions
echo "== files"
for suffix in ko ko.xz ko.zst ko.gz; do find /lib/modules/ -name "*.$suffix" | wc -l; done
coldplug 2>&1; echo "== status $?"
stand_still
echo "== modules"; live_modules
`;

/** What the kernel itself asks for while drivers begin, the guest's modprobe loads. It cannot read gzip. */
const throughOurs = `ln -s /opt/hotplugd/dist/main.js /tmp/modprobe
echo /tmp/modprobe >/proc/sys/kernel/modprobe
`;

/** Beside other machines a driver that asks for a dozen modules by ours, a node each, may take over a minute. */
const patience = { "/etc/hotplugd.toml": "hung_seconds = 600\n" };

const compressions = ["plain", "xz", "zst", "gz"] as const;

vmTest("coldplug loads the same modules where each is compressed by xz, zstd or gzip as where none is", async (t) => {
	// coldplug.test.ts holds those to be ours.
	const plain = await loadedByUdev(coldplugDevices);
	t.true(plain.length > 100);
	for (const modules of ["xz", "zst", "gz"] as const) {
		const whole = modules === "gz" ? throughOurs + script : script;
		const machine = { devices: coldplugDevices, processors: 1, modules, files: patience, seconds: 900 } as const;
		const { stdout } = await boot({ ...machine, script: whole });
		const said = sectionsOf(stdout);
		const counts = Object.fromEntries(compressions.map((name, index) => [name, Number(said.files?.[index])]));
		t.log(`${modules}: ${said.modules?.length} modules of ${counts[modules]}: ${said.modules?.join(" ")}`);
		t.deepEqual(said["status 0"], [], stdout);
		t.true((counts[modules] ?? 0) > 3000);
		t.deepEqual({ ...counts, [modules]: 0 }, { plain: 0, xz: 0, zst: 0, gz: 0 });
		t.deepEqual(said.modules, plain, modules);
	}
});

const traced = `. /vm/functions
echo "== kernel"; uname -r; cat /sys/module/compression; find /lib/modules/ -name '*.ko.xz' | wc -l; find /lib/modules/ -name '*.ko' | wc -l
live_modules >/tmp/before
trace=/sys/kernel/tracing
echo 8192 >$trace/buffer_size_kb
for call in finit_module init_module; do echo 1 >$trace/events/syscalls/sys_enter_$call/enable; done
echo "== run"; coldplug --json >/tmp/coldplug.json; echo "exit $?"
for call in finit_module init_module; do echo 0 >$trace/events/syscalls/sys_enter_$call/enable; done
stand_still
# The kernel's own requests run modprobe: only whoever is not modprobe is us.
echo "== calls"; sed -n '/^ *modprobe-/d; s/.*: sys_\\(f\\?init_module\\)(\\(.*flags: \\([0-9a-f]*\\)\\)\\?.*/\\1 \\3/p' $trace/trace
echo "== by-modprobe"; grep -c '^ *modprobe-.*init_module(' $trace/trace
echo "== tried"; sed -n 's/^{"kind":"outcome",.*"module":"\\([^"]*\\)","result":"\\(inserted\\|live\\|no device\\|failed\\)".*/\\1 \\2/p' /tmp/coldplug.json
echo "== loaded"; live_modules | comm -13 /tmp/before -
# A block device for each of so many partitions is more than loop allows: its init answers EINVAL.
rmmod loop 2>/dev/null || true
echo >$trace/trace
for call in finit_module init_module; do echo 1 >$trace/events/syscalls/sys_enter_$call/enable; done
echo "== loop"
for check in crc32 crc64; do
	hotplugd insmod /root/$check/loop.ko.xz && live_modules | grep -x loop && rmmod loop
	hotplugd insmod /root/$check/loop.ko.xz max_part=100000 2>&1 | sed -n '1s/.*: //p'
	live_modules | grep -x loop || true
done
for call in finit_module init_module; do echo 0 >$trace/events/syscalls/sys_enter_$call/enable; done
echo "== loop-calls"; sed -n 's/.*: sys_\\(f\\?init_module\\)(\\(.*flags: \\([0-9a-f]*\\)\\)\\?.*/\\1 \\3/p' $trace/trace | sed 's/ $//'
`;

/** loop.ko of the newer kernel, as its build compresses it and as its decoder does not read it. */
async function loopFiles(): Promise<Record<string, Buffer>> {
	const { root, release } = await backportedKernel();
	const file = join(root, "lib/modules", release, "kernel/drivers/block/loop.ko.xz");
	const image = execFileSync("xz", ["-dc", file]);
	const pack = (check: string) => execFileSync("xz", ["-c", `--check=${check}`, "--lzma2=dict=1MiB"], { input: image });
	return { "/root/crc32/loop.ko.xz": pack("crc32"), "/root/crc64/loop.ko.xz": pack("crc64") };
}

vmTest("a kernel that can decompress modules is handed each file as it is that it can read", async (t) => {
	const files = await loopFiles();
	const said = sectionsOf(
		(await boot({ devices: coldplugDevices, kernel: "backports", files, script: traced, seconds: 900 })).stdout,
	);
	const { kernel = [], calls = [], tried = [], loaded = [] } = said;
	t.log(
		`Linux ${kernel[0]}: ${calls.length} calls for ${tried.length} attempts; ${loaded.length} modules: ${loaded.join(" ")}`,
	);
	t.is(kernel[1], "xz");
	t.true(Number(kernel[2]) > 3000);
	t.is(Number(kernel[3]), 0);
	t.deepEqual(said.run, ["exit 0"]);
	t.true(loaded.length > 100);
	// MODULE_INIT_COMPRESSED_FILE
	t.deepEqual([...new Set(calls)], ["finit_module 4"]);
	t.is(calls.length, tried.length);
	const inserted = tried.filter((line) => line.endsWith(" inserted")).map((line) => line.split(" ")[0]);
	t.true(inserted.every((module) => loaded.includes(module!)));
	t.true(
		loaded.length - inserted.length <= Number(said["by-modprobe"]?.[0]),
		"more than the kernel's own requests loaded",
	);

	t.deepEqual(said.loop, ["loop", "Invalid parameters", "loop", "Invalid parameters"]);
	t.deepEqual(said["loop-calls"], ["finit_module 4", "finit_module 4", "init_module", "init_module"]);
});
