// Sends datagrams to the socket that $NOTIFY_SOCKET names, as sd_notify(3) does: a path, or @ and a name in the abstract
// namespace. A datagram for which the socket has no room is sent later, in order, so that the event loop never blocks.

import { constants } from "node:os";
import { Refusal } from "../../libkmod/kernel/kernel.js";
import { openSyscalls, type Syscalls } from "../native/syscalls.js";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
/** The size of sun_path. */
const LONGEST_PATH_BYTES = 108;
const RETRY_MILLISECONDS = 50;

export type NotifySocket = {
	/** @param passing whether the datagram is dropped while an earlier one waits for room */
	send(text: string, passing?: boolean): void;
};

/** @throws {Refusal} EINVAL for a name of another kind, such as vsock:CID:PORT. */
export async function openNotifySocket(name: string, onProblem: (problem: Refusal) => void): Promise<NotifySocket> {
	const address = formatAddress(name);
	const syscalls = await openSyscalls();
	const { result: fd, errno } = syscalls.openSocket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC);
	if (fd < 0) throw refusal(syscalls, name, errno);
	const waiting: Buffer[] = [];

	function sendWaiting(): void {
		for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
			const { result, errno } = syscalls.sendTo(fd, next, MSG_DONTWAIT | MSG_NOSIGNAL, address);
			if (result < 0 && errno === constants.errno.EAGAIN) {
				setTimeout(sendWaiting, RETRY_MILLISECONDS).unref();
				return;
			}
			waiting.shift();
			if (result < 0) onProblem(refusal(syscalls, name, errno));
		}
	}

	return {
		send(text, passing = false) {
			if (passing && waiting.length > 0) return;
			// When earlier datagrams wait, their retry timer sends this one too.
			if (waiting.push(Buffer.from(text, "latin1")) === 1) sendWaiting();
		},
	};
}

/** A sockaddr_un. An abstract name begins with a NUL and ends with the address. A path ends with a NUL. */
function formatAddress(name: string): Buffer {
	const path = Buffer.from(name.startsWith("@") ? `\0${name.slice(1)}` : `${name}\0`, "latin1");
	if (!/^[@/]./s.test(name) || path.length > LONGEST_PATH_BYTES)
		throw new Refusal({ operation: "notify", subject: name, code: "EINVAL" });
	return Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), path]);
}

function refusal({ errnoName }: Syscalls, name: string, errno: number): Refusal {
	return new Refusal({ operation: "notify", subject: name, code: errnoName(errno), errno });
}
