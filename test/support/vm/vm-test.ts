// Tests that need a virtual machine. Where there is none they are skipped, or fail if HOTPLUGD_REQUIRE_VM is 1.
import test, { type ExecutionContext } from "ava";
import { whyNoVm } from "./images/prerequisites.js";

const required = process.env.HOTPLUGD_REQUIRE_VM === "1";
const reason = await whyNoVm();
if (reason !== undefined && !required) process.stderr.write(`vm: tests are skipped: ${reason}\n`);

/**
 * A test that needs a virtual machine. Its limit is 40 minutes, since it may have to wait for the machines of other test files.
 */
export function vmTest(title: string, body: (t: ExecutionContext) => Promise<void>): void {
	if (reason !== undefined && !required) {
		test.skip(`${title} (no virtual machine here: ${reason})`, body);
		return;
	}
	test.serial(title, async (t) => {
		t.timeout(40 * 60 * 1000);
		if (reason !== undefined) throw new Error(`no virtual machine here: ${reason}`);
		await body(t);
	});
}
