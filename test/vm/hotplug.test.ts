// Devices that are plugged into a running machine, and the end of the daemon that waits for devices.
import type { ExecutionContext } from "ava";
import { start, type Vm } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

type Line = {
	readonly msg: string;
	readonly batch?: number;
	readonly module?: string;
	readonly result?: string;
	readonly device?: string;
	readonly running?: readonly string[];
};

const LOG = "/run/hotplugd.log";

/** Starts `hotplugd run`. Resolves when the modules of all present devices are loaded. */
async function startDaemon(vm: Vm): Promise<{ readonly ended: ReturnType<Vm["run"]> }> {
	const ended = vm.run(`echo $$ >/run/hotplugd.pid; exec hotplugd run >${LOG}`, 900);
	await vm.run(`until grep -q '"settled"' ${LOG}; do sleep 0.2; done`);
	return { ended };
}

async function readLog(vm: Vm): Promise<readonly Line[]> {
	const { stdout } = await vm.run(`cat ${LOG}`);
	return stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line) as Line);
}

/** Waits until the log has `count` outcomes of that kind. */
async function awaitOutcome(vm: Vm, module: string, result: string, count = 1): Promise<void> {
	const seen = `grep -c '"module":"${module}","result":"${result}"' ${LOG}`;
	await vm.run(`until [ $(${seen}) -ge ${count} ]; do sleep 0.2; done`);
}

function outcomesOf(log: readonly Line[], module: string): readonly Line[] {
	return log.filter((line) => line.module === module && line.result !== undefined);
}

const portFor = (id: string, index: number) => `pcie-root-port,id=port-of-${id},chassis=${index},slot=${index}`;

const plugged = [
	{
		id: "stick",
		device: { driver: "usb-storage", bus: "xhci.0", drive: "blank0" },
		module: "usb_storage",
		driver: "usb/drivers/usb-storage",
	},
	{
		id: "line",
		device: { driver: "usb-serial", bus: "xhci.0", chardev: "nowhere0", "always-plugged": true },
		module: "ftdi_sio",
		driver: "usb/drivers/ftdi_sio",
	},
	{
		id: "nic",
		device: { driver: "e1000e", bus: "port-of-nic", romfile: "" },
		module: "e1000e",
		driver: "pci/drivers/e1000e",
	},
	{
		id: "disk",
		device: { driver: "nvme", bus: "port-of-disk", serial: "disk", drive: "blank1" },
		module: "nvme",
		driver: "pci/drivers/nvme",
	},
];
const modules = plugged.map(({ module }) => module).join(" ");

/**
 * Plugs all devices in. Waits until the log says that each driver was inserted `count` times, and each driver is bound to its
 * device.
 */
async function plugIn(vm: Vm, count: number): Promise<void> {
	for (const { id, device } of plugged) await vm.qmp("device_add", { id, ...device });
	for (const { module, driver } of plugged) {
		await awaitOutcome(vm, module, "inserted", count);
		await vm.run(`until ls -d /sys/bus/${driver}/*:*; do sleep 0.2; done`);
	}
}

// The driver is loaded for the board by this line, and finds no hardware of its own there; it finds the controller later.
const strange = "alias pci:v00008086d0000100Esv* ipmi_si\n";

vmTest(
	"what is plugged in while the daemon is idle has its driver loaded, each time, and the idle daemon ends at once",
	async (t) => {
		const vm = await start({
			devices: [...["nic", "disk", "board", "controller"].map(portFor), "qemu-xhci,id=xhci", "ipmi-bmc-sim,id=bmc"],
			files: { "/etc/modprobe.d/strange.conf": strange },
		});
		try {
			const { ended } = await startDaemon(vm);
			const before = await readLog(vm);
			const last = Math.max(...before.map(({ batch = 0 }) => batch));
			const isAnyLive = `lsmod | grep -E '^(${modules.replaceAll(" ", "|")}) '`;
			t.is((await vm.run(isAnyLive)).stdout, "", "a driver was there before its device");

			await plugIn(vm, 1);
			for (const { id } of plugged) await vm.unplug(id);
			// QEMU considers a USB device gone before the guest has released it.
			for (const { driver } of plugged)
				await vm.run(`while ls -d /sys/bus/${driver}/*:* >/dev/null 2>&1; do sleep 0.2; done`);
			// uas, which also drives USB sticks, uses usb_storage.
			t.is((await vm.run(`rmmod uas ${modules}; ${isAnyLive}`)).stdout, "");
			await plugIn(vm, 2);

			await vm.qmp("device_add", { id: "board", driver: "e1000", bus: "port-of-board", romfile: "" });
			await awaitOutcome(vm, "ipmi_si", "no device");
			await vm.qmp("device_add", { id: "controller", driver: "pci-ipmi-kcs", bus: "port-of-controller", bmc: "bmc" });
			await awaitOutcome(vm, "ipmi_si", "inserted");

			await checkIdleEnd(t, vm);
			const { status, stderr } = await ended;
			t.deepEqual({ status, stderr }, { status: 0, stderr: "" });

			const log = await readLog(vm);
			for (const { module } of plugged) {
				const outcomes = outcomesOf(log, module);
				t.log(outcomes.map((line) => JSON.stringify(line)).join("\n"));
				t.deepEqual(
					outcomes.map(({ result }) => result),
					["inserted", "inserted"],
					module,
				);
				for (const { batch = 0 } of outcomes) {
					t.true(batch > last);
					// When the outcome belongs to a dependency, the line of the module that needs it names the device.
					t.true(log.some((line) => line.batch === batch && line.device?.startsWith("/devices/pci0000:00/")));
				}
			}
			const [inVain, found, ...more] = outcomesOf(log, "ipmi_si");
			t.deepEqual([inVain?.result, found?.result, more], ["no device", "inserted", []]);
			t.not(inVain?.device, found?.device);
		} finally {
			await vm.stop();
		}
	},
);

