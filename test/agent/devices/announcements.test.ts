import test from "ava";
import { announcements } from "../../../src/agent/devices/announcements.js";
import type { Announcement } from "../../../src/agent/devices/devices.js";
import type { UeventListeners } from "../../../src/ports/uevents.js";

function socket() {
	let listeners: UeventListeners | undefined;
	let closed = 0;
	const open = (given: UeventListeners) => {
		listeners = given;
		return { receiveBuffer: 4096, waiting: () => 0, drops: () => 3, close: () => void closed++ };
	};
	return {
		announced: announcements(open),
		say: () => listeners!,
		opened: () => listeners !== undefined,
		closed: () => closed,
	};
}

test("the socket is open, and says so, when subscribing returns", (t) => {
	const { announced, opened } = socket();
	t.false(opened());
	const heard: Announcement[] = [];
	announced.subscribe((one) => heard.push(one));
	t.true(opened());
	t.like(heard, [{ kind: "listening", receiveBuffer: 4096 }]);
	t.is(heard[0]?.kind === "listening" && heard[0].drops(), 3);
});

test("what the socket says is announced", (t) => {
	const { announced, say } = socket();
	const heard: Announcement[] = [];
	announced.subscribe((one) => heard.push(one));
	const datagrams = [Buffer.from("a"), Buffer.from("b")];
	say().onDrain(datagrams);
	say().onRefused(2, 0);
	say().onTruncated(1);
	t.deepEqual(heard.slice(1), [
		{ kind: "drain", datagrams },
		{ kind: "refused", count: 2 },
		{ kind: "truncated", count: 1 },
	]);
});

test("the socket is closed once when nobody listens any more, and says nothing then", (t) => {
	const { announced, say, closed } = socket();
	let heard = 0;
	const subscription = announced.subscribe(() => heard++);
	subscription.unsubscribe();
	t.is(closed(), 1);
	say().onDrain([Buffer.from("a")]);
	t.is(heard, 1);
});

test("a socket that fails is closed, and its error told", (t) => {
	const { announced, say, closed } = socket();
	const errors: unknown[] = [];
	announced.subscribe({ error: (error) => errors.push(error) });
	const error = new Error("it broke");
	say().onError(error);
	t.deepEqual(errors, [error]);
	t.is(closed(), 1);
});

test("a socket that cannot be opened is an error", (t) => {
	const errors: unknown[] = [];
	const error = new Error("no netlink here");
	const announced = announcements(() => {
		throw error;
	});
	announced.subscribe({ error: (thrown) => errors.push(thrown) });
	t.deepEqual(errors, [error]);
});
