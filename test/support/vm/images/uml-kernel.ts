// The kernel of Debian's package user-mode-linux, as installed on this machine.
import { join } from "node:path";
import { command } from "../machines/command.js";

/** The package's directory of modules, with a directory for each release. */
export const modulesOfPackage = "/usr/lib/uml/modules";

export interface UmlKernel {
	/** Release of the kernel, such as 6.1.176. */
	readonly release: string;
	/** The package's version. */
	readonly version: string;
	/** The directory of the kernel's modules. */
	readonly modules: string;
}

let named: Promise<UmlKernel> | undefined;

/** The installed kernel of Debian's package user-mode-linux. @throws Error when the package is not installed. */
export function umlKernel(): Promise<UmlKernel> {
	named ??= nameKernel();
	return named;
}

async function nameKernel(): Promise<UmlKernel> {
	const release = (await command("linux.uml", ["--version"])).trim();
	const installed = await command("dpkg-query", ["-W", "user-mode-linux"]);
	return { release, version: installed.trim().split("\t")[1]!, modules: join(modulesOfPackage, release) };
}
