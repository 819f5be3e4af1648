// The parts of a capture that many machines of a fleet share, as texts that are the same for the same part: settings and rules of
// policy, modprobe's configuration, and the indexes of the machine's own kernel. Pure.

import { parseKernelCommandLine } from "../../libkmod/formats/kernel-command-line.js";
import type { Capture } from "../capture/capture.js";

const COMMAND_LINE = "/proc/cmdline";
const isOfModprobe = (path: string): boolean => path.includes("/modprobe.d/");
const isOfRules = (path: string): boolean => path.endsWith(".toml") && !isOfModprobe(path);

/** Settings and rules of policy. */
export function rulesKey({ files, rulesDirectory = "" }: Pick<Capture, "files" | "rulesDirectory">): string {
	return [rulesDirectory, ...listFiles(files, isOfRules).flat()].join("\0");
}

/**
 * What of modprobe's configuration decides which modules may be loaded. Of the kernel command line that is its blacklists: the
 * parameters of modules differ from machine to machine, and change no driver.
 */
export function configurationKey({ files }: Pick<Capture, "files">): string {
	const { blacklist, kernelBlacklist } = parseKernelCommandLine(files[COMMAND_LINE] ?? "");
	return [blacklist.join(), kernelBlacklist.join(), ...listFiles(files, isOfModprobe).flat()].join("\0");
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

/** The same machine with settings, rules and kernel, and without a configuration of modprobe's. */
export function withoutConfiguration(capture: Capture): Capture {
	return { ...capture, devices: [], files: Object.fromEntries(listFiles(capture.files, isOfRules)) };
}

function listFiles(files: Capture["files"], isListed: (path: string) => boolean): readonly [string, string][] {
	const paths = Object.keys(files).filter(isListed).sort();
	return paths.map((path) => [path, files[path] ?? ""]);
}
