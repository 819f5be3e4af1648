// Plugs devices in and out of a virtual machine, ten times as often as the test suite: node scripts/soak.mjs [PLUGS]
import "./no-debugger.mjs";
import { spawnSync } from "node:child_process";

const plugs = process.argv[2] ?? "2000";
const { status } = spawnSync("npx", ["ava", "test/vm/soak.test.ts"], {
	env: { ...process.env, SOAK_PLUGS: plugs, HOTPLUGD_REQUIRE_VM: "1" },
	stdio: "inherit",
});
process.exit(status ?? 1);
