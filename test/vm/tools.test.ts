// lsmod, insmod, rmmod and kmod on a real kernel, compared with the real ones: both run the same commands, one after the other.
import { execFileSync } from "node:child_process";
import { textsOf } from "../support/project/sections.js";
import { foreignModule } from "../support/vm/images/test-modules.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

/** Command lines that leave the machine as they found it. $tree and $extra are directories of modules. */
const cases: Readonly<Record<string, string>> = {
	"the table": "lsmod",
	"kmod list": "kmod list",
	"the table while a module's init runs":
		"insmod $extra/hotplugd_slow.ko delay_ms=6000 & coming hotplugd_slow; lsmod; wait; rmmod hotplugd_slow",
	parameters:
		"insmod $tree/drivers/block/loop.ko max_loop=5 max_part=2; cd /sys/module/loop/parameters; cat *; rmmod loop",
	"parameters with spaces":
		"insmod $extra/hotplugd_slow.ko 'label=\"two words\"'; cat /sys/module/hotplugd_slow/parameters/label; rmmod hotplugd_slow",
	"a parameter that is none": "insmod $tree/drivers/block/loop.ko max_loop=many",
	"what is there already": "insmod $tree/fs/fat/fat.ko",
	"a missing dependency": "insmod $tree/drivers/hid/usbhid/usbhid.ko",
	"no module": "insmod /etc/passwd",
	"no file": "insmod /nowhere.ko",
	"no hardware": "insmod $tree/drivers/cpufreq/pcc-cpufreq.ko",
	"another kernel's": "insmod /foreign.ko",
	"another kernel's, by force":
		"insmod -f /foreign.ko level=3; cat /sys/module/hotplugd_base/parameters/level; rmmod hotplugd_base",
	"another kernel's, compressed": "insmod /foreign.ko.xz",
	"another kernel's, compressed, by force":
		"insmod -f /foreign.ko.xz level=4; cat /sys/module/hotplugd_base/parameters/level; rmmod hotplugd_base",
	"what others need": "rmmod fat",
	"what is open": "modprobe loop; exec 9<>/dev/loop-control; rmmod loop; lsmod | grep loop; exec 9<&-; rmmod loop",
	"what is there no more": "modprobe loop; rmmod -v loop loop",
	several: "modprobe -a loop nls_utf8; rmmod loop fat nowhere nls-utf8",
	"what is built in": "rmmod amd_uncore",
	"static nodes": "kmod static-nodes --format=tmpfiles --output=/tmp/nodes/conf; cat /tmp/nodes/conf; rm -r /tmp/nodes",
	// The process that has the module open must not touch it again: the machine would crash.
	"what is open, by force":
		"modprobe loop; setsid sleep 1000 9<>/dev/loop-control >/dev/null 2>&1 & until [ $(cat /sys/module/loop/refcnt) != 0 ]; do sleep 0.1; done; rmmod loop; rmmod -f loop; lsmod | grep -c loop",
};

const prelude = `
tree=/lib/modules/$(uname -r)/kernel
extra=/lib/modules/$(uname -r)/extra
coming() { until [ "$(cat /sys/module/$1/initstate 2>/dev/null)" = coming ]; do sleep 0.1; done; }
cd /tmp
`;

/** Commands that kmod 30 does not have: they insert modules with their dependencies, and remove them again. */
const ownCommands = `
echo "== own commands"
PATH=/tmp/ours:$PATH
exec 2>&1
kmod insert -v hotplugd-user numbers=3,4
cat /sys/module/hotplugd_user/parameters/numbers
kmod remove hotplugd_base
kmod remove -v hotplugd_user
kmod insert -v /lib/modules/$(uname -r)/extra/hotplugd_user.ko
kmod insert hotplugd_fail
kmod remove hotplugd_user hotplugd_fail
lsmod | grep -c hotplugd
PATH=$theirs
`;

/** The kernel requests a module itself, and finds no other modprobe than ours. */
const autoload = `
echo "== autoload"
rm /usr/sbin/modprobe
ln -s /opt/hotplugd/dist/main.js /tmp/ours/modprobe
echo /tmp/ours/modprobe >/proc/sys/kernel/modprobe
grep -E '^(binfmt_misc|af_alg) ' /proc/modules
mount -t binfmt_misc none /mnt && umount /mnt
perl -e 'socket(S, 38, 5, 0) or die "$!\\n"'
grep -oE '^(binfmt_misc|af_alg) ' /proc/modules
`;

