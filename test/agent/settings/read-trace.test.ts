import test from "ava";
import { traceReads } from "../../../src/agent/settings/read-trace.js";
import { type Files, Refusal } from "../../../src/libkmod/kernel/kernel.js";

/** Files whose stamps are their contents, and directories that list them. */
function makeFiles() {
	const contents = new Map<string, string>();
	const closed = new Set<string>();
	const refuse = (path: string): void => {
		if (closed.has(path)) throw new Refusal({ operation: "read", subject: path, code: "EACCES" });
	};
	const files: Files = {
		read(path) {
			refuse(path);
			const text = contents.get(path);
			return text === undefined ? undefined : Buffer.from(text);
		},
		list(path) {
			refuse(path);
			const names = [...contents.keys()].filter((name) => name.startsWith(`${path}/`));
			return names.length > 0 ? names.map((name) => name.slice(path.length + 1)) : undefined;
		},
		stamp(path) {
			refuse(path);
			return contents.get(path);
		},
	};
	return { files, contents, closed };
}

test("nothing has changed until something that was read has", (t) => {
	const { files, contents } = makeFiles();
	contents.set("/etc/a", "1").set("/etc/b", "1").set("/other", "1");
	const trace = traceReads(files);
	t.is(trace.files.read("/etc/a")?.toString(), "1");
	t.deepEqual(trace.files.list("/etc"), ["a", "b"]);
	t.is(trace.now(), trace.before);
	contents.set("/other", "2").set("/etc/b", "2");
	t.is(trace.now(), trace.before, "neither was read");
	contents.set("/etc/a", "2");
	t.not(trace.now(), trace.before);
	contents.set("/etc/a", "1");
	t.is(trace.now(), trace.before);
});

test("what was only looked for counts too: a file that a link was to lead to, say", (t) => {
	const { files, contents } = makeFiles();
	const trace = traceReads(files);
	t.is(trace.files.stamp("/etc/link"), undefined);
	contents.set("/etc/link", "1");
	t.not(trace.now(), trace.before);
});

test("what comes into a directory that was listed, what goes, and what was not there, counts", (t) => {
	const { files, contents } = makeFiles();
	contents.set("/etc/b", "1");
	const trace = traceReads(files);
	trace.files.list("/etc");
	trace.files.list("/run");
	t.is(trace.files.read("/absent"), undefined);
	for (const path of ["/etc/a", "/run/a", "/absent"]) {
		contents.set(path, "1");
		t.not(trace.now(), trace.before, path);
		contents.delete(path);
		t.is(trace.now(), trace.before, path);
	}
	contents.delete("/etc/b");
	t.not(trace.now(), trace.before);
});

test("the order in which a directory names its files does not", (t) => {
	const { files, contents } = makeFiles();
	contents.set("/etc/a", "1").set("/etc/b", "1");
	const trace = traceReads(files);
	trace.files.list("/etc");
	contents.delete("/etc/a");
	contents.set("/etc/a", "1");
	t.deepEqual(files.list("/etc"), ["b", "a"]);
	t.is(trace.now(), trace.before);
});

test("a file that is written while it is read has changed", (t) => {
	const { files, contents } = makeFiles();
	contents.set("/etc/a", "1");
	const trace = traceReads({
		...files,
		read(path) {
			const content = files.read(path);
			contents.set(path, "2");
			return content;
		},
	});
	t.is(trace.files.read("/etc/a")?.toString(), "1");
	t.not(trace.now(), trace.before);
});

test("what may not be read is as it was as long as it may not", (t) => {
	const { files, contents, closed } = makeFiles();
	contents.set("/etc/a", "1");
	closed.add("/etc/a").add("/etc");
	const trace = traceReads(files);
	t.throws(() => trace.files.read("/etc/a"), { instanceOf: Refusal });
	t.throws(() => trace.files.list("/etc"), { instanceOf: Refusal });
	t.is(trace.now(), trace.before);
	closed.delete("/etc");
	t.not(trace.now(), trace.before);
});

test("what the kernel makes up when it is read is left out", (t) => {
	const { files, contents } = makeFiles();
	contents.set("/proc/cmdline", "1").set("/sys/x", "1");
	const trace = traceReads(files);
	t.is(trace.files.read("/proc/cmdline")?.toString(), "1");
	trace.files.read("/sys/x");
	contents.set("/proc/cmdline", "2").set("/sys/x", "2");
	t.is(trace.now(), trace.before);
	t.deepEqual(trace.directories(), []);
});

test("the directories are those of what was read, and those that were listed, once each", (t) => {
	const trace = traceReads(makeFiles().files);
	for (const path of ["/lib/modules/6/modules.dep.bin", "/lib/modules/6/modules.alias.bin", "/etc/x.toml", "/x"])
		trace.files.read(path);
	for (const path of ["/etc/modprobe.d", "/etc"]) trace.files.list(path);
	t.deepEqual(trace.directories(), ["/lib/modules/6", "/etc", "/", "/etc/modprobe.d"]);
});
