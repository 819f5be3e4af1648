// Tests of the test bed: the output and the exit status of a script arrive unchanged.
import { start } from "./vm.js";
import { plugAndUnplug, plugControllers } from "./vm-plugs.js";
import { vmTest } from "./vm-test.js";

const files = {
	"/etc/modprobe.d/bed.conf": "options loop max_loop=5\n",
	"/usr/local/bin/greet": '#!/bin/sh\necho "hello $1" >&2\nexit 7\n',
};

const written = (stdout: string) => ({ stdout, bytes: Buffer.from(stdout) });

vmTest("a machine runs commands side by side and gives back what they wrote, each to its own", async (t) => {
	const vm = await start({ files, append: "hotplugd.bed=1", modules: "zst", memory: 1024 });
	try {
		const slow = vm.run("trap 'echo told; exit 3' TERM; echo $$ >/tmp/pid; while :; do sleep 0.1; done");
		t.deepEqual(await vm.run("greet you"), { ...written(""), stderr: "hello you\n", status: 7 });
		t.is((await vm.run("modprobe loop; cat /sys/module/loop/parameters/max_loop")).stdout, "5\n");
		t.regex((await vm.run("cat /proc/cmdline")).stdout, / hotplugd\.bed=1$/m);
		t.is((await vm.run("seq 1 30000 | tee /tmp/numbers")).stdout.length, 168_894);
		t.deepEqual(await vm.run("printf 'a\\r\\n\\t\\004ü'; kill -KILL $$"), {
			...written("a\r\n\t\u0004ü"),
			stderr: "",
			status: 137,
		});
		await vm.run("kill $(cat /tmp/pid)");
		t.deepEqual(await slow, { ...written("told\n"), stderr: "", status: 3 });

		const error = await t.throwsAsync(
			vm.run("echo begun; echo 'a line for the console' >/dev/console; sleep 1000", 20),
		);
		t.regex(
			error!.message,
			/did not end `echo begun.*within 20 s\n--- stdout so far\nbegun\n[\s\S]*--- its tasks\n[\s\S]*\/task\/\d+ S sleep \w+ sleep 1000 [\s\S]*a line for the console/,
		);
	} finally {
		await vm.stop();
	}
	await t.throwsAsync(vm.run("true"), { message: /the machine has stopped/ });
});

vmTest("a machine that its kernel gives up says so with its console", async (t) => {
	const vm = await start({});
	const error = await t.throwsAsync(vm.run("echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger"));
	t.regex(error!.message, /the machine has stopped[\s\S]*Kernel panic/);
	await vm.stop();
});

const crumb = `[Service]
Type=oneshot
ExecStart=/bin/sh -c 'cat /etc/crumb >/run/crumb; until [ -e /run/asked ]; do sleep 0.2; done'
[Install]
WantedBy=multi-user.target
`;

vmTest("systemd is process 1, takes commands while it boots, and a script has run before it", async (t) => {
	const vm = await start({
		init: "systemd",
		early: true,
		files: { "/etc/systemd/system/crumb.service": crumb },
		before: "echo laid >/etc/crumb; systemctl enable crumb.service; ls /lib/modules /opt/hotplugd/dist/main.js",
	});
	try {
		t.is((await vm.run("readlink /proc/1/exe; cat /vm/before.out")).stdout.split("\n")[0], "/usr/lib/systemd/systemd");
		const { stdout } = await vm.run(
			"systemctl is-system-running; touch /run/asked; systemctl is-system-running --wait; cat /run/crumb",
		);
		const [before, after, laid] = stdout.split("\n");
		t.true(["initializing", "starting"].includes(before ?? ""), before);
		t.deepEqual([after, laid], ["running", "laid"]);
		t.is((await vm.run("node -p 6*7; coldplug -n >/dev/null; echo $?; udevadm settle")).stdout, "42\n0\n");
	} finally {
		await vm.stop();
	}
});

const inittab = `::sysinit:/bin/sh -c 'echo $PATH >/run/sysinit'
::respawn:/bin/sh -c 'echo once >>/run/respawned; exec sleep 3'
`;

vmTest("busybox's init is process 1, does what its inittab says, and has nothing of udev around it", async (t) => {
	const vm = await start({ init: "busybox", files: { "/etc/inittab": inittab }, before: "hostname >/etc/was" });
	try {
		t.is((await vm.run("readlink /proc/1/exe; cat /proc/1/comm")).stdout, "/bin/busybox\ninit\n");
		t.is((await vm.run("cat /run/sysinit")).stdout, "/sbin:/usr/sbin:/bin:/usr/bin\n");
		await vm.run("until [ $(wc -l </run/respawned) -ge 3 ]; do sleep 0.2; done");
		t.is((await vm.run("cat /sys/class/block/vda/dev; ls /dev/vda /etc/was")).stdout, "254:0\n/dev/vda\n/etc/was\n");
		t.is((await vm.run("find / -xdev -name '*udev*' -o -xdev -name 'modprobe*'")).stdout, "");
		t.deepEqual(await vm.run("node -p 6*7 && coldplug -n >/dev/null"), { ...written("42\n"), stderr: "", status: 0 });
	} finally {
		await vm.stop();
	}
});

vmTest("a script before process 1 that fails stops the machine, which says so", async (t) => {
	const error = await t.throwsAsync(start({ init: "systemd", before: "echo begun; false; echo done" }));
	t.regex(error!.message, /the machine has stopped[\s\S]*the script before process 1 failed with 1:\r?\nbegun\r?\n/);
	t.notRegex(error!.message, /^done/m);
});

vmTest("devices are plugged in and out again, as many as were asked for", async (t) => {
	const vm = await start({ devices: plugControllers });
	try {
		await vm.run(
			"modprobe xhci_pci; udevadm monitor --kernel >/run/events & until grep -q ^KERNEL /run/events; do :; done",
		);
		const seconds: number[] = [];
		const begun = performance.now();
		await plugAndUnplug(vm, 40, async (done) => {
			seconds[done] = (performance.now() - begun) / 1000;
		});
		t.log(seconds.flatMap((at, done) => `${done} after ${at.toFixed(1)} s`).join(", "));
		t.deepEqual(Object.keys(seconds), ["16", "32", "48"]);
		const count = (action: string) => `grep -c ' ${action} .*-[1-9]:1.0 (usb)' /run/events`;
		// The last events of the kernel may not have been written yet.
		for (const action of ["add", "remove"]) await vm.run(`until [ "$(${count(action)})" -ge 48 ]; do sleep 0.2; done`);
		t.is((await vm.run(`${count("add")}; ${count("remove")}`)).stdout, "48\n48\n");
	} finally {
		await vm.stop();
	}
});
