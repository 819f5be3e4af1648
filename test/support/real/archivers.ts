// Real programs that write archives, and the real udevadm over a planted /sys.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Which of the programs are not installed: scripts/setup-vm.sh installs them. */
export function findMissing(...programs: readonly string[]): readonly string[] {
	return programs.filter((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
}

/** Runs a command of the shell that writes an archive to $out. Its warnings and its exit status do not matter. */
export function makeArchive(command: string, environment: Readonly<Record<string, string>> = {}): string {
	const out = join(mkdtempSync(join(tmpdir(), "archive-")), "archive");
	spawnSync("sh", ["-c", command], { env: { ...process.env, ...environment, out }, stdio: "ignore" });
	return out;
}

/**
 * What udevadm says of the /sys below a root, in a mount namespace where it lies at /sys.
 * @param database records of /run/udev/data, by their names
 */
export function exportDatabase(root: string, database: Readonly<Record<string, string>>): string {
	const run = mkdtempSync(join(tmpdir(), "udev-run-"));
	mkdirSync(join(run, "udev/data"), { recursive: true });
	for (const [name, text] of Object.entries(database)) writeFileSync(join(run, "udev/data", name), text);
	const script = 'mount --bind "$1/sys" /sys && mount --bind "$2" /run && exec udevadm info --export-db';
	try {
		return execFileSync("unshare", ["-m", "sh", "-c", script, "sh", root, run], {
			encoding: "latin1",
			env: { ...process.env, SYSTEMD_DEVICE_VERIFY_SYSFS: "0" },
			maxBuffer: 2 ** 26,
		});
	} finally {
		rmSync(run, { recursive: true });
	}
}
