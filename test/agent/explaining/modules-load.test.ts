import test from "ava";
import { parseModulesLoad } from "../../../src/agent/explaining/modules-load.js";

test("each line names a module, but for comments and empty lines", (t) => {
	t.deepEqual(parseModulesLoad("/etc/modules-load.d/a.conf", "# one\n; two\n\n  loop \nvfio-pci"), [
		{ name: "loop", source: { file: "/etc/modules-load.d/a.conf", line: 4 } },
		{ name: "vfio-pci", source: { file: "/etc/modules-load.d/a.conf", line: 5 } },
	]);
});
