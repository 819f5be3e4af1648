import test from "ava";
import type { Capture, CapturedIndex } from "../../../src/agent/capture/capture.js";
import { openCapturedFiles } from "../../../src/agent/capture/captured-files.js";
import { bounds } from "../../../src/libkmod/kernel/bounds.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { readHolders, readInitstate, readReferences, readSize } from "../../../src/libkmod/knowledge/live-state.js";
import { captureFiles } from "../../../src/linux/captures/capture-files.js";
import { leastCapture } from "../../support/scenes/capture-scenes.js";

const DIRECTORY = "/lib/modules/6.1";

const indexOf = (content: string, wrong: Partial<CapturedIndex> = {}): CapturedIndex => ({
	bytes: content.length,
	sha256: captureFiles.sha256(Buffer.from(content)),
	gzip: captureFiles.gzip(Buffer.from(content)).toString("base64"),
	...wrong,
});

const filesOf = (more: Partial<Capture>) => openCapturedFiles({ ...leastCapture, ...more }, captureFiles);

const etc = filesOf({
	files: {
		"/etc/modprobe.d/b.conf": "b\xff",
		"/etc/modprobe.d/a.conf": "",
		"/proc/cmdline": "quiet\n",
		"/constructor": "",
	},
});

test("a file has the bytes of the capture, and any other is absent", (t) => {
	t.deepEqual(etc.read("/etc/modprobe.d/b.conf"), Buffer.from("b\xff", "latin1"));
	t.is(etc.read("/etc/passwd"), undefined);
	t.is(etc.read("/etc/modprobe.d/toString"), undefined);
	t.is(etc.stamp("/etc/passwd"), undefined);
	t.is(etc.leadsNowhere?.("/etc/passwd"), false);
});

test("directories are those above the files", (t) => {
	t.deepEqual(etc.list("/etc/modprobe.d")?.toSorted(), ["a.conf", "b.conf"]);
	t.deepEqual(etc.list("/etc/"), ["modprobe.d"]);
	t.deepEqual(etc.list("/")?.toSorted(), ["constructor", "etc", "proc"]);
	t.is(etc.list("/etc/modprobe.d/a.conf"), undefined);
	t.is(etc.list("/run"), undefined);
	t.truthy(etc.stamp("/etc/modprobe.d"));
	t.not(etc.stamp("/etc/modprobe.d"), etc.stamp("/etc"));
	t.throws(() => etc.read("/etc"), { instanceOf: Refusal, code: "EISDIR" });
});

test("a file that is larger than its reader allows is refused", (t) => {
	t.throws(() => etc.read("/proc/cmdline", { bytes: 5, kind: "a line" }), {
		instanceOf: Refusal,
		code: "EFBIG",
		message: "read /proc/cmdline: it is larger than 1 KiB, the limit for a line",
	});
	t.truthy(etc.read("/proc/cmdline", { bytes: 6, kind: "a line" }));
});

const withIndexes = (
	files: Readonly<Record<string, CapturedIndex>>,
	more: Partial<NonNullable<Capture["modules"]>> = {},
) => filesOf({ modules: { directory: DIRECTORY, files, ...more } });

test("an index has its content", (t) => {
	const files = withIndexes({ "modules.dep.bin": indexOf("indexed") });
	t.is(String(files.read(`${DIRECTORY}/modules.dep.bin`, bounds.index)), "indexed");
	t.deepEqual(files.list(DIRECTORY), ["modules.dep.bin"]);
	t.is(files.read(`${DIRECTORY}/modules.alias.bin`), undefined);
});

const refuses = test.macro((t, index: CapturedIndex, reason: RegExp) => {
	const files = withIndexes({ "modules.dep.bin": index }, { package: { name: "linux-image-6.1", version: "6.1.2-3" } });
	const { reason: told = "" } = t.throws(() => files.read(`${DIRECTORY}/modules.dep.bin`, bounds.index), {
		instanceOf: Refusal,
	})!;
	t.regex(told, reason);
});

test(
	"content that is not that of its digest is refused",
	refuses,
	indexOf("a", { sha256: "0".repeat(64) }),
	/is not the one of the digest beside it$/,
);
test(
	"content that is shorter than the capture says is refused",
	refuses,
	indexOf("a", { bytes: 2 }),
	/is not the one of the digest beside it$/,
);
test(
	"content that decompresses to more than the capture says is refused",
	refuses,
	indexOf("", { gzip: captureFiles.gzip(Buffer.alloc(2 ** 24)).toString("base64"), bytes: 4096 }),
	/^its content in the capture is larger than the 4096 bytes that the capture says$/,
);
test(
	"content that is no gzip is refused",
	refuses,
	indexOf("a", { gzip: "\x1b[31m" }),
	/^its content in the capture is damaged: it is no gzip$/,
);
test(
	"a digest alone is no content: the kernel's package is named",
	refuses,
	{ bytes: 1, sha256: "0".repeat(64) },
	/^the capture holds its digest alone: unpack the package linux-image-6\.1 6\.1\.2-3 into a directory and name that by -d$/,
);

test("a module file is there unless the capture says that it is missing", (t) => {
	const path = `${DIRECTORY}/kernel/a.ko`;
	t.truthy(withIndexes({}).stamp(path));
	t.is(withIndexes({}).stamp(`${DIRECTORY}/kernel`), undefined);
	const told = withIndexes({}, { missing: ["kernel/a.ko", "/extra/b.ko.xz"] });
	t.is(told.stamp(path), undefined);
	t.truthy(told.stamp(`${DIRECTORY}/kernel/b.ko.xz`));
	t.truthy(told.stamp(`${DIRECTORY}/kernel`));
	t.is(told.stamp(`${DIRECTORY}/kernel/a.txt`), undefined);
	t.is(told.stamp("/lib/modules/6.2/kernel/b.ko"), undefined);
});

test("/sys/module tells of the modules of /proc/modules", (t) => {
	const files = filesOf({
		files: {
			"/proc/modules":
				"usbcore 348160 3 usb_storage,uas,xhci_pci, Live 0x0000000000000000\nuas 4096 - - Loading 0x0\nold 1 0 - Unloading 0x0\n",
			"/sys/module/uas/refcnt": "7\n",
		},
	});
	t.is(readSize(files, "/sys", "usbcore"), 348_160);
	t.is(readReferences(files, "/sys", "usbcore"), 3);
	t.deepEqual(readHolders(files, "/sys", "usbcore").toSorted(), ["uas", "usb_storage", "xhci_pci"]);
	t.deepEqual(
		["usbcore", "uas", "old", "e1000"].map((module) => readInitstate(files, "/sys", module)),
		["live", "coming", "going", undefined],
	);
	t.is(readReferences(files, "/sys", "uas"), 7, "a file of the capture counts before");
	t.deepEqual(readHolders(files, "/sys", "uas"), []);
});
