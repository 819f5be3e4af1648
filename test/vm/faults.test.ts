// Faults that happen to the agent on a real kernel, and the work that it does in spite of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import type { AgentStatus } from "../../src/agent/telling/status.js";
import { compile } from "../support/running/c-program.js";
import { formatRecords, formatUevent } from "../support/running/uevent-injector.js";
import { umlKernel } from "../support/vm/images/uml-kernel.js";
import { umlTestModules } from "../support/vm/images/uml-test-modules.js";
import { startUml, type UmlVm, umlChips } from "../support/vm/uml.js";
import { coldplugDevices, start } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";
import { renameModule } from "../support/worlds/renamed-module.js";

const LOG = "/run/hotplugd.log";

type Line = { readonly msg: string; readonly module?: string; readonly result?: string; readonly errno?: string };

/** Starts the agent, as systemd restarts it after a failure: only when every thread of the previous one has ended. */
const startDaemon = `cd /; hotplugd run >>${LOG} & until grep -q '"settled"' ${LOG}; do sleep 0.2; done`;

async function succeed(vm: UmlVm, command: string, seconds?: number): Promise<string> {
	const { status, stdout, stderr } = await vm.run(command, seconds);
	if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
	return stdout.toString();
}

async function readLog(vm: UmlVm): Promise<readonly Line[]> {
	const log = await succeed(vm, `cat ${LOG}`);
	return log
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as Line);
}

const readStatus = async (vm: UmlVm): Promise<AgentStatus> => JSON.parse(await succeed(vm, "hotplugd status --json"));

// Loads with kmod what is still missing.
const byModprobe = `find /sys/devices -name modalias -print0 | xargs -0 cat | sort -u | xargs -d '\\n' /sbin/modprobe -abq`;

const readTaint = "cat /proc/sys/kernel/tainted; dmesg | grep -A 40 'cut here' || :";

vmTest(
	"killed in the middle of coldplug, and again as a daemon, it leaves nothing that the next one does not load",
	async (t) => {
		const vm = await start({ devices: coldplugDevices });
		try {
			for (const command of ["coldplug", "hotplugd run", "hotplugd run"]) {
				const counts = await succeed(
					vm,
					`. /vm/functions
				before=$(live_modules | wc -l)
				(exec ${command} >/dev/null) & agent=$!
				until [ $(live_modules | wc -l) -ge $((before + 15)) ]; do sleep 0.05; done
				kill -KILL $agent; wait $agent
				echo $before $(live_modules | wc -l)`,
				);
				t.log(`${command}, killed: modules before and after: ${counts.trim()}`);
			}
			await succeed(vm, startDaemon);
			const ours = await succeed(vm, ". /vm/functions; hotplugd settle; stand_still; live_modules");
			await vm.run(`${byModprobe}; ${byModprobe}`);
			const theirs = await succeed(vm, ". /vm/functions; stand_still; live_modules");
			t.true(ours.split("\n").length > 100, ours);
			t.is(ours, theirs);
			const [taint, ...warning] = (await succeed(vm, `hotplugd stop; wait; ${readTaint}`)).split("\n");
			if (warning.length > 1) t.log(warning.join("\n"));
			// A driver may make the kernel warn (TAINT_WARN) when its insertion is killed; the log above shows the warning.
			t.is(Number(taint) & ~512, 0);
		} finally {
			await vm.stop();
		}
	},
);

const two = (number: number): string => String(number).padStart(2, "0");
const list = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, i) => prefix + two(i));

const PARALLEL = 4;
const slow = list("hotplugd_sl", PARALLEL + 4);
const others = list("hotplugd_ot", 50);
/** Modules by the errno of their init. The kernel or its loader returns the other errnos. */
const failing = { hotplugd_fa12: 12, hotplugd_fa16: 16, hotplugd_f129: 129 };
const [unknownSymbol, foreign, forbidden] = ["hotplugd_usei", "hotplugd_fore", "hotplugd_forb"];
const reasons: Readonly<Record<string, string>> = {
	hotplugd_fa12: "ENOMEM",
	hotplugd_fa16: "EBUSY",
	hotplugd_f129: "EKEYREJECTED",
	[unknownSymbol]: "ENOENT",
	[foreign]: "ENOEXEC",
	[forbidden]: "EPERM",
};

/** The causes that the log names, where there is evidence. */
const causes: Readonly<Record<string, RegExp>> = {
	// This kernel lists functions alone in /proc/kallsyms: which of the symbols is unknown cannot be told.
	[unknownSymbol]: /: it needs a symbol that no live module has; .* \(ENOENT\)$/,
	[foreign]: /: it was built for the kernel 0\S*, and the running kernel is \S+ \(ENOEXEC\)$/,
	[forbidden]: /: module_blacklist= on the kernel command line names it \(EPERM\)$/,
	hotplugd_f129: /: it is not signed, and the kernel takes only modules signed by .* \(EKEYREJECTED\)$/,
};

