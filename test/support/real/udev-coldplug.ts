// The modules that Debian's udev loads for the devices that are present, on a machine whose process 1 is a script. Our coldplug
// must load the same.
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { asset, digest } from "../vm/images/cache.js";
import { kernelPackage } from "../vm/images/kernel-package.js";
import { guestFile } from "../vm/images/overlay.js";
import { rootImage } from "../vm/images/root-image.js";
import { umlKernel } from "../vm/images/uml-kernel.js";
import { bootUml, umlDevices } from "../vm/uml.js";
import { boot, type Outcome } from "../vm/vm.js";

const errand = { script: ". /vm/functions; udev_coldplug >&2; stand_still; live_modules", seconds: 600 };

/**
 * Returns the live modules after udev's coldplug, sorted. The list is made once for a kernel, a root and these devices, and
 * then cached. coldplug.test.ts runs udev each time.
 */
export async function loadedByUdev(devices: readonly string[]): Promise<readonly string[]> {
	const { release, version } = await kernelPackage();
	return await kept(`${release}_${version}`, devices, () => boot({ ...errand, devices }));
}

/** The same under User-mode Linux, for `umlDevices`. */
export async function loadedByUdevUml(): Promise<readonly string[]> {
	const { release, version } = await umlKernel();
	return await kept(`uml-${release}_${version}`, [umlDevices], () => bootUml({ ...errand, devices: umlDevices }));
}

async function kept(
	kernel: string,
	devices: readonly string[],
	look: () => Promise<Outcome>,
): Promise<readonly string[]> {
	const key = digest(basename(await rootImage()), ...devices, errand.script, guestFile("functions.sh"));
	const path = await asset(`udev-coldplug-${kernel}-${key}`, async (draft) => {
		const { status, stdout, stderr } = await look();
		if (status !== 0) throw new Error(`udev's coldplug ended with ${status}: ${stderr}`);
		writeFileSync(draft, stdout);
	});
	return readFileSync(path, "utf8").trimEnd().split("\n");
}
