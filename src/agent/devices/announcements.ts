// The uevent socket as a stream. The socket is bound when subscribing returns, and closed on unsubscribing.

import { Observable } from "rxjs";
import type { OpenUeventSocket } from "../../ports/uevents.js";
import type { Announcement } from "./devices.js";

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
