// Uevents, the kernel's own or as udev sends them on: netlink(7), protocol NETLINK_KOBJECT_UEVENT, through the netlink package,
// with the guards without which that package aborts the whole process when the receive buffer overflows or a listener throws.
// Not for worker threads: their end would abort it too.
//
// The package does not show a sender's credentials (SCM_CREDENTIALS), only its port and groups. That is enough: in this protocol
// the kernel takes messages to a group or to another process's port from nobody but CAP_NET_ADMIN over the network namespace
// (it grants the right to receive to all, never the right to send), and who has that right here could as well move devices
// between drivers. Port 0 is the kernel's alone.

import { Refusal } from "../../libkmod/kernel/kernel.js";
import type { ListenOptions, UeventListeners, UeventSocket, UeventSource } from "../../ports/uevents.js";
import { refusalFor } from "../files/refusal.js";
import { openSyscalls, type SyscallResult, type Syscalls } from "../native/syscalls.js";
import { findDescriptor, findInode, readDrops, readWaiting } from "./netlink-table.js";
import { UeventDrain } from "./uevent-drain.js";

/** Of what is listened to; more bytes than rmem_max take CAP_NET_ADMIN. */
export type UeventOptions = Partial<ListenOptions> & {
	/** Bytes to read of a message; by default its size is asked for first. */
	readonly messageSize?: number;
};

/** The socket, and whether it keeps the event loop, and so the process, going: from the start it does. */
export type NetlinkUeventSocket = UeventSocket & { ref(): void; unref(): void };

export type OpenNetlinkUeventSocket = (listeners: UeventListeners, options?: UeventOptions) => NetlinkUeventSocket;

/** The multicast groups: Linux has the first, systemd's libudev the second. */
const GROUPS: Readonly<Record<UeventSource, number>> = { kernel: 1, udev: 2 };

const NETLINK_KOBJECT_UEVENT = 15;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;

type Raw = typeof import("netlink/dist/raw.js");
type RawSocket = InstanceType<Raw["RawNetlinkSocket"]>;

/** Loads the native packages. The socket that the result opens has joined its group when it returns. @throws {Refusal} */
export async function loadUeventSocket(): Promise<OpenNetlinkUeventSocket> {
	// A bundle of CommonJS packages has nothing but their defaults.
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

/** Before the group is joined: an overflow is then counted, and no error, of which the package would die. */
function guard(syscalls: Syscalls, fd: number, receiveBuffer: number): void {
	const set = (level: number, option: number, value: number) => syscalls.setSocketOption(fd, level, option, value);
	demand(syscalls, "NETLINK_NO_ENOBUFS", set(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1));
	// SO_RCVBUF stops at rmem_max, and after SO_RCVBUFFORCE would undo it: only where privilege is missing.
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
