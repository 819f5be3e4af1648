// Devices that come and go for hours, put into minutes: the daemon takes no more memory for it. `npm run soak` has ten times as
// many of them.
import type { ExecutionContext } from "ava";
import { start, type Vm } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const LOG = "/run/hotplugd.log";
const PLUGS = Number(process.env.SOAK_PLUGS ?? 200);
/** After so many the daemon has met everything once, and its memory is compared with what it is in the end. */
const FIRST = 100;
const MOST_GROWTH = 5 * 1024;
/** So often the drivers are taken out, so that the next devices have them loaded. */
const RELOAD_EVERY = 5;
const PATIENCE_SECONDS = Math.max(2400, 3 * PLUGS);

/** Each in a port of its own; what it brings up has drivers too. */
const devices = [
	{ driver: "usb-storage", drive: "blank0" },
	{ driver: "usb-serial", chardev: "nowhere0", "always-plugged": true },
	{ driver: "usb-mouse" },
	{ driver: "usb-kbd" },
	{ driver: "usb-audio", audiodev: "silence" },
	{ driver: "usb-storage", drive: "blank1" },
	{ driver: "usb-tablet" },
	{ driver: "usb-serial", chardev: "nowhere1", "always-plugged": true },
].map((device, index) => ({ ...device, bus: "xhci.0", port: String(index + 1), id: `device${index + 1}` }));

/** Interfaces that have their driver. */
const BOUND = "ls -d /sys/bus/usb/devices/*:*/driver 2>/dev/null | wc -l";
const drivers = ["uas", "usb_storage", "ftdi_sio", "usbserial", "snd_usb_audio"];

async function succeed(vm: Vm, command: string): Promise<string> {
	const { status, stdout, stderr } = await vm.run(command);
	if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
	return stdout.toString().trim();
}

/** Proportional and resident set, in KiB, once the daemon has nothing to do. */
async function readMemory(vm: Vm): Promise<{ readonly proportional: number; readonly resident: number }> {
	const output = await succeed(
		vm,
		"hotplugd settle --timeout 60 >&2; sleep 3; sed -n 's/^\\(Pss\\|Rss\\):[^0-9]*\\([0-9]*\\).*/\\1 \\2/p' /proc/$(cat /run/hotplugd.pid)/smaps_rollup",
	);
	const read = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(output)?.[1]);
	return { proportional: read("Pss"), resident: read("Rss") };
}

vmTest(
	`${PLUGS} plugs and unplugs over ${devices.length} ports at once, and the daemon takes no more memory`,
	async (t) => {
		t.timeout(1000 * PATIENCE_SECONDS);
		const vm = await start({ devices: [`qemu-xhci,id=xhci,p2=${devices.length},p3=${devices.length}`] });
		try {
			const ended = vm.run(`echo $$ >/run/hotplugd.pid; exec hotplugd run >${LOG}`, PATIENCE_SECONDS);
			await succeed(vm, `until grep -q '"settled"' ${LOG}; do sleep 0.2; done`);
			const hubs = Number(await succeed(vm, BOUND));
			const memory: Awaited<ReturnType<typeof readMemory>>[] = [];
			let plugs = 0;
			while (plugs < PLUGS) {
				await plugAll(vm, hubs);
				plugs += devices.length;
				if (plugs % (RELOAD_EVERY * devices.length) === 0) await unload(vm);
				if (memory.length === 0 ? plugs >= FIRST : plugs % 400 === 0) memory.push(await readMemory(vm));
			}
			memory.push(await readMemory(vm));
			await vm.run("kill -TERM $(cat /run/hotplugd.pid)");
			const { status, stderr } = await ended;
			t.is(status, 0, stderr.toString());
			await check(t, vm, plugs, memory);
		} finally {
			await vm.stop();
		}
	},
);

async function plugAll(vm: Vm, hubs: number): Promise<void> {
	await Promise.all(devices.map((device) => vm.qmp("device_add", device)));
	// The last of them to be loaded may be one that a device of these has brought up.
	await succeed(vm, `until [ $(${BOUND}) -ge $((${hubs} + ${devices.length})) ]; do sleep 0.1; done`);
	await Promise.all(devices.map(({ id }) => vm.unplug(id)));
	await succeed(vm, `until [ $(${BOUND}) -le ${hubs} ]; do sleep 0.1; done`);
}

/** Takes out one after the other what nobody uses. */
async function unload(vm: Vm): Promise<void> {
	await succeed(vm, `for driver in ${drivers.join(" ")}; do rmmod $driver 2>/dev/null; done; true`);
}

async function check(
	t: ExecutionContext,
	vm: Vm,
	plugs: number,
	memory: readonly { proportional: number; resident: number }[],
) {
	const inserted = Number(await succeed(vm, `grep -c '"result":"inserted"' ${LOG}`));
	t.log(`${plugs} plugs, ${inserted} insertions`);
	t.log(`resident, in KiB: ${memory.map(({ resident }) => resident).join(", ")}`);
	t.log(`proportional: ${memory.map(({ proportional }) => proportional).join(", ")}`);
	// A device may have been there for too short a time for its driver.
	t.true(inserted > plugs / devices.length / RELOAD_EVERY, `${inserted} insertions`);
	const [first, last] = [memory[0]!, memory.at(-1)!];
	t.true(last.proportional <= first.proportional + MOST_GROWTH);
	t.is(await succeed(vm, `grep -c '"level":50' ${LOG} || true`), "0", "the log has errors");
}
