// What has left while the devices were looked at. The rest of it: sysfs.test.ts, threaded-walk.test.ts.
import test from "ava";
import { hasLeft } from "../../../src/linux/devices/device-directories.js";

const [there, gone] = ["/proc/self", "/proc/self/none"];

/** Of [code, syscall, path]. */
const rows: readonly (readonly [string, string, string, boolean])[] = [
	["ENOENT", "open", gone, true],
	["ENOENT", "scandir", gone, true],
	// Something of its name has come since: that is another device, which is announced.
	["ENOENT", "open", there, true],
	["ENOENT", "scandir", there, true],
	["ENOTDIR", "scandir", there, true],
	["ENODEV", "open", gone, true],
	["ENODEV", "read", gone, true],
	["ENOENT", "read", gone, true],
	// A driver has no answer.
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
