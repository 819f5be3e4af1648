// The uevent socket as a stream: bound when subscribing returns, closed on unsubscribing.
import { Observable } from "rxjs";
import type { Announcement } from "./devices.js";

export type UeventSocket = {
	readonly receiveBuffer: number;
	drops(): number;
	/** Bytes of messages that wait to be read, as the kernel counts them. */
	waiting(): number;
	close(): void;
};

export type UeventListeners = {
	/** All datagrams of the kernel that were read in one turn of the event loop. */
	onDrain(datagrams: readonly Buffer[]): void;
	/** Datagrams from anybody else, so far. */
	onRefused(count: number): void;
	/** Messages cut short, so far. */
	onTruncated(count: number): void;
	onError(error: Error): void;
};

export type OpenUeventSocket = (listeners: UeventListeners) => UeventSocket;

export function announcements(open: OpenUeventSocket): Observable<Announcement> {
	return new Observable((subscriber) => {
		const socket = open({
			onDrain: (datagrams) => subscriber.next({ kind: "drain", datagrams }),
			onRefused: (count) => subscriber.next({ kind: "refused", count }),
			onTruncated: (count) => subscriber.next({ kind: "truncated", count }),
			onError: (error) => subscriber.error(error),
		});
		const { receiveBuffer } = socket;
		subscriber.next({ kind: "listening", receiveBuffer, drops: () => socket.drops(), waiting: () => socket.waiting() });
		return () => socket.close();
	});
}
