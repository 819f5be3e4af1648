// Our own kernel modules (fixtures/modules) for User-mode Linux. Debian has no headers of that kernel: they are made from its
// source and its configuration.
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { command, shell } from "../machines/command.js";
import { asset } from "./cache.js";
import { makeDiskImage } from "./disk-image.js";
import { unpackPackages } from "./kernel-package.js";
import { addTestModules, builtTestModules } from "./test-modules.js";
import type { UmlKernel } from "./uml-kernel.js";

/** Parts of the source that the headers are made of, besides every Kconfig. User-mode Linux uses much of x86. */
const parts = [
	...["Makefile", "Kbuild", "arch/um", "arch/x86/Makefile*", "arch/x86/um", "arch/x86/include"],
	...["arch/x86/entry/syscalls", "include", "scripts", "tools/include", "security/selinux/include"],
	...["kernel/bounds.c", "kernel/time/timeconst.bc"],
];

/** The version of the source package that the installed kernel was built from. The archive may have a newer one. */
async function sourceVersion(): Promise<string> {
	const described = await command("dpkg-query", ["-s", "user-mode-linux"]);
	const version = /^Built-Using:(?:.*,)? linux \(= (\S+)\)/m.exec(described)?.[1];
	if (version === undefined) throw new Error("the package user-mode-linux does not say which linux it was built from");
	return version;
}

/** sh that makes the headers. The kconfig program of linux-kbuild reads Kconfig: neither flex nor bison is needed. */
const makeHeaders = `
headers=$1 packages=$2 series=$3 release=$4; shift 4; mkdir "$headers"; cd "$headers"
tar -xJf "$packages/usr/src/linux-source-$series.tar.xz" --strip-components=1 --wildcards "$@"
printf '%%config:\\n\\t%s -s --$@ Kconfig\\n' "$packages/usr/lib/linux-kbuild-$series/scripts/kconfig/conf" \\
	>scripts/kconfig/Makefile
linux.uml --showconfig >.config
make -s ARCH=um LOCALVERSION= CC=gcc olddefconfig modules_prepare >&2
made=$(cat include/config/kernel.release)
[ "$made" = "$release" ] || { echo "the source is of $made, the kernel is $release" >&2; exit 1; }
find . -mindepth 1 -maxdepth 1 ! -name Makefile ! -name .config ! -name arch ! -name include ! -name scripts \\
	-exec rm -r {} +
find arch -mindepth 1 -maxdepth 1 ! -name um ! -name x86 -exec rm -r {} +
rm -r "$packages"
`;

/** The kernel's headers and build programs. */
async function umlHeaders({ release, version }: UmlKernel): Promise<string> {
	return await asset(`headers-uml-${release}_${version}`, async (draft) => {
		const [series = ""] = /^\d+\.\d+/.exec(release) ?? [];
		const packages = `${draft}.packages`;
		const source = await sourceVersion();
		await unpackPackages([`linux-source-${series}=${source}`, `linux-kbuild-${series}=${source}`], packages);
		await shell(
			makeHeaders,
			draft,
			packages,
			series,
			release,
			...["*/Kconfig*", ...parts.map((part) => `linux-source-${series}/${part}`)],
		);
	});
}

const variables = [
	"ARCH=um",
	// Debian has no list of that kernel's symbols either: a missing symbol shows only when the modules are inserted.
	"KBUILD_MODPOST_WARN=1",
	// That kernel renames errno to kernel_errno, for libc's sake, which would also rename our module parameters of that name. It
	// has no dynamic debugging either, without which hotplugd_first would not need hotplugd_base.
	"KCFLAGS=-Uerrno -DDEBUG",
];

/** A directory with a .ko for each of the sources. */
export async function umlTestModules(kernel: UmlKernel): Promise<string> {
	const name = `uml-${kernel.release}_${kernel.version}`;
	return await builtTestModules(name, () => umlHeaders(kernel), ...variables);
}

/** An image of the package's modules, with our own modules beside them. */
export async function umlTestModulesImage(kernel: UmlKernel): Promise<string> {
	const extra = await umlTestModules(kernel);
	return await asset(`uml-modules+${basename(extra)}.img`, async (draft) => {
		const root = `${draft}.tree`;
		await shell('mkdir -p "$1/lib/modules"; cp -r "$2" "$1/lib/modules"', root, kernel.modules);
		await addTestModules({ release: kernel.release, root }, extra);
		await makeDiskImage(join(root, "lib/modules"), draft);
		rmSync(root, { recursive: true });
	});
}
