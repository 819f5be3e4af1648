// The parts of a capture that many machines of a fleet share, as texts that are the same for the same part: its configuration, and the
// indexes of its kernel. Pure.

import { attributeText } from "../../libkmod/formats/attribute.js";
import { parseKernelCommandLine } from "../../libkmod/formats/kernel-command-line.js";
import type { Capture } from "../capture/capture.js";

const COMMAND_LINE = "/proc/cmdline";

/** Files of modprobe.d, settings and rules: all that decides about modules besides the indexes and the kernel command line. */
const CONFIGURATION = /\/modprobe\.d\/|hotplugd|\.toml$/;

/**
 * What decides which modules may be loaded for a device. Of the kernel command line that is its blacklists: parameters of modules differ
 * from machine to machine, and change no driver.
 */
export function configurationKey({ files }: Pick<Capture, "files">): string {
	const { blacklist, kernelBlacklist } = parseKernelCommandLine(
		attributeText(Buffer.from(files[COMMAND_LINE] ?? "", "latin1")),
	);
	const parts = [blacklist.join(), kernelBlacklist.join()];
	for (const path of Object.keys(files).sort()) if (CONFIGURATION.test(path)) parts.push(path, files[path] ?? "");
	return parts.join("\0");
}

/** What tells the indexes of the capture's own kernel from all others. */
export function indexesKey({ release = "", modules }: Pick<Capture, "release" | "modules">): string {
	if (modules === undefined) return release;
	const { directory, files, missing = [] } = modules;
	const digests = Object.keys(files)
		.sort()
		.map((name) => `${name} ${files[name]?.sha256} ${files[name]?.gzip === undefined}`);
	return [release, directory, ...digests, ...missing].join("\0");
}
