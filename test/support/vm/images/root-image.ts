// The guest's root file system: Debian's minimal system with udev and kmod, and the host's node; the same with systemd; or
// busybox.
import { readFileSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { command, shell } from "../machines/command.js";
import { busyboxRoot } from "./busybox-root.js";
import { asset, digest } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";
import { trimSystemd } from "./systemd-root.js";

/** Process 1: our shell script, which only answers the test; Debian's systemd; or busybox's init. */
export type Init = "script" | "systemd" | "busybox";

const minimal = ["udev", "kmod", "busybox-static"];
const packages = { script: minimal, systemd: [...minimal, "systemd-sysv", "initramfs-tools", "zstd"] };

/** Debian's release on this machine, which the guest gets too: the host's node then finds the libraries that it needs. */
export function suiteName(): string {
	const suite = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
	if (suite === undefined) throw new Error("/etc/os-release names no VERSION_CODENAME: is this Debian?");
	return suite;
}

/** The archive that this machine's own apt uses for that release. */
export async function findArchive(suite: string): Promise<string> {
	const format = "$(CODENAME) $(COMPONENT) $(REPO_URI)";
	const targets = await command("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]);
	const target = targets.split("\n").find((line) => line.startsWith(`${suite} main `));
	if (target === undefined) throw new Error(`apt has no source of ${suite} main: run scripts/setup-vm.sh as root`);
	return target.split(" ")[2]!;
}

/** The unpacked root, without node. debootstrap makes it in half a minute. */
export async function rootDirectory(init: "script" | "systemd" = "script"): Promise<string> {
	const suite = suiteName();
	const name = `root-${suite}-${digest(...packages[init], ...(init === "systemd" ? [trimSystemd] : []))}`;
	return await asset(name, async (draft) => {
		const proxy = /'(.*)'/.exec(await command("apt-config", ["shell", "proxy", "Acquire::http::Proxy"]))?.[1];
		const env = proxy === undefined ? {} : { http_proxy: proxy };
		// A mount namespace of its own, where that is allowed: debootstrap's mounts disappear with the process, even if it is
		// killed.
		const script = 'unshare -m true 2>/dev/null && exec unshare -m debootstrap "$@"; exec debootstrap "$@"';
		const options = ["--variant=minbase", `--include=${packages[init].join(",")}`];
		await twice(
			async () => {
				await command("sh", ["-c", script, "sh", ...options, suite, draft, await findArchive(suite)], { env });
			},
			() => rmSync(draft, { recursive: true, force: true }),
		);
		if (init === "systemd") await shell(trimSystemd, draft);
	});
}

/** Tries again once after a failure, such as a missing answer from the archive. */
async function twice(attempt: () => Promise<void>, clean: () => void): Promise<void> {
	try {
		await attempt();
	} catch (error) {
		process.stderr.write(`vm: once more, since ${(error as Error).message}\n`);
		clean();
		await attempt();
	}
}

/** sh, in a root: adds our own files to Debian's. `$1` is a node. */
export const addNode = `cp "$1" usr/bin/node; mkdir -p lib/modules opt/hotplugd vm
for name in hotplugd coldplug; do ln -s /opt/hotplugd/dist/main.js usr/local/bin/$name; done`;

/** The root as a disk image, with the node that runs this program as /usr/bin/node. */
export async function rootImage(init: Init = "script"): Promise<string> {
	if (init === "busybox") {
		const directory = await busyboxRoot(await rootDirectory());
		return await asset(`${basename(directory)}.img`, (draft) => makeDiskImage(directory, draft));
	}
	const directory = await rootDirectory(init);
	return await asset(`${basename(directory)}+node-${process.version}-${digest(addNode)}.img`, async (draft) => {
		const tree = `${draft}.tree`;
		await shell(
			'rm -rf "$2"; cp -a "$1" "$2"; cd "$2"; rm -rf var/cache/apt/* var/lib/apt/lists/* dev/*',
			directory,
			tree,
		);
		await shell(`cd "$2"; ${addNode}`, process.execPath, tree);
		// An initrd of Debian finds its root by this label.
		await makeDiskImage(tree, draft, init === "systemd" ? "root" : undefined);
		rmSync(tree, { recursive: true });
	});
}
