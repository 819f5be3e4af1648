// An initramfs of Debian's without a module on the way to the root: `hotplugd compare` tells which device is lost, and the boot fails for
// that reason. With the module both find the root.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { ourTool } from "../support/fakes/tool-in-process.js";
import { sectionsOf } from "../support/project/sections.js";
import {
	type DebianMachine,
	encryptedMachine,
	plainMachine,
	rootDevice,
	withoutModule,
} from "../support/vm/debian-initramfs.js";
import { rebuiltInitrd } from "../support/vm/images/rebuilt-initrd.js";
import { boot, bootUntil } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

const script = `echo "== root"; sed -n 's,^\\([^ ]*\\) / .*,\\1,p' /proc/mounts
echo "== below"; ls /sys/dev/block/$(stat -c %d / | awk '{ printf "%d:%d", $1 / 256, $1 % 256 }')/slaves
echo "== capture"; hotplugd capture --without-indexes | gzip | base64`;

/** Where the machine has found its root, what is below that device, and its capture in a file. */
async function bootWhole(t: ExecutionContext, machine: DebianMachine) {
	const { stdout, stderr, status } = await boot({ ...machine, script });
	t.is(status, 0, stderr);
	const { root, below, capture = [] } = sectionsOf(stdout);
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-initramfs-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const file = join(folder, "capture.json.gz");
	writeFileSync(file, Buffer.from(capture.join(""), "base64"));
	return { root, below, file };
}

async function compareWith(t: ExecutionContext, file: string, { initrd }: DebianMachine) {
	const said = await ourTool("hotplugd", "compare", file, "--initramfs", await rebuiltInitrd(initrd));
	t.log(said.stdout, said.stderr);
	return said;
}

vmTest(
	"without the driver of the root's disk a boot ends in the initramfs, and compare has named disk and driver",
	async (t) => {
		const machine = await plainMachine();
		const lacking = withoutModule(machine, "virtio_blk");
		const [{ root, below, file }, console] = await Promise.all([
			bootWhole(t, machine),
			bootUntil(lacking, /^ALERT![^\n]*\n/m),
		]);
		t.deepEqual({ root, below }, { root: [rootDevice], below: [] });
		t.regex(console, /^ALERT! {2}\/dev\/disk\/by-id\/virtio-root does not exist\. {2}Dropping to a shell!\r?$/m);

		const lost = await compareWith(t, file, lacking);
		t.is(lost.status, 3, lost.stderr);
		t.regex(lost.stdout, /^missing +virtio_blk .*\/virtio0: \/dev\/vda <- \/:/m);
		const found = await compareWith(t, file, machine);
		t.is(found.status, 0, found.stdout + found.stderr);
	},
);

vmTest(
	"without dm_crypt a boot does not open its root in LUKS, and compare has named the module and the way to the root",
	async (t) => {
		const machine = await encryptedMachine();
		const lacking = withoutModule(machine, "dm-crypt");
		const [{ root, below, file }, console] = await Promise.all([
			bootWhole(t, machine),
			bootUntil(lacking, /cryptsetup: ERROR: root: cryptsetup failed[^\n]*\n/),
		]);
		t.deepEqual({ root, below }, { root: ["/dev/mapper/root"], below: ["vda"] });
		t.regex(console, /device-mapper: table: \S+ crypt: unknown target type/);

		const lost = await compareWith(t, file, lacking);
		t.is(lost.status, 3, lost.stderr);
		t.regex(lost.stdout, /^missing +dm_crypt .*: dm-0 <- \/:/m);
		const found = await compareWith(t, file, machine);
		t.is(found.status, 0, found.stdout + found.stderr);
	},
);
