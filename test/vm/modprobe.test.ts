// modprobe on a real kernel, beside the real one: the same commands by both, one after the other, from the same state.

import { textsOf } from "../support/project/sections.js";
import { withoutPlacesIn } from "../support/real/compared-modprobe.js";
import { foreignModule } from "../support/vm/images/test-modules.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const config = `options hotplugd_user numbers=1,2
alias hp-user hotplugd-user
alias hp-kept-out hotplugd_slow
blacklist hotplugd_slow
softdep loop pre: nls_utf8 hp-none post: nls_iso8859-1
install hotplugd_fail echo "<$CMDLINE_OPTS> $MODPROBE_MODULE"; /sbin/modprobe --ignore-install hotplugd_fail succeed=1
remove hotplugd_fail echo "away with $MODPROBE_MODULE"; /sbin/modprobe -r --ignore-remove hotplugd_fail
`;

/** What both are to do alike. Each begins and ends without these modules. */
const cases: Readonly<Record<string, string>> = {
	"by name": "modprobe -v hotplugd-user; live; parameters; modprobe -rv hotplugd_user; live",
	"with parameters": "modprobe -v hotplugd_user numbers=3,4; parameters",
	"by alias": "modprobe -v hp-user numbers=5; parameters",
	"with its dependency there":
		"modprobe hotplugd_base level=7; modprobe -v hotplugd_user; cat /sys/module/hotplugd_user/parameters/level",
	twice: "modprobe hotplugd_user; modprobe -v hotplugd_user; modprobe --first-time hotplugd_user",
	"what is not there":
		"modprobe -r hotplugd_user; modprobe -r --first-time hotplugd_user; modprobe -r none; modprobe none",
	"what is needed": "modprobe hotplugd_user; modprobe -r hotplugd_base; modprobe -ra hotplugd_base hotplugd_user; live",
	"what is blacklisted": "modprobe hp-kept-out; modprobe -b hotplugd_slow; live; modprobe -D hotplugd_slow",
	softdeps: "modprobe -v loop; live; modprobe -rv loop; live",
	commands: "modprobe hotplugd_fail; live; modprobe -r hotplugd_fail; live",
	"without commands":
		"modprobe -i hotplugd_fail; modprobe -v -i hotplugd_fail succeed=1; modprobe -r -i -v hotplugd_fail",
	"no hardware": "modprobe pcc-cpufreq; modprobe -q pcc-cpufreq; modprobe -a pcc-cpufreq loop; live",
	"a parameter that is none": "modprobe loop max_loop=many; live",
	several: "modprobe -a loop hotplugd_user nls_utf8; live; modprobe -ra loop hotplugd_user nls_utf8; live",
	"what is built in":
		"modprobe amd_uncore; modprobe --first-time amd_uncore; modprobe -r amd_uncore; modprobe -D amd_uncore",
	"what would be":
		"modprobe -D btrfs; modprobe -nv hotplugd_user; modprobe -R hp-user; modprobe -c | sed 's/ *post:/ post:/' | md5sum",
	"what is in use":
		"modprobe loop; hold & until held; do sleep 0.1; done; modprobe -r loop; kill $!; wait; modprobe -r loop; live",
	"what is in use for a while":
		"modprobe loop; hold & pid=$!; until held; do sleep 0.1; done; (sleep 2; kill $pid) & modprobe -r -w 60000 loop; live; wait",
	"another kernel's":
		"cp /foreign.ko $extra/hotplugd_base.ko; modprobe hotplugd_base; modprobe --force-modversion hotplugd_base; modprobe --force-vermagic hotplugd_base; live; modprobe -r hotplugd_base; modprobe -f hotplugd_user; live",
	"signed and not":
		"modprobe -a loop hotplugd_base; cat /sys/module/loop/taint /sys/module/hotplugd_base/taint; modinfo -F signer loop hotplugd_base; modinfo hotplugd_base; live",
	"forbidden by the kernel command line": "modprobe nls_ascii; modprobe -a nls_ascii loop; live",
	"versions of symbols":
		"modprobe --show-modversions $extra/hotplugd_user.ko | sort; modprobe --show-exports $extra/hotplugd_base.ko",
};

/** The same under a kernel that takes signed modules alone, for either of two reasons. Neither can be undone. */
const guards: Readonly<Record<string, string>> = {
	"locked down": "mount -t securityfs none /sys/kernel/security && echo integrity >/sys/kernel/security/lockdown",
	"signatures enforced": "echo 1 >/sys/module/module/parameters/sig_enforce",
};
const guarded = `modprobe -v loop; modprobe hotplugd_user; modprobe -f hotplugd_base; insmod $extra/hotplugd_base.ko; live
modprobe -ra loop; live`;

const prelude = `
tree=/lib/modules/$(uname -r)/kernel
extra=/lib/modules/$(uname -r)/extra
live() { sed 's/ .*//' /proc/modules | grep -E '^(hotplugd|loop|nls_)' | tr '\\n' ' '; echo; }
parameters() { cat /sys/module/hotplugd_user/parameters/numbers; }
hold() { exec sleep 1000 9<>/dev/loop-control; }
held() { [ "$(cat /sys/module/loop/refcnt)" != 0 ]; }
`;

/** Only ours: what kmod 30 has not, or does otherwise. */
const own = `${prelude}
echo "== a path"; modprobe -v $extra/hotplugd_user.ko numbers=9; parameters; live
echo "== holders"; modprobe -v --remove-holders hotplugd_base; echo "[$?]"; live
echo "== in use for too long"; modprobe loop; hold & until held; do sleep 0.1; done
modprobe -r -w 100 loop; echo "[$?]"; kill $!; wait; modprobe -r loop
echo "== json"; modprobe --json -D hp-user; modprobe --json -R hp-user
echo "== explained"; modprobe -v hp-kept-out; modprobe -v amd_uncore; modprobe loop; modprobe -v loop
cp /foreign.ko $extra/hotplugd_base.ko; modprobe hotplugd_base
modprobe -ra loop
`;

const script = `${prelude}
mkdir /tmp/ours
for tool in modprobe insmod modinfo; do ln -s /opt/hotplugd/dist/main.js /tmp/ours/$tool; done
cp $extra/hotplugd_base.ko /run/
theirs=$PATH
clean() { # everything as it was, by what is neither
	cp /run/hotplugd_base.ko $extra/
	rmmod hotplugd_user hotplugd_base hotplugd_slow hotplugd_fail loop nls_utf8 nls_iso8859_1 2>/dev/null
}
try() { # NAME
	for who in real ours; do
		echo "== $who $1"
		[ $who = real ] || PATH=/tmp/ours:$PATH
		timeout 100 sh "/cases/$1" 2>&1
		echo "[$?]"
		PATH=$theirs
		clean
	done
}
for number in ${Object.keys(cases)
	.map((_, number) => number)
	.join(" ")}; do try $number; done
