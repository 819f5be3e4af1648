// strace(1), which makes system calls of a real program fail: the machine's own, or Debian's package, unpacked, when the
// machine has none. In a container that forbids ptrace(2), strace ends at once with a message, and the test fails.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { asset } from "../vm/images/cache.js";
import { unpackPackages } from "../vm/images/kernel-package.js";

/** The words that begin a command line of strace. */
export async function findStrace(): Promise<readonly string[]> {
	if (spawnSync("strace", ["-V"], { stdio: "ignore" }).status === 0) return ["strace"];
	const root = await asset("strace", (draft) => unpackPackages(["strace", "libunwind8"], draft));
	const { stdout = "" } = spawnSync("dpkg-architecture", ["-qDEB_HOST_MULTIARCH"], { encoding: "utf8" });
	const libraries = join(root, "usr/lib", stdout?.trim() || "x86_64-linux-gnu");
	// strace's own libraries must not be loaded by the traced program.
	return ["env", `LD_LIBRARY_PATH=${libraries}`, join(root, "usr/bin/strace"), "-E", "LD_LIBRARY_PATH"];
}

export type Injection = {
	/** Names of system calls in strace's syntax, separated by commas; `?` before a call that some architectures lack. */
	readonly calls: string;
	readonly errno: string;
	/** Only calls about this path, or about a descriptor that is open for it. */
	readonly path?: string;
};

/**
 * The words before a command line: the first of the injection's calls fails, in any thread. strace detaches itself (-D), so
 * that the started process is the command.
 * @param trace the file that strace writes the failed call to
 */
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
