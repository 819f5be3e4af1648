// Debian's Redis and GNU parallel, unpacked and not installed: the engines of the examples in docs/fleet.md.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { until } from "../running/until.js";
import { asset } from "../vm/images/cache.js";
import { unpackPackages } from "../vm/images/kernel-package.js";
import { command } from "../vm/machines/command.js";

/** Redis with the libraries that a minimal Debian lacks, and GNU parallel, which needs perl alone to run. */
const packages = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1", "libsystemd0", "parallel"];

/** The folder with the packages' files. It is named by what apt would download now. */
async function unpackEngines(): Promise<string> {
	const offered = await command("apt-cache", ["policy", ...packages]);
	const versions = [...offered.matchAll(/Candidate: (\S+)/g)].map(([, version = ""]) =>
		version.replaceAll(/[^\w.+~-]/g, "_"),
	);
	if (versions.length < packages.length)
		throw new Error("apt does not know Redis and GNU parallel: run apt-get update");
	return await asset(`engines-${versions.slice(0, 2).join("-")}`, (draft) => unpackPackages(packages, draft));
}

export type Engines = {
	/** PATH and LD_LIBRARY_PATH with the programs. */
	readonly environment: Readonly<Record<string, string | undefined>>;
};

export async function findEngines(): Promise<Engines> {
	const root = await unpackEngines();
	return {
		environment: {
			...process.env,
			PATH: `${join(root, "usr/bin")}:${process.env.PATH}`,
			LD_LIBRARY_PATH: join(root, "usr/lib/x86_64-linux-gnu"),
		},
	};
}

export type Redis = { readonly socket: string; stop(): Promise<void> };

/** Starts a Redis that keeps everything in memory, and that only the Unix socket in `directory` reaches. */
export async function startRedis({ environment }: Engines, directory: string): Promise<Redis> {
	const socket = join(directory, "redis.sock");
	const words = ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", directory];
	const server = spawn("redis-server", words, { env: environment, stdio: "ignore" });
	await until(() => existsSync(socket) || server.exitCode !== null);
	if (server.exitCode !== null) throw new Error(`redis-server ended with ${server.exitCode}`);
	return { socket, stop: () => ended(server, "SIGTERM") };
}

/** Ends a process, and resolves when it has ended. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const over = new Promise((resolve) => child.once("exit", resolve));
	child.kill(signal);
	await over;
}
