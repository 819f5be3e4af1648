// The kernel's table of netlink sockets, /proc/net/netlink (proc_pid_net(5)), and this process's descriptors (proc_pid_fd(5)).

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The inode of the socket bound to a port id, the key to its other columns. Undefined when there is no such socket. */
export function findInode(protocol: number, port: number): string | undefined {
	return readRows().find((row) => row.protocol === protocol && row.port === port)?.inode;
}

/** How many messages the kernel dropped because the socket's receive buffer was full. Undefined when there is no such socket. */
export function readDrops(inode: string): number | undefined {
	return readRows().find((row) => row.inode === inode)?.drops;
}

/** How many bytes of messages are in the socket's receive buffer. Undefined when there is no such socket. */
export function readWaiting(inode: string): number | undefined {
	return readRows().find((row) => row.inode === inode)?.waiting;
}

export function findDescriptor(inode: string): number | undefined {
	for (const name of readdirSync("/proc/self/fd")) {
		try {
			if (readlinkSync(`/proc/self/fd/${name}`) === `socket:[${inode}]`) return Number(name);
		} catch {
			// readdir(3)'s own descriptor is in the listing, and is closed by now.
		}
	}
	return undefined;
}

function readRows() {
	const [, ...lines] = readFileSync("/proc/net/netlink", "latin1").trim().split("\n");
	return lines.map((line) => {
		const [, protocol, port, , waiting, , , , drops, inode] = line.split(/\s+/);
		const numbers = { protocol: Number(protocol), port: Number(port), waiting: Number(waiting), drops: Number(drops) };
		return { ...numbers, inode: inode ?? "" };
	});
}
