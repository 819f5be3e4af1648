// The uevent socket: netlink(7), protocol NETLINK_KOBJECT_UEVENT, through the netlink package. It receives the kernel's uevents,
// or those that udev sends on. The netlink package aborts the whole process when the receive buffer overflows or a listener
// throws: this file guards against both. Not for worker threads: the end of a worker would abort the process too.
//
// The netlink package gives the sender's port id and groups, not its credentials (SCM_CREDENTIALS). Port id and groups are
// enough: in this protocol the kernel accepts messages to a group, or to the port of another process, only from a sender with
// CAP_NET_ADMIN over the network namespace (every process may receive, none may send by default). A process with that capability
// could as well move devices between drivers. Only the kernel has port id 0.

import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { ListenOptions, UeventListeners, UeventSocket, UeventSource } from "../../ports/uevents.js";
import { refusalFor } from "../files/refusal.js";
import { openSyscalls, type SyscallResult, type Syscalls } from "../native/syscalls.js";
import { findDescriptor, findInode, readDrops, readWaiting } from "./netlink-table.js";
import { UeventDrain } from "./uevent-drain.js";

/** A `receiveBuffer` of more bytes than rmem_max takes CAP_NET_ADMIN. */
export type UeventOptions = Partial<ListenOptions> & {
	/** Bytes to read of each message. When absent, the size of a message is queried before it is read. */
	readonly messageSize?: number;
};

/** The socket. ref() makes it keep the event loop, and so the process, alive, as it does from the start. unref() ends that. */
export type NetlinkUeventSocket = UeventSocket & { ref(): void; unref(): void };

export type OpenNetlinkUeventSocket = (listeners: UeventListeners, options?: UeventOptions) => NetlinkUeventSocket;

/** The multicast groups: the kernel sends to group 1, udev (systemd's libudev) to group 2. */
const GROUPS: Readonly<Record<UeventSource, number>> = { kernel: 1, udev: 2 };

const NETLINK_KOBJECT_UEVENT = 15;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;

type Raw = typeof import("netlink/dist/raw.js");
type RawSocket = InstanceType<Raw["RawNetlinkSocket"]>;

/**
 * Loads the native packages, and returns a function that opens a socket: it has joined its group when the function returns.
 * @throws {Refusal}
 */
export async function loadUeventSocket(): Promise<OpenNetlinkUeventSocket> {
	// In a bundle, a CommonJS package has no exports but the default one.
	const [{ default: raw }, syscalls] = await Promise.all([import("netlink/dist/raw.js"), openSyscalls()]);
	return (listeners, options = {}) => {
		try {
			return open(raw, syscalls, listeners, options);
		} catch (thrown) {
			throw refusalFor("listen to", "uevents", thrown);
		}
	};
}

function open(
	{ RawNetlinkSocket }: Raw,
	syscalls: Syscalls,
	listeners: UeventListeners,
	{ source = "kernel", receiveBuffer = 128 * 2 ** 20, messageSize }: UeventOptions,
): NetlinkUeventSocket {
	const size = messageSize === undefined ? {} : { messagePeeking: false, msgBufferSize: messageSize };
	const socket = new RawNetlinkSocket(NETLINK_KOBJECT_UEVENT, { recvBufferSize: 0, sendBufferSize: 0, ...size });
	try {
		const inode = found(findInode(NETLINK_KOBJECT_UEVENT, socket.address().port), "/proc/net/netlink");
		guard(syscalls, found(findDescriptor(inode), "/proc/self/fd"), receiveBuffer);
		const drain = new UeventDrain(source, listeners);
		socket.on("message", drain.take);
		socket.on("truncatedMessage", drain.takeTruncated);
		socket.on("error", drain.takeError);
		socket.addMembership(GROUPS[source]);
		return opened(socket, inode, drain);
	} catch (thrown) {
		socket.close();
		throw thrown;
	}
}

function found<T>(value: T | undefined, table: string): T {
	if (value === undefined)
		throw new Refusal({ operation: "find the uevent socket in", subject: table, code: "ENOENT" });
	return value;
}

/**
 * Must run before the group is joined: from then on the kernel counts an overrun instead of reporting ENOBUFS, on which the
 * netlink package aborts the process.
 */
function guard(syscalls: Syscalls, fd: number, receiveBuffer: number): void {
	const set = (level: number, option: number, value: number) => syscalls.setSocketOption(fd, level, option, value);
	demand(syscalls, "NETLINK_NO_ENOBUFS", set(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1));
	// SO_RCVBUF is only the fallback without CAP_NET_ADMIN: it is limited to rmem_max, and would undo SO_RCVBUFFORCE.
	if (set(SOL_SOCKET, SO_RCVBUFFORCE, receiveBuffer).result < 0) {
		demand(syscalls, "SO_RCVBUF", set(SOL_SOCKET, SO_RCVBUF, receiveBuffer));
	}
}

function demand({ errnoName }: Syscalls, option: string, { result, errno }: SyscallResult): void {
	if (result < 0) throw new Refusal({ operation: "set", subject: option, code: errnoName(errno), errno });
}

function opened(socket: RawSocket, inode: string, drain: UeventDrain): NetlinkUeventSocket {
	let drops = 0;
	let closed = false;
	return {
		receiveBuffer: socket.getRecvBufferSize(),
		drops() {
			if (!closed) drops = readDrops(inode) ?? drops;
			return drops;
		},
		waiting: () => (closed ? 0 : (readWaiting(inode) ?? 0) + drain.held()),
		ref: () => void (closed || socket.ref()),
		unref: () => void (closed || socket.unref()),
		close() {
			if (closed) return;
			closed = true;
			drain.stop();
			socket.close();
		},
	};
}