async function extraModules(): Promise<Record<string, Buffer>> {
	const folder = await umlTestModules(await umlKernel());
	const [slowly, fail, user] = ["slow", "fail", "user"].map((name) =>
		readFileSync(join(folder, `hotplugd_${name}.ko`)),
	);
	const copies = [...slow, ...others, forbidden].map(
		(name) => [name, renameModule(slowly!, "hotplugd_slow", name)] as const,
	);
	const failures = Object.keys(failing).map((name) => [name, renameModule(fail!, "hotplugd_fail", name)] as const);
	const usesUnknown = renameModule(
		renameModule(user!, "hotplugd_user", unknownSymbol),
		"hotplugd_base_level",
		"hotplugd_base_lavel",
	);
	const ofAnotherKernel = Buffer.from(
		renameModule(slowly!, "hotplugd_slow", foreign)
			.toString("latin1")
			.replace(/(?<=\0vermagic=)\d/, "0"),
		"latin1",
	);
	return Object.fromEntries([...copies, ...failures, [unknownSymbol, usesUnknown], [foreign, ofAnotherKernel]]);
}

const announce = (names: readonly string[], place: string): Buffer =>
	formatRecords(
		names.map((name) =>
			formatUevent("add", `/devices/made-up/${place}/${name}`, [
				["SUBSYSTEM", "platform"],
				["MODALIAS", name.startsWith("rtnl-link") ? name : `platform:${name.replaceAll("_", "-")}`],
			]),
		),
	);

const links = "dummy ifb nlmon veth macvlan ipvlan bond team vcan vxlan geneve gtp vrf macsec bridge vlan sit gre"
	.split(" ")
	.map((name) => `rtnl-link-${name}`);

const options = [
	...slow.map((name) => `options ${name} delay_ms=60000`),
	...Object.entries(failing).map(([name, errno]) => `options ${name} errno=${errno}`),
];

vmTest(
	"indexes are rewritten, modules hang, others fail, and all devices come up again and again: nothing is lost",
	async (t) => {
		const modules = await extraModules();
		const vm = await startUml({
			testModules: true,
			devices: umlChips("tmp006", "24c02"),
			append: `module_blacklist=${forbidden}`,
			files: {
				"/etc/modprobe.d/faults.conf": `${options.join("\n")}\n`,
				"/etc/hotplugd.toml": `parallel = ${PARALLEL}\nhung_seconds = 3\n`,
				"/vm/injector": readFileSync(compile("uevent-injector")),
				"/vm/writer": readFileSync(compile("uevent-writer")),
				...Object.fromEntries(Object.entries(modules).map(([name, image]) => [`/vm/extra/${name}.ko`, image])),
				...Object.fromEntries(links.map((name) => [`/vm/records/${name}`, announce([name], "link")])),
				"/vm/records/slow": announce(slow, "slow"),
				"/vm/records/others": announce(others, "others"),
				"/vm/records/failing": announce(Object.keys(reasons), "failing"),
				"/vm/records/failing-others": announce(Object.keys(reasons), "failing-others"),
			},
		});
		try {
			await succeed(vm, `chmod +x /vm/injector /vm/writer; ${startDaemon}`);
			await rewriteIndexes(t, vm);
			await hang(t, vm);
			await fail(t, vm);
			await storm(t, vm);
			t.is(
				await succeed(
					vm,
					'hotplugd stop; until [ -z "$(pidof node)" ]; do sleep 0.1; done; tail -n 1 /run/hotplugd.log | grep -c stopped',
				),
				"1\n",
			);
		} finally {
			await vm.stop();
		}
	},
);

/** Modules inserted so far, in the order of the log. */
const listInserted = async (vm: UmlVm): Promise<readonly (string | undefined)[]> =>
	(await readLog(vm)).filter(({ result }) => result === "inserted").map(({ module }) => module);

/** @param names a pattern for grep */
const awaitInserted = (names: string, count: number): string =>
	`until [ $(grep -c '"module":"${names}","result":"inserted"' ${LOG}) -ge ${count} ]; do sleep 0.5; done`;

