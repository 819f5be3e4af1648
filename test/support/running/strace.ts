// strace(1), which makes the system calls of a real program fail: the machine's own, or Debian's package unpacked where there is
// none. Where a container forbids ptrace(2), whoever is begun by it ends at once and says so, and the test fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { asset } from "../vm/images/cache.js";
import { unpackPackages } from "../vm/images/kernel-package.js";

/** The words that begin it. */
export async function findStrace(): Promise<readonly string[]> {
	if (spawnSync("strace", ["-V"], { stdio: "ignore" }).status === 0) return ["strace"];
	const root = await asset("strace", (draft) => unpackPackages(["strace", "libunwind8"], draft));
	const { stdout = "" } = spawnSync("dpkg-architecture", ["-qDEB_HOST_MULTIARCH"], { encoding: "utf8" });
	const libraries = join(root, "usr/lib", stdout?.trim() || "x86_64-linux-gnu");
	// Its own libraries are none of what it runs.
	return ["env", `LD_LIBRARY_PATH=${libraries}`, join(root, "usr/bin/strace"), "-E", "LD_LIBRARY_PATH"];
}

export type Injection = {
	/** Names of system calls as strace has them; `?` before one that an architecture may lack. */
	readonly calls: string;
	readonly errno: string;
	/** Only calls about this path, or about a descriptor that is open for it. */
	readonly path?: string;
};

/** @param trace the file that names the call that failed. What comes before a command line: the first such call fails, in whatever thread. The process is the command's own. */
export function straceWords(
	strace: readonly string[],
	{ calls, errno, path }: Injection,
	trace: string,
): readonly string[] {
	const filter = path === undefined ? [] : ["-P", path];
	return [
		...[...strace, "-D", "-f", "-qq", "-o", trace, ...filter],
		...["-e", `trace=${calls}`, "-e", `inject=${calls}:error=${errno}:when=1`],
	];
}