const script = `
mkdir /tmp/ours
for tool in kmod lsmod insmod rmmod; do ln -s /opt/hotplugd/dist/main.js /tmp/ours/$tool; done
modprobe -a vfat msdos snd-seq-dummy
theirs=$PATH
try() { # TITLE NUMBER
	for who in real ours; do
		echo "== $who $1"
		[ $who = real ] || PATH=/tmp/ours:$PATH
		timeout 60 sh "/cases/$2" 2>&1
		echo "[$?]"
		PATH=$theirs
	done
}
${Object.keys(cases)
	.map((title, number) => `try "${title}" ${number}`)
	.join("\n")}
${ownCommands}
${autoload}
echo "== json"
/tmp/ours/lsmod --json
echo "== sysfs"
sed 's/ .*//' /proc/modules | while read -r module; do
	cd /sys/module/$module
	echo "$module $(cat coresize) $(cat refcnt) $(cat initstate) $(ls -U holders | tr '\\n' ' ')"
done
`;

const toBeExplained = [
	"a parameter that is none",
	"no hardware",
	"a missing dependency",
	"no module",
	"another kernel's",
	"another kernel's, compressed",
];

/** Expected output of both, so that they do not pass by failing alike. */
const outcomes: Readonly<Record<string, RegExp>> = {
	"the table": /^fat +\d+ +2 \w+,\w+$/m,
	"the table while a module's init runs": /^hotplugd_slow .*/m,
	parameters: /^5\n3\n\[0\]/m,
	"parameters with spaces": /^two words\n\[0\]/m,
	"another kernel's": /Invalid module format/,
	"another kernel's, by force": /^3\n\[0\]/m,
	"another kernel's, compressed, by force": /^4\n\[0\]/m,
	"what others need": /in use by: (vfat msdos|msdos vfat)\n\[1\]/,
	"what is open": /Module loop is in use\nloop .* 1\n\[0\]/,
	"what is open, by force": /^rmmod: ERROR: Module loop is in use\n0\n\[1\]/,
	"what is built in": /is builtin/,
	"static nodes": /^c! \/dev\/loop-control 0600 - - - 10:237$/m,
};

/** Messages of libkmod with the names of its source files. */
const OF_LIBRARY = /^(?:libkmod: |\w+: \w+: )\S*libkmod\/\S+\.c:.*\n/gm;
const EXPLANATION = /^insmod: NOTICE: .*\n/gm;

vmTest("lsmod, insmod, rmmod and kmod do on a real kernel what the real ones do", async (t) => {
	const image = await foreignModule();
	const { stdout, stderr } = await boot({
		processors: 1,
		testModules: true,
		files: {
			"/foreign.ko": image,
			"/foreign.ko.xz": execFileSync("xz", ["--check=crc32", "-c"], { input: image }),
			...Object.fromEntries(Object.values(cases).map((line, number) => [`/cases/${number}`, `${prelude}${line}\n`])),
		},
		script,
		seconds: 400,
	});
	t.is(stderr.toString(), "");
	const sections = textsOf(stdout);
	const explained: string[] = [];
	for (const title of Object.keys(cases)) {
		const ours = sections[`ours ${title}`]!;
		const bare = ours.replaceAll(EXPLANATION, "");
		t.is(bare, sections[`real ${title}`]!.replaceAll(OF_LIBRARY, ""), title);
		if (bare !== ours) explained.push(title);
	}
	t.deepEqual(explained.sort(), [...toBeExplained].sort());
	for (const [title, expected] of Object.entries(outcomes)) t.regex(sections[`ours ${title}`] ?? "", expected, title);

	t.is(
		sections["own commands"]?.replaceAll(/\/lib\/modules\/[^/]+/g, "TREE"),
		`insmod TREE/extra/hotplugd_base.ko 
insmod TREE/extra/hotplugd_user.ko numbers=3,4
3,4
kmod remove: ERROR: Module hotplugd_base is in use.
rmmod hotplugd_user
rmmod hotplugd_base
insmod TREE/extra/hotplugd_base.ko 
insmod TREE/extra/hotplugd_user.ko 
kmod insert: ERROR: could not insert 'hotplugd_fail': No such device
kmod insert: NOTICE: hotplugd_fail: its driver found no hardware of its own (ENODEV)
kmod remove: ERROR: Module hotplugd_fail is not in kernel.
0
`,
	);
	t.is(sections.autoload, "af_alg \nbinfmt_misc \n");

	const records = sections.json!.trimEnd().split("\n");
	t.true(records.length > 15);
	const told = records.map((line) => {
		const { module, size, references, state, holders } = JSON.parse(line);
		return [module, size, references, state, ...holders].join(" ");
	});
	t.deepEqual(told, sections.sysfs!.trimEnd().split(/ *\n/));
});