/**
 * An end that waits for something takes longer, for a command five seconds, for example. The limit allows for emulation beside
 * another machine.
 */
const AT_ONCE_SECONDS = 3;

/** Ends the idle daemon. When that takes too long, two more daemons are tried: the emulator's host may have been busy. */
async function checkIdleEnd(t: ExecutionContext, vm: Vm): Promise<void> {
	const seconds: number[] = [];
	for (let attempt = 1; ; attempt++) {
		const { stdout } = await vm.run(`
			daemon=$(cat /run/hotplugd.pid)
			read -r before rest </proc/uptime
			kill -TERM $daemon
			while [ -e /proc/$daemon ]; do sleep 0.01; done
			read -r after rest </proc/uptime
			echo $before $after`);
		const [before = 0, after = Number.NaN] = stdout.split(" ").map(Number);
		seconds.push(Number((after - before).toFixed(2)));
		if (attempt === 3 || after - before < AT_ONCE_SECONDS) break;
		await vm.run(`mv ${LOG} ${LOG}.first`);
		const again = await startDaemon(vm);
		again.ended.catch(() => {});
	}
	t.log(`SIGTERM to its end, in seconds of the guest: ${seconds.join(", ")}`);
	t.true(seconds.at(-1)! < AT_ONCE_SECONDS);
	await vm.run(`[ ! -e ${LOG}.first ] || mv ${LOG}.first ${LOG}`);
}

// The modules that wait for hotplugd_slow have not begun when the daemon is told to stop.
const slow = `alias pci:v00008086d0000100Esv* hotplugd_slow
options hotplugd_slow delay_ms=30000
softdep hotplugd_slow post: ifb
`;

vmTest(
	"a device that comes during the walk is not missed; a module in its init is awaited at SIGTERM, and no other begun",
	async (t) => {
		const vm = await start({
			devices: [...["nic", "slow", "disk"].map(portFor), "qemu-xhci,id=xhci", "i6300esb", "AC97,audiodev=silence"],
			files: { "/etc/modprobe.d/slow.conf": slow },
			testModules: true,
		});
		try {
			// The walk comes to these devices, which have no aliases, after all others, and so takes longer.
			await vm.run("modprobe dummy numdummies=500");
			const coldplug = vm.run("coldplug --json >/run/coldplug.json");
			await vm.run("until grep -q '/0000:00:02.0\"' /run/coldplug.json; do sleep 0.05; done");
			await vm.qmp("device_add", { id: "nic", driver: "e1000e", bus: "port-of-nic", romfile: "" });
			await vm.run("until [ -e /sys/bus/pci/devices/0000:01:00.0/modalias ]; do sleep 0.05; done");
			t.is((await vm.run("grep walked /run/coldplug.json")).stdout, "", "the walk was over too soon");
			t.is((await coldplug).status, 0);
			const { stdout } = await vm.run('grep -E \'"walked"|/0000:01:00.0"|"e1000e","result"\' /run/coldplug.json');
			const records = stdout
				.trimEnd()
				.split("\n")
				.map((line) => JSON.parse(line));
			t.log(stdout);
			t.deepEqual(records.map(({ kind }) => kind).sort(), ["decision", "outcome", "step", "walked"]);
			t.is(records.find(({ kind }) => kind === "outcome").result, "inserted");
			t.regex((await vm.run("ls -l /sys/bus/pci/devices/0000:01:00.0/driver")).stdout, /e1000e$/m);

			const { ended } = await startDaemon(vm);
			await vm.qmp("device_add", { id: "slow", driver: "e1000", bus: "port-of-slow", romfile: "" });
			await vm.run('until [ "$(cat /sys/module/hotplugd_slow/initstate)" = coming ]; do sleep 0.1; done 2>/dev/null');
			await vm.run("kill -TERM $(cat /run/hotplugd.pid); until grep -q SIGTERM /run/hotplugd.log; do sleep 0.1; done");
			await vm.qmp("device_add", { id: "disk", driver: "nvme", bus: "port-of-disk", serial: "disk", drive: "blank0" });
			const { stdout: state } = await vm.run(`
			until [ -e /sys/bus/pci/devices/0000:03:00.0/modalias ]; do sleep 0.05; done
			cat /sys/module/hotplugd_slow/initstate`);
			t.is(state, "coming\n", "the daemon was to end while the module's init ran");
			t.is((await ended).status, 0);
			const log = await readLog(vm);
			const told = log.findIndex(({ msg }) => msg.startsWith("SIGTERM"));
			t.log(
				log
					.slice(told)
					.map((line) => JSON.stringify(line))
					.join("\n"),
			);
			t.deepEqual(log[told]?.running, ["hotplugd_slow"]);
			t.deepEqual(
				log.slice(told + 1).map(({ module, result, msg }) => [module ?? msg, result]),
				[
					["hotplugd_slow", "inserted"],
					["ifb", "stopped"],
					["stopped", undefined],
				],
			);
			t.is((await vm.run("lsmod | grep -E '^(nvme|ifb) '")).stdout, "");
		} finally {
			await vm.stop();
		}
	},
);
