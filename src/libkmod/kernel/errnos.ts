// Numbers of the errnos that hotplugd returns without asking the kernel.

/** Errno numbers by name, positive, from asm-generic/errno.h: the same on every processor that node is built for. */
export const errnos = {
	EPERM: 1,
	ENOENT: 2,
	EIO: 5,
	ENXIO: 6,
	ENOEXEC: 8,
	ENOMEM: 12,
	EACCES: 13,
	ENOTDIR: 20,
	EISDIR: 21,
	EINVAL: 22,
	EFBIG: 27,
	ENOSPC: 28,
	ENAMETOOLONG: 36,
	ENOSYS: 38,
	ELOOP: 40,
	ENODATA: 61,
	EMSGSIZE: 90,
	ECONNRESET: 104,
	ENOTCONN: 107,
	ETIMEDOUT: 110,
} as const;

export type KnownErrno = keyof typeof errnos;
