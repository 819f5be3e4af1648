// The calls that the agent makes at run time, as the functions of node's modules and koffi, each with the errnos that the man
// pages of its system calls name. test/linux/failing-calls.test.ts fails for a call that this table lacks, and for a row that no
// call meets.

const open = [
	...[
		"EACCES",
		"EBADF",
		"EBUSY",
		"EDQUOT",
		"EEXIST",
		"EFAULT",
		"EFBIG",
		"EINTR",
		"EINVAL",
		"EISDIR",
		"ELOOP",
		"EMFILE",
	],
	...["ENAMETOOLONG", "ENFILE", "ENODEV", "ENOENT", "ENOMEM", "ENOSPC", "ENOTDIR", "ENXIO", "EOPNOTSUPP", "EOVERFLOW"],
	...["EPERM", "EROFS", "ETXTBSY", "EAGAIN"],
];
const read = ["EAGAIN", "EBADF", "EFAULT", "EINTR", "EINVAL", "EIO", "EISDIR"];
const write = [
	...[
		"EAGAIN",
		"EBADF",
		"EDESTADDRREQ",
		"EDQUOT",
		"EFAULT",
		"EFBIG",
		"EINTR",
		"EINVAL",
		"EIO",
		"ENOSPC",
		"EPERM",
		"EPIPE",
	],
];
const close = ["EBADF", "EINTR", "EIO", "ENOSPC", "EDQUOT"];
const fstat = ["EBADF", "EFAULT", "ENOMEM", "EOVERFLOW"];
const stat = ["EACCES", "EFAULT", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOMEM", "ENOTDIR", "EOVERFLOW"];
const unlink = [
	...[
		"EACCES",
		"EBUSY",
		"EFAULT",
		"EIO",
		"EISDIR",
		"ELOOP",
		"ENAMETOOLONG",
		"ENOENT",
		"ENOMEM",
		"ENOTDIR",
		"EPERM",
		"EROFS",
	],
];
const getdents = ["EBADF", "EFAULT", "EINVAL", "ENOENT", "ENOTDIR"];
const opendir = ["EACCES", "EMFILE", "ENFILE", "ENOENT", "ENOMEM", "ENOTDIR"];
const mkdir = [
	...[
		"EACCES",
		"EDQUOT",
		"EEXIST",
		"EFAULT",
		"EINVAL",
		"ELOOP",
		"EMLINK",
		"ENAMETOOLONG",
		"ENOENT",
		"ENOMEM",
		"ENOSPC",
	],
	...["ENOTDIR", "EPERM", "EROFS"],
];
const rename = [
	...["EACCES", "EBUSY", "EDQUOT", "EFAULT", "EINVAL", "EISDIR", "ELOOP", "EMLINK", "ENAMETOOLONG", "ENOENT", "ENOMEM"],
	...["ENOSPC", "ENOTDIR", "ENOTEMPTY", "EPERM", "EROFS", "EXDEV"],
];
const chmod = ["EACCES", "EFAULT", "EIO", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOMEM", "ENOTDIR", "EPERM", "EROFS"];
const readlink = ["EACCES", "EFAULT", "EINVAL", "EIO", "ELOOP", "ENAMETOOLONG", "ENOENT", "ENOMEM", "ENOTDIR"];
const ftruncate = ["EBADF", "EFBIG", "EINTR", "EINVAL", "EIO", "EPERM", "EROFS", "ETXTBSY"];
const inotify = [
	"EACCES",
	"EBADF",
	"EFAULT",
	"EINVAL",
	"EMFILE",
	"ENAMETOOLONG",
	"ENFILE",
	"ENOENT",
	"ENOMEM",
	"ENOSPC",
];
const socket = ["EACCES", "EAFNOSUPPORT", "EINVAL", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EPROTONOSUPPORT"];
const bind = [
	...[
		"EACCES",
		"EADDRINUSE",
		"EBADF",
		"EINVAL",
		"ENOTSOCK",
		"EADDRNOTAVAIL",
		"EFAULT",
		"ELOOP",
		"ENAMETOOLONG",
		"ENOENT",
	],
	...["ENOMEM", "ENOTDIR", "EROFS"],
];
const listen = ["EADDRINUSE", "EBADF", "ENOTSOCK", "EOPNOTSUPP"];
const accept = [
	...[
		"EAGAIN",
		"EBADF",
		"ECONNABORTED",
		"EFAULT",
		"EINTR",
		"EINVAL",
		"EMFILE",
		"ENFILE",
		"ENOBUFS",
		"ENOMEM",
		"ENOTSOCK",
	],
	...["EOPNOTSUPP", "EPERM", "EPROTO"],
];
const connect = [
	...[
		"EACCES",
		"EPERM",
		"EADDRINUSE",
		"EADDRNOTAVAIL",
		"EAGAIN",
		"EALREADY",
		"EBADF",
		"ECONNREFUSED",
		"EFAULT",
		"EINPROGRESS",
	],
	...["EINTR", "EISCONN", "ENETUNREACH", "ENOTSOCK", "EPROTOTYPE", "ETIMEDOUT", "ENOENT"],
];
const sendto = [
	...["EACCES", "EAGAIN", "EALREADY", "EBADF", "ECONNRESET", "EDESTADDRREQ", "EFAULT", "EINTR", "EINVAL", "EISCONN"],
	...["EMSGSIZE", "ENOBUFS", "ENOMEM", "ENOTCONN", "ENOTSOCK", "EOPNOTSUPP", "EPIPE", "ECONNREFUSED", "ENOENT"],
];
const setsockopt = ["EBADF", "EFAULT", "EINVAL", "ENOPROTOOPT", "ENOTSOCK", "EPERM", "ENOMEM"];
const getsockopt = ["EBADF", "EFAULT", "EINVAL", "ENOPROTOOPT", "ENOTSOCK"];
const recvmsg = [
	"EAGAIN",
	"EBADF",
	"ECONNREFUSED",
	"EFAULT",
	"EINTR",
	"EINVAL",
	"ENOMEM",
	"ENOTCONN",
	"ENOTSOCK",
	"ENOBUFS",
];
const flock = ["EBADF", "EINTR", "EINVAL", "ENOLCK", "EAGAIN"];
/** fork(2), and execve(2) of a program. */
const spawn = [
	...[
		"E2BIG",
		"EACCES",
		"EAGAIN",
		"EFAULT",
		"EINVAL",
		"EIO",
		"EISDIR",
		"ELIBBAD",
		"ELOOP",
		"EMFILE",
		"ENAMETOOLONG",
		"ENFILE",
	],
	...["ENOENT", "ENOEXEC", "ENOMEM", "ENOSYS", "ENOTDIR", "EPERM", "ETXTBSY"],
];
/** init_module(2) and finit_module(2), and errnos that the inits of drivers return. */
const initModule = [
	...[
		"EBADMSG",
		"EBUSY",
		"EFAULT",
		"ENOKEY",
		"ENOMEM",
		"EPERM",
		"EEXIST",
		"EINVAL",
		"ENOEXEC",
		"ENOENT",
		"ENODEV",
		"EINTR",
	],
	"EAGAIN",
];

const union = (...lists: readonly (readonly string[])[]): readonly string[] => [...new Set(lists.flat())];

/** By the name of the call: its man pages, and their errnos. */
export const manPages: Readonly<Record<string, { readonly pages: string; readonly errnos: readonly string[] }>> = {
	openSync: { pages: "open(2)", errnos: open },
	closeSync: { pages: "close(2)", errnos: close },
	readSync: { pages: "read(2)", errnos: read },
	read: { pages: "read(2)", errnos: read },
	readFileSync: { pages: "open(2), fstat(2), read(2), close(2)", errnos: union(open, fstat, read, close) },
	writeSync: { pages: "write(2)", errnos: write },
	writeFileSync: { pages: "open(2), write(2), close(2)", errnos: union(open, write, close) },
	statSync: { pages: "stat(2)", errnos: stat },
	lstatSync: { pages: "lstat(2)", errnos: stat },
	fstatSync: { pages: "fstat(2)", errnos: fstat },
	existsSync: { pages: "access(2)", errnos: [...stat, "EIO", "EROFS"] },
	mkdirSync: { pages: "mkdir(2), stat(2)", errnos: union(mkdir, stat) },
	rmSync: { pages: "lstat(2), unlink(2)", errnos: union(stat, unlink) },
	renameSync: { pages: "rename(2)", errnos: rename },
	unlinkSync: { pages: "unlink(2)", errnos: unlink },
	chmodSync: { pages: "chmod(2)", errnos: chmod },
	fchmodSync: { pages: "fchmod(2)", errnos: ["EBADF", "EIO", "EPERM", "EROFS"] },
	ftruncateSync: { pages: "ftruncate(2)", errnos: ftruncate },
	readdirSync: { pages: "opendir(3), getdents(2)", errnos: union(opendir, getdents) },
	opendirSync: { pages: "opendir(3)", errnos: opendir },
	"Dir.readSync": { pages: "getdents(2)", errnos: getdents },
	"Dir.closeSync": { pages: "close(2)", errnos: close },
	readlinkSync: { pages: "readlink(2)", errnos: readlink },
	watch: { pages: "inotify_init(2), inotify_add_watch(2)", errnos: inotify },
	"Pipe.bind": { pages: "socket(2), bind(2)", errnos: union(socket, bind) },
	"Pipe.listen": { pages: "listen(2)", errnos: listen },
	"Pipe.connect": { pages: "socket(2), connect(2)", errnos: union(socket, connect) },
	"Pipe.accept": { pages: "accept(2)", errnos: accept },
	"Pipe.write": { pages: "write(2)", errnos: union(write, ["ECONNRESET"]) },
	spawn: { pages: "fork(2), execve(2)", errnos: spawn },
	finit_module: { pages: "finit_module(2)", errnos: union(initModule, ["EBADF", "EFBIG", "ETXTBSY", "ENOSYS"]) },
	init_module: { pages: "init_module(2)", errnos: initModule },
	flock: { pages: "flock(2)", errnos: flock },
	socket: { pages: "socket(2)", errnos: socket },
	sendto: { pages: "sendto(2), unix(7)", errnos: sendto },
	setsockopt: { pages: "setsockopt(2), socket(7)", errnos: setsockopt },
	getsockopt: { pages: "getsockopt(2)", errnos: getsockopt },
	"Netlink.open": { pages: "socket(2), bind(2)", errnos: union(socket, bind) },
	"Netlink.join": { pages: "setsockopt(2)", errnos: setsockopt },
	"Netlink.address": { pages: "getsockname(2)", errnos: ["EBADF", "EFAULT", "EINVAL", "ENOBUFS", "ENOTSOCK"] },
	"Netlink.buffer": { pages: "getsockopt(2)", errnos: getsockopt },
	"Netlink.receive": { pages: "recvmsg(2), netlink(7)", errnos: recvmsg },
};

/** Errnos that mean that nothing is to be done, and why. */
export const noFailures: readonly {
	readonly call: string;
	readonly place: string;
	readonly codes: readonly string[];
	readonly why: string;
}[] = [
	{
		call: "readdirSync",
		place: "src/linux/devices/device-directories",
		codes: ["ENOENT", "ENOTDIR"],
		why: "the device has left",
	},
	{
		call: "openSync",
		place: "src/linux/devices/attribute-reads",
		codes: ["ENOENT", "ENOTDIR", "ENODEV"],
		why: "the device has left",
	},
	{
		call: "readdirSync",
		place: "src/linux/service/request-spool",
		codes: ["ENOENT", "ENOTDIR"],
		why: "there is no spool",
	},
	{
		call: "openSync",
		place: "src/linux/service/request-spool",
		codes: ["ENOENT", "ELOOP", "ENXIO", "EISDIR"],
		why: "a link, or a socket: no request",
	},
	{ call: "readSync", place: "src/linux/service/request-spool", codes: ["EISDIR"], why: "a directory: no request" },
	{
		call: "finit_module",
		place: "src/linux",
		codes: ["EEXIST", "ENODEV"],
		why: "it is there, or there is no hardware for it",
	},
	{
		call: "init_module",
		place: "src/linux",
		codes: ["EEXIST", "ENODEV"],
		why: "it is there, or there is no hardware for it",
	},
];

/** Imports of src/linux that the agent does not call as long as nothing fails, by the file or by file and function; and why. */
export const elsewhere: readonly { readonly calls: readonly string[]; readonly of: string }[] = [
	{
		calls: [
			"src/linux/depmod/digest-threads",
			"src/linux/depmod/module-digests",
			"src/linux/depmod/module-tree",
			"src/linux/depmod/publish",
			"src/linux/depmod/directory-lock",
		],
		of: "depmod, which has a sweep of its own",
	},
	{
		calls: ["src/linux/fleet/byte-source", "src/linux/fleet/growing-file"],
		of: "compare --fleet, which reads captures and writes tables, and is no agent",
	},
	{
		calls: [
			"src/linux/modules/insertion-process",
			"src/linux/modules/insertion-server",
			"src/linux/output/report-output",
		],
		of: "coldplug",
	},
	{
		calls: [
			"src/linux/devices/sysfs",
			"src/linux/output/output-file mkdirSync",
			"src/linux/output/output-file writeFileSync",
		],
		of: "coldplug --dry-run",
	},
	{
		calls: ["src/linux/devices/inspection", "src/linux/devices/kernel-log"],
		of: "explain, and a dry run for people",
	},
	{
		calls: [
			"src/linux/output/output-file fsyncSync",
			"src/linux/output/output-file readlinkSync",
			"src/linux/output/output-file realpathSync",
			"src/linux/output/output-file statSync",
		],
		of: "coldplug --timeline",
	},
	{
		calls: ["src/linux/files/working-directory", "src/linux/files/bounded-read readlinkSync"],
		of: "kmod's tools, of a relative path and of a pipe or a terminal that they are given",
	},
	{ calls: ["src/linux/output/standard-streams"], of: "what ends it with a sentence, and every other command" },
	{ calls: ["src/linux/process/process-words"], of: "arguments that are no UTF-8" },
	{
		calls: ["src/linux/files/draft unlinkSync", "src/linux/service/instance-lock readSync"],
		of: "the agent when another call has failed",
	},
	{
		calls: [
			"src/linux/files/descriptor",
			"src/linux/service/control-client connect",
			"src/linux/service/control-socket createServer",
		],
		of: "the agent: their calls are noted where they are asked for, as closeSync's, and Pipe's connect and bind",
	},
];
