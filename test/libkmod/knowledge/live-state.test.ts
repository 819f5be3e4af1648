import test from "ava";
import { type Files, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import {
	readHolders,
	readInitstate,
	readLoadedModules,
	readReferences,
	readSections,
	readSize,
} from "../../../src/libkmod/knowledge/live-state.js";

const machine: Readonly<Record<string, string>> = {
	"/proc/modules": "usb_storage 86016 1 uas, Live 0xffffffffc03f4000\n",
	"/sys/module/usb_storage/initstate": "live\n",
	"/sys/module/usb_storage/refcnt": "1\n",
	"/sys/module/usb_storage/coresize": "86016\n",
	"/sys/module/usb_storage/holders/.hidden": "",
	"/sys/module/usb_storage/holders/uas/initstate": "coming\n",
	"/sys/module/usb_storage/holders/ums_realtek/initstate": "live\n",
	"/sys/module/usb_storage/sections/.text": "0xffffffffc03f4000\n",
	"/sys/module/usb_storage/sections/.bss": "0xffffffffc0402000\n",
	"/sys/module/usb_storage/sections/odd": "?\n",
	"/sys/module/uas/initstate": "coming\n",
	"/sys/module/loop/initstate": "going\n",
	"/sys/module/beginning/holders/x": "",
	"/sys/module/odd/initstate": "asleep\n",
	"/sys/module/odd/refcnt": "many\n",
};

const files: Files = {
	read: (path) => (machine[path] === undefined ? undefined : Buffer.from(machine[path])),
	list(path) {
		const inside = Object.keys(machine).filter((name) => name.startsWith(`${path}/`));
		const names = new Set(inside.map((name) => name.slice(path.length + 1).split("/")[0]!));
		return names.size === 0 ? undefined : [...names];
	},
	stamp: () => undefined,
};

test("a module is live, coming or going as its initstate says", (t) => {
	t.is(readInitstate(files, "/sys", "usb_storage"), "live");
	t.is(readInitstate(files, "/sys", "uas"), "coming");
	t.is(readInitstate(files, "/sys", "loop"), "going");
});

test("a module with a directory but no initstate yet is coming", (t) => {
	t.is(readInitstate(files, "/sys", "beginning"), "coming");
});

test("a module that the kernel does not have has no state, nor has one of a state unheard of", (t) => {
	t.is(readInitstate(files, "/sys", "ext4"), undefined);
	t.is(readInitstate(files, "/sys", "odd"), undefined);
	t.is(readInitstate(files, "/elsewhere", "uas"), undefined);
});

test("size, references, holders and sections are read; what is absent is undefined or none", (t) => {
	t.is(readSize(files, "/sys", "usb_storage"), 86016);
	t.is(readSize(files, "/sys", "ext4"), undefined);
	t.is(readReferences(files, "/sys", "usb_storage"), 1);
	t.is(readReferences(files, "/sys", "ext4"), undefined);
	t.is(readReferences(files, "/sys", "odd"), undefined);
	t.deepEqual(readHolders(files, "/sys", "usb_storage"), ["uas", "ums_realtek"]);
	t.deepEqual(readHolders(files, "/sys", "ext4"), []);
	t.deepEqual(readSections(files, "/sys", "usb_storage"), [
		{ name: ".bss", address: "0xffffffffc0402000" },
		{ name: ".text", address: "0xffffffffc03f4000" },
	]);
	t.deepEqual(readSections(files, "/sys", "ext4"), []);
});

test("the loaded modules are those of /proc/modules, none where there is no such file", (t) => {
	t.deepEqual(
		readLoadedModules(files, "/proc").map(({ module, holders }) => ({ module, holders })),
		[{ module: "usb_storage", holders: ["uas"] }],
	);
	t.deepEqual(readLoadedModules(files, "/elsewhere"), []);
});

test("what stands behind a NUL, as in a capture by tar, is no part of what the kernel says", (t) => {
	const padded: Files = {
		...files,
		read: (path) => {
			const content = files.read(path);
			return content && Buffer.concat([content, Buffer.alloc(4096 - content.length - 6), Buffer.from("\n5 live")]);
		},
	};
	t.is(readInitstate(padded, "/sys", "usb_storage"), "live");
	t.is(readReferences(padded, "/sys", "usb_storage"), 1);
	t.is(readSize(padded, "/sys", "usb_storage"), 86016);
	t.is(readSections(padded, "/sys", "usb_storage").length, 2);
	t.deepEqual(
		readLoadedModules(padded, "/proc").map(({ module }) => module),
		["usb_storage"],
	);
});

test("a kernel that refuses to tell is not one without the module", (t) => {
	const secretive: Files = {
		...files,
		read: (path) => {
			throw new Refusal({ operation: "read", subject: path, code: "EACCES" });
		},
	};
	t.throws(() => readSections(secretive, "/sys", "usb_storage"), { instanceOf: Refusal });
	t.throws(() => readInitstate(secretive, "/sys", "usb_storage"), { instanceOf: Refusal });
});
