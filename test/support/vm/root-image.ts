// The guest's root file system: Debian's minimal one with udev and kmod, the host's node, and our init.
import { readFileSync } from "node:fs";
import { asset, digest } from "./cache.js";
import { command, shell } from "./command.js";
import { makeDiskImage } from "./disk-image.js";
import { guestFile } from "./project-image.js";

const packages = ["udev", "kmod", "busybox-static"];

/** The archive and suite that this machine's own apt uses. */
async function nameArchive(): Promise<{ archive: string; suite: string }> {
	const suite = /^VERSION_CODENAME=(\S+)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
	const targets = await command("apt-get", [
		"indextargets",
		"--format",
		"$(REPO_URI) $(CODENAME) $(COMPONENT)",
		"Created-By: Packages",
	]);
	const [archive] =
		targets
			.split("\n")
			.map((line) => line.split(" "))
			.find((target) => target[1] === suite && target[2] === "main") ?? [];
	if (suite === undefined || !archive) throw new Error(`apt has no source of ${suite ?? "this system's release"}`);
	return { archive, suite };
}

/** The unpacked root, without node: debootstrap's work, half a minute of it. */
export async function rootDirectory(): Promise<string> {
	const { archive, suite } = await nameArchive();
	return await asset(`root-${suite}-${digest(...packages)}`, async (draft) => {
		const proxy = /'(.*)'/.exec(await command("apt-config", ["shell", "proxy", "Acquire::http::Proxy"]))?.[1];
		// In a mount namespace of its own, so that what it mounts in there goes with it even if it is killed.
		await command(
			"unshare",
			["-m", "debootstrap", "--variant=minbase", `--include=${packages.join(",")}`, suite, draft, archive],
			proxy === undefined ? {} : { env: { http_proxy: proxy } },
		);
	});
}

/** The root as a disk image, with the node that runs this program at /usr/bin/node. */
export async function rootImage(): Promise<string> {
	const init = guestFile("init.sh");
	const agent = guestFile("agent.sh");
	const functions = guestFile("functions.sh");
	const key = digest(process.version, process.arch, ...packages, init, agent, functions);
	const directory = await rootDirectory();
	return await asset(`root-${process.version}-${key}.img`, async (draft) => {
		const tree = `${draft}.tree`;
		await shell(
			`rm -rf "$2"; cp -a --reflink=auto "$1" "$2"; cd "$2"
			rm -rf var/cache/apt/* var/lib/apt/lists/* dev/*
			cp "$3" usr/bin/node; mkdir -p lib/modules opt/hotplugd vm
			printf %s "$4" > vm/init; printf %s "$5" > vm/agent; chmod 755 vm/*; printf %s "$6" > vm/functions
			ln -s /opt/hotplugd/dist/main.js usr/local/bin/hotplugd; ln -s /opt/hotplugd/dist/main.js usr/local/bin/coldplug`,
			directory,
			tree,
			process.execPath,
			init,
			agent,
			functions,
		);
		await makeDiskImage(tree, draft);
		await shell('rm -rf "$1"', tree);
	});
}
