// This process's netlink sockets: proc_pid_net(5)'s /proc/net/netlink and proc_pid_fd(5).

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The inode of the socket bound to a port id, by which its other facts are found; undefined where there is none. */
export function findInode(protocol: number, port: number): string | undefined {
	return readRows().find((row) => row.protocol === protocol && row.port === port)?.inode;
}

/** How many messages found the socket's receive buffer full; undefined where there is no such socket. */
export function readDrops(inode: string): number | undefined {
	return readRows().find((row) => row.inode === inode)?.drops;
}

/** How many bytes of messages wait in the socket's receive buffer; undefined where there is no such socket. */
export function readWaiting(inode: string): number | undefined {
	return readRows().find((row) => row.inode === inode)?.waiting;
}

export function findDescriptor(inode: string): number | undefined {
	for (const name of readdirSync("/proc/self/fd")) {
		try {
			if (readlinkSync(`/proc/self/fd/${name}`) === `socket:[${inode}]`) return Number(name);
		} catch {
			// The listing's own descriptor is closed by now.
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
