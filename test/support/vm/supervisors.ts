// Service managers other than systemd from Debian's packages: files to lay over Debian's minimal root, where their scripts and
// libraries find everything else.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { asset, digest } from "./images/cache.js";
import { unpackPackages } from "./images/kernel-package.js";
import { suiteName } from "./images/root-image.js";
import { command } from "./machines/command.js";

const managers = ["s6", "openrc"];
/** Dependencies that the minimal root does not have. Their names contain versions. */
const OWN = /^(?:s6|openrc|execline|lib(?:s6|skarnet|execline|rc|einfo)[-\d.]*)$/;
const UNREAD = /^\/(?:usr\/share|etc\/runlevels)\/|\.(?:a|h)$/;

/** s6 and OpenRC: content by absolute path. The caller must make the programs executable. */
export async function supervisorFiles(): Promise<Readonly<Record<string, Buffer>>> {
	const recurse = ["--recurse", "--no-recommends", "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces"];
	const depended = await command("apt-cache", ["depends", ...recurse, ...managers]);
	const packages = depended.split("\n").filter((name) => OWN.test(name));
	const root = await asset(`supervisors-${suiteName()}-${digest(...packages)}`, (draft) =>
		unpackPackages(packages, draft),
	);
	const entries = readdirSync(root, { recursive: true, withFileTypes: true });
	const files = entries
		.filter((entry) => entry.isFile() || entry.isSymbolicLink())
		.map((entry) => join("/", entry.parentPath.slice(root.length), entry.name))
		.filter((path) => !UNREAD.test(path));
	return Object.fromEntries(files.map((path) => [path, readFileSync(join(root, path))]));
}
