import test from "ava";
import { overlayFiles } from "../../../src/agent/capture/overlaid-files.js";
import { makeFakeKernel } from "../../support/fakes/fake-kernel.js";

const kernelWith = (files: Readonly<Record<string, string>>) =>
	makeFakeKernel({ files: new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)])) });

const captured = kernelWith({
	"/etc/modprobe.d/a.conf": "captured",
	"/etc/hotplugd.toml": "captured",
	"/lib/modules/6.1/modules.dep.bin": "captured",
});
const host = kernelWith({
	"/etc/modprobe.d/a.conf": "host",
	"/etc/modprobe.d/b/c.conf": "host",
	"/etc/hotplugd.toml": "host",
	"/proc/crypto": "host",
	"conf.d/a.conf": "host",
	"/root/lib/modules/6.1/modules.dep.bin": "host",
	"/root/lib/modules/6.1/kernel/a.ko": "host",
});
const textOf = (files: typeof captured | ReturnType<typeof overlayFiles>, path: string) => files.read(path)?.toString();

test("without anything named, nothing of this host counts", (t) => {
	const files = overlayFiles(captured, { named: [], host });
	t.is(textOf(files, "/etc/modprobe.d/a.conf"), "captured");
	t.is(textOf(files, "/proc/crypto"), undefined);
	t.is(files.stamp("/proc/crypto"), undefined);
});

test("a directory that is named is this host's, with the files in it and not those below", (t) => {
	const files = overlayFiles(captured, { named: ["/etc/modprobe.d/", "conf.d"], host });
	t.is(textOf(files, "/etc/modprobe.d/a.conf"), "host");
	t.is(textOf(files, "/etc/modprobe.d/b/c.conf"), undefined);
	t.is(textOf(files, "conf.d/a.conf"), "host");
	t.is(textOf(files, "/etc/hotplugd.toml"), "captured");
});

test("a file that is named is this host's, and no other beside it", (t) => {
	const files = overlayFiles(captured, { named: ["/etc/hotplugd.toml"], host });
	t.is(textOf(files, "/etc/hotplugd.toml"), "host");
	t.is(textOf(files, "/etc/modprobe.d/a.conf"), "captured");
});

test("the modules of another root stand for those of the capture", async (t) => {
	const files = overlayFiles(captured, { named: [], host, modules: { place: "/root/lib/modules", machine: host } });
	t.is(textOf(files, "/lib/modules/6.1/modules.dep.bin"), "host");
	t.is((await files.readModule("/lib/modules/6.1/kernel/a.ko")).toString(), "host");
	t.is(textOf(files, "/etc/hotplugd.toml"), "captured");
	t.is(textOf(files, "/root/lib/modules/6.1/modules.dep.bin"), undefined);
});
