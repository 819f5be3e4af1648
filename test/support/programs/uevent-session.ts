// Runs a uevent socket in a process of its own, since a broken guard would abort the process. The argument names the session; the
// result is printed as JSON.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { UeventDrain } from "../../../src/linux/devices/uevent-drain.js";
import {
	loadUeventSocket,
	type OpenNetlinkUeventSocket,
	type UeventOptions,
} from "../../../src/linux/devices/uevent-socket.js";
import { formatUevent, injectUevents, injectUeventsMeanwhile, trySpoofing } from "../running/uevent-injector.js";

export const ueventSession = fileURLToPath(import.meta.url);

const MARK = "/devices/injected/";
const MEBIBYTE = 2 ** 20;

type Met = { messages: string[]; drains: number; refused: number; truncated: number; errors: string[] };

function burst(count: number, from = 0): Buffer[] {
	return Array.from({ length: count }, (_, i) =>
		formatUevent("add", `${MARK}${from + i}`, [
			["SUBSYSTEM", "pci"],
			["MODALIAS", `pci:v${from + i}`],
		]),
	);
}

/** Opens a socket that records what it receives, apart from the uevents of the machine itself. */
function noting(open: OpenNetlinkUeventSocket, options?: UeventOptions) {
	const met: Met = { messages: [], drains: 0, refused: 0, truncated: 0, errors: [] };
	const socket = open(
		{
			onDrain(datagrams) {
				const injected = datagrams.map((datagram) => datagram.toString("latin1")).filter((text) => text.includes(MARK));
				met.messages.push(...injected);
				if (injected.length > 0) met.drains++;
			},
			onRefused(count) {
				met.refused = count;
			},
			onTruncated(count) {
				met.truncated = count;
			},
			onError(error) {
				met.errors.push(error.message);
			},
		},
		options,
	);
	return { socket, met };
}

/** Throws after a minute, so that a failed test leaves no process behind. */
async function until(condition: () => boolean): Promise<void> {
	const deadline = performance.now() + 60_000;
	while (!condition()) {
		if (performance.now() > deadline) throw new Error(`never came true: ${condition}`);
		await setTimeout(5);
	}
}

const numbersOf = ({ messages }: Met) => messages.map((text) => Number(/injected\/(\d+)\0/.exec(text)?.[1]));
const seqnumsOf = ({ messages }: Met) => messages.map((text) => Number(/\0SEQNUM=(\d+)\0/.exec(text)?.[1]));
const isAscending = (numbers: number[]) => numbers.every((number, i) => i === 0 || number > numbers[i - 1]!);
const readSeqnum = () => Number(readFileSync("/sys/kernel/uevent_seqnum", "latin1"));