PATH=/tmp/ours:$PATH
sh /cases/own 2>&1
PATH=$theirs
clean
${Object.values(guards)
	.map((guard, number) => `${guard}\ntry guard${number}\n`)
	.join("")}
`;

/** What both must have done, lest they fail alike. */
const outcomes: Readonly<Record<string, RegExp>> = {
	"by name":
		/^insmod .*hotplugd_base\.ko \ninsmod .*hotplugd_user\.ko numbers=1,2 \nhotplugd_user hotplugd_base \n1,2\nrmmod/m,
	"with parameters": /^3,4\n\[0\]/m,
	"with its dependency there": /^7\n\[0\]/m,
	"what is needed": /FATAL: Module hotplugd_base is in use\.\n.*WARNING.*\n\n\[0\]/,
	"what is blacklisted": /^\ninsmod .*hotplugd_slow\.ko \n\[0\]/m,
	softdeps: /^nls_iso8859_1 loop nls_utf8 \n(?:rmmod .*\n){3}\n\[0\]/m,
	commands: /^<> hotplugd_fail\nhotplugd_fail \n(?:.*\n)*away with hotplugd_fail\n/m,
	"no hardware": /could not insert 'pcc_cpufreq': No such device\n.*\n(?:.*\n)?nls_iso8859_1 loop nls_utf8 \n/,
	"what is in use for a while": /^\n\[0\]/m,
	"another kernel's":
		/(?:.*could not insert 'hotplugd_base': Exec format error\n(?:.*NOTICE.*\n)?){2}hotplugd_base \nhotplugd_user hotplugd_base \n/,
	"signed and not": /^\nOE\n\S.*\nfilename/,
	"forbidden by the kernel command line":
		/could not insert 'nls_ascii': Operation not permitted\nmodprobe: NOTICE: nls_ascii: module_blacklist= on the kernel command line names it \(EPERM\)\n(?:.*\n)*nls_iso8859_1 loop nls_utf8 \n/,
	"locked down":
		/^insmod .*loop\.ko \n(?:insmod .*\n)*modprobe: ERROR: could not insert 'hotplugd_user': Operation not permitted\nmodprobe: NOTICE: hotplugd_base: the kernel is locked down \(integrity\), .*\n(?:.*\n)*nls_iso8859_1 loop nls_utf8 \n/m,
	"signatures enforced":
		/^insmod .*loop\.ko \n(?:insmod .*\n)*modprobe: ERROR: could not insert 'hotplugd_user': Key was rejected by service\nmodprobe: NOTICE: hotplugd_base: it is not signed, .*\n(?:.*\n)*nls_iso8859_1 loop nls_utf8 \n/m,
	"versions of symbols": /^0x[0-9a-f]{8}\thotplugd_base_level$/m,
};

const NOTICE = /^(?:modprobe|insmod): NOTICE: .*\n/gm;

vmTest("modprobe does on a real kernel what the real one does", async (t) => {
	const { stdout, stderr } = await boot({
		processors: 1,
		testModules: true,
		append: "module_blacklist=nls_ascii",
		files: {
			"/etc/modprobe.d/cases.conf": config,
			"/foreign.ko": await foreignModule(),
			"/cases/own": own,
			...Object.fromEntries(Object.values(cases).map((line, number) => [`/cases/${number}`, `${prelude}${line}\n`])),
			...Object.fromEntries(
				Object.keys(guards).map((_, number) => [`/cases/guard${number}`, `${prelude}${guarded}\n`]),
			),
		},
		script,
		seconds: 900,
	});
	t.is(stderr.toString(), "");
	const sections = textsOf(stdout);
	const section = (name: string) => sections[name] ?? "";
	const tries = [
		...Object.keys(cases).entries(),
		...[...Object.keys(guards).entries()].map(([number, title]) => [`guard${number}`, title] as const),
	];
	for (const [name, title] of tries) {
		const ours = section(`ours ${name}`);
		const real = withoutPlacesIn(section(`real ${name}`));
		t.is(ours.replaceAll(NOTICE, "").replaceAll(/^build-id:.*\n/gm, ""), real, title);
		if (outcomes[title] !== undefined) t.regex(ours, outcomes[title]!, title);
	}

	const said = (title: string) => `${section(title).trimEnd()}\n`.replaceAll(/\/lib\/modules\/[^/]+/g, "TREE");
	t.is(
		said("a path"),
		"insmod TREE/extra/hotplugd_base.ko \ninsmod TREE/extra/hotplugd_user.ko numbers=1,2 numbers=9\n9\nhotplugd_user hotplugd_base\n",
	);
	t.is(said("holders"), "rmmod hotplugd_user\nrmmod hotplugd_base\n[0]\n");
	t.is(
		said("in use for too long"),
		"modprobe: ERROR: could not remove 'loop': Resource temporarily unavailable\n[1]\n",
	);
	const records = said("json")
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	t.like(records, [
		{ asked: "hp-user", module: "hotplugd_base", how: "insert" },
		{ asked: "hp-user", module: "hotplugd_user", how: "insert" },
		{ asked: "hp-user", module: "hotplugd_user", via: "alias line" },
	]);
	t.regex(
		said("explained"),
		new RegExp(
			[
				"hotplugd_slow is not inserted: /etc/modprobe.d/cases.conf line 4 blacklists it",
				"amd_uncore is built into the kernel",
				"loop is in the kernel already",
			]
				.map((line) => `modprobe: NOTICE: ${line}\n`)
				.join("") +
				"modprobe: ERROR: could not insert 'hotplugd_base': Exec format error\nmodprobe: NOTICE: hotplugd_base: .* \\(ENOEXEC\\)\n$",
		),
	);
});
