// Devices that leave while the walk looks at them. Other tests of the walk: sysfs.test.ts, threaded-walk.test.ts.
import test from "ava";
import { hasLeft } from "../../../src/linux/devices/device-directories.js";

const [there, gone] = ["/proc/self", "/proc/self/none"];

/** Code, system call and path of an error, and whether it means that the device has left. */
const rows: readonly (readonly [string, string, string, boolean])[] = [
	["ENOENT", "open", gone, true],
	["ENOENT", "scandir", gone, true],
	// A new device has the name by now: the kernel announces that device by itself.
	["ENOENT", "open", there, true],
	["ENOENT", "scandir", there, true],
	["ENOTDIR", "scandir", there, true],
	["ENODEV", "open", gone, true],
	["ENODEV", "read", gone, true],
	["ENOENT", "read", gone, true],
	// The driver of a device that is there fails the read.
	["ENODEV", "open", there, false],
	["ENODEV", "read", there, false],
	["ENOENT", "read", there, false],
	["EIO", "read", gone, false],
	["EACCES", "scandir", there, false],
];

for (const [code, syscall, path, left] of rows) {
	const title = `${code} of ${syscall} says of what is ${path === there ? "there" : "not there"} that it has ${left ? "" : "not "}left`;
	test(title, (t) => {
		t.is(hasLeft(path, Object.assign(new Error(code), { code, syscall })), left);
	});
}
