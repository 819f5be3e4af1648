// The test bed itself: what a script writes and how it ends come out as they are.
import { start } from "./vm.js";
import { vmTest } from "./vm-test.js";

const files = {
	"/etc/modprobe.d/bed.conf": "options loop max_loop=5\n",
	"/usr/local/bin/greet": '#!/bin/sh\necho "hello $1" >&2\nexit 7\n',
};

vmTest("a machine runs commands side by side and gives back what they wrote, each to its own", async (t) => {
	const vm = await start({ files, append: "hotplugd.bed=1", modules: "zst", memory: 1024 });
	try {
		const slow = vm.run("trap 'echo told; exit 3' TERM; echo $$ >/tmp/pid; while :; do sleep 0.1; done");
		t.deepEqual(await vm.run("greet you"), { stdout: "", stderr: "hello you\n", status: 7 });
		t.is((await vm.run("modprobe loop; cat /sys/module/loop/parameters/max_loop")).stdout, "5\n");
		t.regex((await vm.run("cat /proc/cmdline")).stdout, / hotplugd\.bed=1$/m);
		t.is((await vm.run("seq 1 30000 | tee /tmp/numbers")).stdout.length, 168_894);
		t.deepEqual(await vm.run("printf 'a\\r\\n\\t\\004ü'; kill -KILL $$"), {
			stdout: "a\r\n\t\u0004ü",
			stderr: "",
			status: 137,
		});
		await vm.run("kill $(cat /tmp/pid)");
		t.deepEqual(await slow, { stdout: "told\n", stderr: "", status: 3 });

		const error = await t.throwsAsync(vm.run("echo begun; echo 'a line for the console' >/dev/console; sleep 60", 5));
		t.regex(
			error!.message,
			/did not end `echo begun.*within 5 s\n--- stdout so far\nbegun\n[\s\S]*a line for the console/,
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