async function rewriteIndexes(t: ExecutionContext, vm: UmlVm): Promise<void> {
	const during = await succeed(
		vm,
		`cp /vm/extra/*.ko /lib/modules/$(uname -r)/extra/ || exit 1
		depmod -a 2>/run/depmod.err & depmod=$!
		for link in ${links.join(" ")}; do
			/vm/injector kernel </vm/records/$link || exit 1
			sleep 0.05
			[ -e /proc/$depmod/exe ] && echo $link
		done
		wait $depmod || exit 1
		hotplugd settle --timeout 60; hotplugd status --json`,
	);
	const amid = during.split("\n").filter((line) => links.includes(line));
	t.log(`${amid.length} of ${links.length} aliases came while depmod ran`);
	t.true(amid.length > 5);
	await succeed(
		vm,
		`until hotplugd status --json | grep -q '"generation": *\\([2-9]\\|[1-9][0-9]\\)'; do sleep 0.5; done`,
	);
	const wanted = ["bonding", "dummy", "ip_gre", "8021q", "macsec", "sit", "vcan"];
	// Some of them may come only when the last indexes have been read.
	for (const name of wanted) await succeed(vm, awaitInserted(name, 1));
	const inserted = await listInserted(vm);
	for (const name of wanted) t.true(inserted.includes(name), `${name} is not among ${inserted.join(" ")}`);
}

async function hang(t: ExecutionContext, vm: UmlVm): Promise<void> {
	await succeed(
		vm,
		`/vm/injector kernel </vm/records/slow
		until [ $(grep -c 'hotplugd_sl.*Loading' /proc/modules) = ${PARALLEL} ]; do sleep 0.1; done
		/vm/injector kernel </vm/records/others
		${awaitInserted("hotplugd_ot..", others.length)}`,
	);
	const { in_flight } = await readStatus(vm);
	const inserted = await listInserted(vm);
	t.deepEqual(
		in_flight.map(({ module, hung }) => `${module} ${hung}`).sort(),
		slow.map((name) => `${name} true`),
	);
	t.deepEqual(
		inserted.filter((name) => slow.includes(name!)),
		[],
	);
	await succeed(vm, awaitInserted("hotplugd_sl..", slow.length));
	const after = await listInserted(vm);
	for (const name of [...slow, ...others]) t.is(after.filter((one) => one === name).length, 1, name);
}

async function fail(t: ExecutionContext, vm: UmlVm): Promise<void> {
	const failed = `$(grep -c '"result":"failed"' ${LOG})`;
	const count = Object.keys(reasons).length;
	await succeed(vm, `/vm/injector kernel </vm/records/failing; until [ ${failed} -ge ${count} ]; do sleep 0.2; done`);
	const { counts } = await readStatus(vm);
	await succeed(vm, "/vm/injector kernel </vm/records/failing; hotplugd settle --timeout 60");
	const once = (await readLog(vm)).filter(({ result }) => result === "failed");
	await succeed(
		vm,
		`/vm/injector kernel </vm/records/failing-others; until [ ${failed} -ge ${2 * count} ]; do sleep 0.2; done`,
	);
	const twice = (await readLog(vm)).filter(({ result }) => result === "failed");
	t.log(once.map(({ msg }) => msg).join("\n"));
	t.deepEqual(Object.fromEntries(once.map(({ module = "", errno }) => [module, errno])), reasons);
	const said = Object.fromEntries(once.map(({ module = "", msg }) => [module, msg]));
	for (const [module, why] of Object.entries(causes)) t.regex(said[module] ?? "", why);
	t.is(once.length, count);
	t.is(twice.length, 2 * count);
	t.deepEqual(counts.modules_failed, Object.fromEntries(Object.values(reasons).map((code) => [code, 1])));
}

/** test/vm/flood.test.ts sends four times as many, where a uevent costs less. */
const FLOOD = 50_000;

/** Announces the same devices again and again. No udev runs here that would process the events. */
async function storm(t: ExecutionContext, vm: UmlVm): Promise<void> {
	const memory = "sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$(pidof node)/status";
	const output = await succeed(
		vm,
		`. /vm/functions
		pidof systemd-udevd && exit 1
		live_modules >/run/before; ${memory}; cut -d' ' -f1 /proc/uptime
		/vm/writer add ${FLOOD}; cut -d' ' -f1 /proc/uptime
		hotplugd settle --timeout 240 >&2; cut -d' ' -f1 /proc/uptime
		sleep 5; live_modules | diff /run/before - && ${memory}`,
		280,
	);
	const [before = 0, begun = 0, devices, written = 0, settled = 0, after = 0] = output.trim().split("\n").map(Number);
	t.log(`${FLOOD} times one of ${devices} devices: ${written - begun} s to write, ${settled - begun} s until settled`);
	t.log(`resident: ${before} KiB before, ${after} KiB after`);
	t.true(after < before + 20 * 1024);
}
