import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { bounds } from "../../../src/libkmod/kernel/bounds.js";
import { readKernelLog } from "../../../src/linux/devices/kernel-log.js";

const folder = mkdtempSync(join(tmpdir(), "kernel-log-"));
test.after.always(() => rmSync(folder, { recursive: true }));

test("the log of this machine is read to its end without waiting, or it is said why not", (t) => {
	const log = readKernelLog("/dev/kmsg");
	if ("unreadable" in log) {
		t.regex(
			log.unreadable,
			/^the kernel's log.* cannot be read: |^the kernel's log.* may not be read by this user \(E/,
		);
		return;
	}
	const copied = spawnSync("dd", ["if=/dev/kmsg", "bs=16384", "iflag=nonblock"], { encoding: "latin1" }).stdout;
	const texts = new Set(log.map(({ text }) => text));
	const some = [...copied.matchAll(/^[0-7],[0-9]+,[0-9]+,[^;]*;([^\\\n]*)$/gm)].map(([, text = ""]) => text);
	t.true(some.length > 10);
	for (const text of some.slice(0, 200)) t.true(texts.has(text), text);
	t.true(log.length > 0);
	for (const [n, { microseconds }] of log.entries())
		t.true(microseconds >= (log[n - 1]?.microseconds ?? 0) - 1_000_000);
});

test("a copy is read as the device is, without what programs have written", (t) => {
	const copy = join(folder, "copy");
	writeFileSync(
		copy,
		"6,1,1500000,-;e1000 0000:00:03.0: up\n SUBSYSTEM=pci\n12,2,1600000,-;a program\n4,3,1700000,-;two\\x0alines\n",
	);
	t.deepEqual(readKernelLog(copy), [
		{ microseconds: 1_500_000, text: "e1000 0000:00:03.0: up" },
		{ microseconds: 1_700_000, text: "two\nlines" },
	]);
});

test("a copy that is cut, or no log at all, gives the records that are whole", (t) => {
	const copy = join(folder, "cut");
	writeFileSync(copy, "ware load failed\n\0\0\xff;;\n6,7,8,-;whole\n6,8,9");
	t.deepEqual(readKernelLog(copy), [{ microseconds: 8, text: "whole" }]);
});

test("what cannot be read is told in a sentence", (t) => {
	const large = join(folder, "large");
	writeFileSync(large, "");
	truncateSync(large, bounds.kernelLog.bytes + 1);
	t.deepEqual(readKernelLog(large), {
		unreadable: `the kernel's log, ${large}, cannot be read: it is larger than 16 MiB, the limit for a kernel's log`,
	});
	t.deepEqual(readKernelLog(folder), {
		unreadable: `the kernel's log, ${folder}, cannot be read: it is neither the kernel's log nor a copy of it`,
	});
	t.deepEqual(readKernelLog("/dev/zero"), {
		unreadable: "the kernel's log, /dev/zero, cannot be read: it is neither the kernel's log nor a copy of it",
	});
	t.deepEqual(readKernelLog(join(folder, "copy", "none")), {
		unreadable: `the kernel's log cannot be read: there is no ${folder}/copy/none`,
	});
});

test("a FIFO in its place is not waited for", (t) => {
	const fifo = join(folder, "fifo");
	execFileSync("mkfifo", [fifo]);
	t.deepEqual(readKernelLog(fifo), {
		unreadable: `the kernel's log, ${fifo}, cannot be read: it is neither the kernel's log nor a copy of it`,
	});
});

test("who may not read it is told to ask as root", (t) => {
	const locked = join(folder, "locked");
	writeFileSync(locked, "", { mode: 0 });
	const module = new URL("../../../src/linux/devices/kernel-log.js", import.meta.url).href;
	const code = `const { readKernelLog } = await import(${JSON.stringify(module)});
		console.log(JSON.stringify(process.argv.slice(1).map((path) => readKernelLog(path))));`;
	const node = [process.execPath, "--input-type=module", "-e", code, locked, "/dev/kmsg"];
	// Root reads every file by its capabilities: without them, root is a user like any other.
	const [program = "", ...words] =
		process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all", ...node] : node;
	const [ofFile, ofDevice] = JSON.parse(execFileSync(program, words, { encoding: "utf8" }));
	t.deepEqual(ofFile, {
		unreadable: `the kernel's log, ${locked}, may not be read by this user (EACCES): ask again as root`,
	});
	if (readFileSync("/proc/sys/kernel/dmesg_restrict", "utf8") === "1\n")
		t.deepEqual(ofDevice, {
			unreadable: "the kernel's log, /dev/kmsg, may not be read by this user (EPERM): ask again as root",
		});
});

test("a link in another machine's root leads where it leads there", (t) => {
	mkdirSync(join(folder, "root/dev"), { recursive: true });
	mkdirSync(join(folder, "root/log"), { recursive: true });
	symlinkSync("/log/kmsg", join(folder, "root/dev/kmsg"));
	writeFileSync(join(folder, "root/log/kmsg"), "6,1,5,-;its own\n");
	const root = join(folder, "root");
	t.deepEqual(readKernelLog(`${root}/dev/kmsg`, root), [{ microseconds: 5, text: "its own" }]);
	rmSync(join(folder, "root/log/kmsg"));
	t.deepEqual(readKernelLog(`${root}/dev/kmsg`, root), {
		unreadable: `the kernel's log cannot be read: there is no ${root}/dev/kmsg`,
	});
});
