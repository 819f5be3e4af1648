// coldplug beside udev, on a real kernel with some thirty devices: the same modules, boot after boot,
// on two processors and on one in turn. In the first of these boots, explain names a true cause for every one of them.
import type { ExecutionContext } from "ava";
import { sectionsOf } from "../support/project/sections.js";
import { askForCauses, checkCauses } from "../support/vm/loaded-causes.js";
import { boot, coldplugDevices } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

/** The day's subset has one (scripts/test-vm-quick.mjs). */
const BOOTS = Number(process.env.COLDPLUG_BOOTS ?? 5);
const IN_BOOTS = BOOTS === 1 ? "in one boot" : `in ${BOOTS === 5 ? "five" : BOOTS} boots in a row`;

/** Files in which udev's rules name modules themselves; printed as `FILE:RULE`. */
const listNamedLoads = `grep -H 'kmod}*="load [^$]' /usr/lib/udev/rules.d/* /lib/udev/rules.d/* /etc/udev/rules.d/* 2>/dev/null | sort -u`;

const byUdev = `. /vm/functions
echo "before: $(live_modules | tr '\\n' ' ')"
udev_coldplug >&2; stand_still
echo "after: $(live_modules | tr '\\n' ' ')"
${listNamedLoads}`;

const byColdplug = (options = "", behind = "") => `. /vm/functions
if pidof systemd-udevd; then echo udevd runs; exit 1; fi
echo "before: $(live_modules | tr '\\n' ' ')"
coldplug ${options}; status=$?
echo "at exit: $(live_modules | tr '\\n' ' ')"
stand_still
echo "after: $(live_modules | tr '\\n' ' ')"
${behind}
exit $status`;

const list = (stdout: string, name: string): string[] =>
	(new RegExp(`^${name}: (.*)$`, "m").exec(stdout)?.[1] ?? "").split(" ").filter((module) => module !== "");

/** The modules that udev's rules name, each with its rule. */
function namedByRules(stdout: string): ReadonlyMap<string, string> {
	const rules = [...stdout.matchAll(/^(\/\S+rules):(.*kmod\}?\+?="load ([^"$]+)".*)$/gm)];
	return new Map(
		rules.flatMap(([, file, rule, names]) =>
			names!
				.trim()
				.split(/\s+/)
				.map((name) => [name.replaceAll("-", "_"), `${file}: ${rule}`]),
		),
	);
}

vmTest(`coldplug loads exactly the modules that udev loads, ${IN_BOOTS}`, async (t) => {
	const udev = await boot({ devices: coldplugDevices, script: byUdev, seconds: 600 });
	const named = namedByRules(udev.stdout.toString());
	const theirs = list(udev.stdout.toString(), "after");
	t.log(`udev, ${theirs.length} modules: ${theirs.join(" ")}`);
	t.true(theirs.length > list(udev.stdout.toString(), "before").length + 50, "udev loaded too little to compare with");
	for (let number = 1; number <= BOOTS; number++) {
		const processors = number % 2 === 1 ? 2 : 1;
		const machine = { devices: coldplugDevices, processors, seconds: 600 } as const;
		const { stdout, stderr, status } = await boot({
			...machine,
			script: number === 1 ? byColdplug("--json >/run/coldplug.json", askForCauses) : byColdplug(),
		});
		const output = stdout.toString();
		const ours = list(output, "after");
		t.log(`coldplug, boot ${number} with ${processors} processors, ${ours.length} modules: ${ours.join(" ")}`);
		t.is(status, 0, stderr.toString());
		t.is(stderr.toString(), "");
		if (number === 1) namesTrueCauses(t, output, ours.length);
		t.deepEqual(list(output, "at exit"), ours, "modules came after coldplug had ended");
		t.deepEqual(list(output, "before"), list(udev.stdout.toString(), "before"));
		t.deepEqual(
			ours.filter((module) => !theirs.includes(module)),
			[],
			"modules that udev does not load",
		);
		const missing = theirs.filter((module) => !ours.includes(module));
		t.deepEqual(
			missing.filter((module) => !named.has(module)),
			[],
			"modules that only udev loads, named by no rule",
		);
		for (const module of missing) t.log(`only udev loads ${module}, which a rule names: ${named.get(module)}`);
	}
});

function namesTrueCauses(t: ExecutionContext, output: string, modules: number): void {
	const { falsehoods, counts } = checkCauses(sectionsOf(output));
	const total = (kind: RegExp) =>
		Object.entries(counts).reduce((sum, [key, count]) => sum + (kind.test(key) ? count : 0), 0);
	t.log(`explained: ${JSON.stringify(counts)}`);
	t.deepEqual(falsehoods, []);
	t.is(total(/./), modules);
	t.true(total(/^bound, device$/) > 20, "too few modules are bound to a device that asks for them");
	t.true(total(/, dependency$/) > 20, "too few modules are dependencies");
	t.true(total(/, softdep$/) > 0, "no module is there for a softdep");
}