const sessions: Readonly<Record<string, (open: OpenNetlinkUeventSocket) => Promise<unknown>>> = {
	async overflow(open) {
		const { socket, met } = noting(open, { receiveBuffer: 16_384 });
		injectUevents(burst(20_000));
		await until(() => met.messages.length + socket.drops() === 20_000);
		const received = met.messages.length;
		const drops = socket.drops();
		await injectUeventsMeanwhile(burst(10, 20_000));
		await until(() => met.messages.length === received + 10);
		const last = numbersOf(met).slice(-10);
		socket.close();
		return { received, drops, dropsAfter: socket.drops(), last, errors: met.errors };
	},

	async largeBuffer(open) {
		const { socket, met } = noting(open);
		// A small uevent takes about 832 bytes of the receive buffer. Without privilege the buffer is small, and fewer fit.
		const count = Math.min(20_000, Math.floor(socket.receiveBuffer / 1024));
		injectUevents(burst(count));
		await until(() => met.messages.length === count);
		socket.close();
		const inOrder = isAscending(numbersOf(met)) && isAscending(seqnumsOf(met));
		const { receiveBuffer } = socket;
		return {
			receiveBuffer,
			inOrder,
			drops: socket.drops(),
			manyToADrain: met.drains < count / 2,
			first: met.messages[0],
		};
	},

	async smallBuffer(open) {
		const asked = 64 * MEBIBYTE;
		const most = Number(readFileSync("/proc/sys/net/core/rmem_max", "latin1"));
		const { socket } = noting(open, { receiveBuffer: asked });
		const { receiveBuffer } = socket;
		socket.close();
		return { receiveBuffer, most: 2 * Math.min(asked, most) };
	},

	async spoofed(open) {
		const { socket, met } = noting(open);
		const port = ownPort();
		await injectUeventsMeanwhile(burst(3));
		await injectUeventsMeanwhile(burst(5, 100), { unicast: port });
		await injectUeventsMeanwhile(burst(7, 200), { multicast: 1 });
		await injectUeventsMeanwhile(burst(11, 300), { multicast: 2 });
		await injectUeventsMeanwhile(burst(2, 400));
		await until(() => met.messages.length >= 5 && met.refused >= 12);
		socket.close();
		return { accepted: numbersOf(met), refused: met.refused, drops: socket.drops() };
	},

	/** The kernel lets root of the network namespace send, and that root may be udev. */
	async fromUdev(open) {
		const { socket, met } = noting(open, { source: "udev" });
		const port = ownPort();
		await injectUeventsMeanwhile(burst(3), { multicast: 2 });
		await injectUeventsMeanwhile(burst(5, 100), { unicast: port });
		await injectUeventsMeanwhile(burst(7, 200), { multicast: 1 });
		await injectUeventsMeanwhile(burst(11, 300));
		await injectUeventsMeanwhile(burst(2, 400), { multicast: 2 });
		await until(() => met.messages.length >= 5 && met.refused >= 5);
		socket.close();
		return { accepted: numbersOf(met), refused: met.refused, drops: socket.drops() };
	},

	async unprivileged(open) {
		const sockets = (["kernel", "udev"] as const).map((source) => noting(open, { source }));
		const senders = [{ multicast: 1 }, { multicast: 2 }, ...ownPorts().map((unicast) => ({ unicast }))];
		// In a user namespace that a plain user made, there is no other user to become.
		const asNobody =
			process.argv[3] === "root" ? [["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]] : [];
		const ways = [["unshare", "--user", "--map-root-user"], ...asNobody];
		const said = ways.flatMap((way) => senders.map((sender) => trySpoofing(burst(3), sender, way)));
		// A uevent sent earlier would have arrived before this one.
		await injectUeventsMeanwhile(burst(1, 500), { multicast: 2 });
		await until(() => sockets[1]!.met.messages.length > 0);
		for (const { socket } of sockets) socket.close();
		return { said, met: sockets.map(({ met }) => ({ accepted: numbersOf(met), refused: met.refused })) };
	},

	async truncated(open) {
		const { socket, met } = noting(open, { messageSize: 64 });
		injectUevents([formatUevent("add", `${MARK}1`), ...burst(3)]);
		await until(() => met.truncated === 4);
		socket.close();
		return { whole: met.messages.length, truncated: met.truncated };
	},

	async throwing(open) {
		const uncaught: string[] = [];
		process.on("uncaughtException", (error) => uncaught.push(error.message));
		let drains = 0;
		const socket = open({
			onDrain() {
				drains++;
				throw new Error("from onDrain");
			},
			onRefused() {
				throw new Error("from onRefused");
			},
			onTruncated() {},
			onError() {},
		});
		await injectUeventsMeanwhile(burst(1));
		await until(() => drains === 1);
		await injectUeventsMeanwhile(burst(1), { multicast: 1 });
		await until(() => uncaught.length === 2);
		await injectUeventsMeanwhile(burst(1));
		await until(() => drains === 2);
		socket.close();
		return { uncaught };
	},

	async throwingInside() {
		const uncaught: string[] = [];
		process.on("uncaughtException", (error) => uncaught.push(error.message));
		const met: number[] = [];
		const drain = new UeventDrain("kernel", {
			onDrain: (datagrams) => void met.push(datagrams.length),
			onRefused() {},
			onTruncated() {},
			onError() {},
		});
		const sender = {
			groups: 1,
			get port(): number {
				throw new Error("from inside");
			},
		};
		drain.take(Buffer.alloc(1), sender);
		drain.take(Buffer.alloc(1), { port: 0, groups: 1 });
		await until(() => uncaught.length === 1 && met.length === 1);
		return { uncaught, met };
	},

	async elsewhere(open) {
		const { socket, met } = noting(open);
		const before = readSeqnum();
		const userToo = process.getuid?.() === 0 ? "" : "-Ur";
		const many = `for i in $(seq 50); do unshare ${userToo} -n true || exit 1; done`;
		execFileSync("sh", [
			"-c",
			`for j in 1 2 3 4; do (${many}) & jobs="$jobs $!"; done; for j in $jobs; do wait $j || exit 1; done`,
		]);
		await setTimeout(50);
		socket.close();
		return { movedBy: readSeqnum() - before, drops: socket.drops(), refused: met.refused };
	},

	async closing(open) {
		let drains = 0;
		let someLeft = false;
		const sockets = [1, 2, 3].map(() => noting(open));
		const socket = open({
			onDrain() {
				drains++;
				// These uevents arrive before the socket is closed, but are not read.
				injectUevents(burst(10));
				someLeft = socket.waiting() > 0;
				socket.close();
				socket.close();
				for (const other of sockets) other.socket.close();
			},
			onRefused() {},
			onTruncated() {},
			onError() {},
		});
		injectUevents(burst(500));
		await until(() => drains > 0);
		await setTimeout(50);
		socket.ref();
		socket.unref();
		return { drains, someLeft, drops: socket.drops() };
	},

	async unreferenced(open) {
		const { socket } = noting(open);
		socket.unref();
		return "ends by itself, its socket still open";
	},

	async exiting(open) {
		noting(open);
		injectUevents(burst(100));
		process.on("exit", () => console.log(JSON.stringify("exits with its socket open")));
		process.exit(7);
	},
};

function ownPort(): number {
	return ownPorts()[0] ?? Number.NaN;
}

/** Ports of the sockets that are not the kernel's: in its own network namespace only this process has any. */
function ownPorts(): number[] {
	const rows = readFileSync("/proc/net/netlink", "latin1")
		.split("\n")
		.map((line) => line.split(/\s+/));
	return rows.filter(([, protocol, port]) => protocol === "15" && port !== "0").map(([, , port]) => Number(port));
}

const session = sessions[process.argv[2] ?? ""];
if (process.argv[1] === ueventSession && session) console.log(JSON.stringify(await session(await loadUeventSocket())));
