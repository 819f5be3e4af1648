// The configuration as `modprobe --show-config` prints it before the indexes, in the format of modprobe.d(5).
import type { ModprobeConfig } from "./modprobe-config.js";

/** All lines, by kind in kmod's order of kinds, and within a kind in the order they were read. Keys are normalised. */
export function formatConfig(config: ModprobeConfig): string {
	const lines = [
		...config.blacklist.map(({ module }) => `blacklist ${module}`),
		...config.install.map(({ pattern, command }) => `install ${pattern} ${command}`),
		...config.remove.map(({ pattern, command }) => `remove ${pattern} ${command}`),
		...config.aliases.map(({ pattern, module }) => `alias ${pattern} ${module}`),
		...config.options.map(({ module, options }) => `options ${module} ${options}`),
		...config.softdeps.map(({ pattern, pre, post }) => `softdep ${pattern} ${formatSoftdep(pre, post)}`),
		...config.weakdeps.map(({ pattern, modules }) => `weakdep ${pattern} ${modules.join(" ")}`),
	];
	return lines.map((line) => `${line}\n`).join("");
}

function formatSoftdep(pre: readonly string[], post: readonly string[]): string {
	const before = pre.length > 0 ? [`pre: ${pre.join(" ")}`] : [];
	const behind = post.length > 0 ? [`post: ${post.join(" ")}`] : [];
	return [...before, ...behind].join(" ");
}
