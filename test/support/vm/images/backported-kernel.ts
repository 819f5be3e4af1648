// Debian's newer kernel from the release's backports, which decompresses modules itself (CONFIG_MODULE_DECOMPRESS), and whose
// package has modules compressed by xz. apt gets lists of its own for it: the machine's lists stay as they are.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { aptRetries, shell } from "../machines/command.js";
import { asset } from "./cache.js";
import type { KernelPackage } from "./kernel-package.js";
import { findArchive, suiteName } from "./root-image.js";

/** The package that was current at the first call ever, with indexes by the real depmod. */
export async function backportedKernel(): Promise<KernelPackage> {
	const suite = suiteName();
	const root = await asset(`kernel-${suite}-backports`, async (draft) => {
		const archive = await findArchive(suite);
		await shell(
			`rm -rf "$1.apt"; mkdir -p "$1.apt/state/lists/partial" "$1.apt/cache/archives/partial" "$1"; cd "$1.apt"
			echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $2 $3-backports main" >sources.list
			{
				echo "Dir::State \\"$PWD/state\\"; Dir::Cache \\"$PWD/cache\\";"
				echo "Dir::Etc::sourcelist \\"$PWD/sources.list\\"; Dir::Etc::sourceparts \\"-\\";"
				echo "APT::Sandbox::User \\"\\";" # who may not read the cache directory
			} >apt.conf
			export APT_CONFIG=$PWD/apt.conf
			apt-get ${aptRetries} -o APT::Update::Error-Mode=any update -q >&2
			package=$(apt-cache show --no-all-versions linux-image-amd64 | sed -n 's/^Depends:.*\\(linux-image-[^ ]*\\) .*/\\1/p')
			apt-get ${aptRetries} download -q "$package" >&2
			dpkg-deb -f ./*.deb Version >"$1/version"
			dpkg -x ./*.deb "$1"
			depmod -b "$1" "\${package#linux-image-}"
			rm -r "$1.apt"`,
			draft,
			archive,
			suite,
		);
	});
	const [release] = readdirSync(join(root, "lib/modules"));
	if (release === undefined) throw new Error(`there is no kernel in ${root}`);
	return { root, release, version: readFileSync(join(root, "version"), "utf8").trim() };
}
