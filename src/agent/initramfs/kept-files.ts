// The files of an initramfs whose content is asked for. All others are known by their names alone: an image has hundreds of
// megabytes.

/** Paths without links, or as an archive has them. */
const KEPT: readonly RegExp[] = [
	// depmod's files, and the list of aliases that booster writes beside the modules.
	/^\/(?:usr\/)?lib\/modules\/[^/]+\/modules\.[^/]+$/,
	/^\/(?:usr\/)?lib\/modules\/booster\.alias$/,
	/^\/etc\/booster\.init\.yaml$/,
	// modprobe's configuration.
	/^\/(?:etc|run|usr\/local\/lib|usr\/lib|lib)\/modprobe\.d\/[^/]+$/,
	// Modules that are loaded by name: initramfs-tools, systemd (dracut, mkinitcpio), dracut, mkinitcpio.
	/^\/conf\/modules$/,
	/^\/(?:etc|run|usr\/local\/lib|usr\/lib|lib)\/modules-load\.d\/[^/]+$/,
	/^\/etc\/cmdline\.d\/[^/]+$/,
	/^\/config$/,
	// How encrypted disks are opened.
	/^\/(?:cryptroot|etc)\/crypttab$/,
];

export const isKept = (path: string): boolean => KEPT.some((pattern) => pattern.test(path));

/** Bytes of one such file, and of all: a kernel's indexes have some ten megabytes. */
export const MOST_KEPT_FILE_BYTES = 2 ** 26;
export const MOST_KEPT_BYTES = 2 ** 28;
