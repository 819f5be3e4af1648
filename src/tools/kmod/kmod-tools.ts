// The tools that kmod runs when it is called by a symlink of their name. A tool's module is imported when that tool is called.
import type { Tool } from "../command-line/command-line.js";

export const kmodTools: Readonly<Record<string, () => Promise<Tool>>> = {
	lsmod: async () => (await import("./lsmod.js")).lsmod,
	rmmod: async () => (await import("./rmmod.js")).rmmod,
	insmod: async () => (await import("./insmod.js")).insmod,
	depmod: async () => (await import("../depmod/depmod.js")).depmod,
	modinfo: async () => (await import("./modinfo.js")).modinfo,
	modprobe: async () => (await import("../modprobe/modprobe.js")).modprobe,
};
