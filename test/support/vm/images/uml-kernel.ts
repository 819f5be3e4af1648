// The kernel of Debian's package user-mode-linux, as it is installed here.
import { join } from "node:path";
import { command } from "../machines/command.js";

/** Where the package has its modules, a directory for each release. */
export const modulesOfPackage = "/usr/lib/uml/modules";

export interface UmlKernel {
	/** Such as 6.1.176. */
	readonly release: string;
	/** The package's version. */
	readonly version: string;
	/** The directory of its modules. */
	readonly modules: string;
}

let named: Promise<UmlKernel> | undefined;

/** Which kernel of Debian's package user-mode-linux is installed. @throws Error if none is. */
export function umlKernel(): Promise<UmlKernel> {
	named ??= nameKernel();
	return named;
}

async function nameKernel(): Promise<UmlKernel> {
	const release = (await command("linux.uml", ["--version"])).trim();
	const installed = await command("dpkg-query", ["-W", "user-mode-linux"]);
	return { release, version: installed.trim().split("\t")[1]!, modules: join(modulesOfPackage, release) };
}
