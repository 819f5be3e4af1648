// A column is a millisecond. Rows and letters: test/support/fakes/story.ts. Things count as settled after 5 milliseconds of
// quiet. The pause between two walks or two sockets is 5 milliseconds, too.
import test from "ava";
import { lastValueFrom, NEVER, Observable, throwError, timer, toArray } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import type { Announcement } from "../../../src/agent/devices/devices.js";
import { type HotplugOptions, hotplug } from "../../../src/agent/pipeline/hotplug.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { type Circumstances, tell } from "../../support/fakes/story.js";
import { makeWorld } from "../../support/worlds/world.js";

/** Defines a test that plays a story. */
function story(title: string, script: string, circumstances: Circumstances = {}): void {
	test(title, (t) => void tell(t, script, circumstances));
}

const coldplug = true;

test("coldplug listens before it looks, and ends when nothing has come for the quiet time", (t) => {
	const order = tell(
		t,
		`
		socket    l
		walk      -a|
		batches    1
		begun      a
		ended      a
		told      L W    S
		                 |
		`,
		{ coldplug },
	);
	t.deepEqual(order.slice(0, 3), ["socket", "listening", "walk"]);
});

story(
	"a device that is announced while the walk goes on is not missed, and its module is begun once",
	`
	socket    l--b
	walk      -a---b-|
	insert b     -----i
	batches    1 2 3
	begun      a b
	ended      a      b
	told      L      W     S
	                       |
	`,
	{ coldplug },
);

story(
	"a machine without devices is settled after the quiet time",
	`
	socket    l
	walk      |
	told      L    S
	          W    |
	`,
	{ coldplug },
);

story(
	"an insertion that ends late keeps coldplug waiting, and the device that it brings is handled",
	`
	socket    l----------------b
	walk      a|
	insert a  ---------------i
	batches   1                2
	begun     a                b
	ended                    a b
	told      LW                    S
	                                |
	`,
	{ coldplug },
);

story(
	"devices that come up one after the other keep coldplug waiting",
	`
	socket    l---b---c---d
	walk      |
	batches       1   2   3
	begun         b   c   d
	ended         b   c   d
	told      L                S
	          W                |
	`,
	{ coldplug },
);

story(
	"events that load nothing do not keep coldplug waiting",
	`
	socket    l--x--x--x--x
	walk      |
	told      L    S
	          W    |
	`,
	{ coldplug, says: { x: ["change a", "bind a"] } },
);

story(
	"change, bind, unbind, move, online, offline and remove load nothing",
	`
	socket    l-x---a
	walk      |
	batches         1
	begun           a
	ended           a
	told      L    S
	          W
	`,
	{ says: { x: ["change a", "bind b", "unbind c", "move d", "online e", "offline f", "remove a"] } },
);

story(
	"all that one drain brings is one batch, and each module is begun once for all its devices",
	`
	socket    l--m
	walk      |
	batches      1
	begun        a
	             b
	             c
	ended        a
	             b
	             c
	told      L       S
	          W       |
	`,
	{ coldplug, says: { m: Array.from({ length: 50 }, (_, n) => `add ${"abc"[n % 3]}${n}`) } },
);

story(
	"a slow module holds up nothing unrelated in the next batch",
	`
	socket    l-a-b
	walk      |
	insert a    ---------i
	batches     1 2
	begun       a b
	ended         b      a
	told      L               S
	          W               |
	`,
	{ coldplug, says: { a: ["add a", "add a1"] } },
);

story(
	"a module that fails, or finds no hardware, ends nothing",
	`
	socket    l-a-b-c
	walk      |
	insert a    -f
	insert b      -n
	batches     1 2 3
	begun       a b c
	ended        A Bc
	told      L          S
	          W          |
	`,
	{ coldplug },
);

story(
	"a driver that found no hardware is not tried again for the same device, but for another one",
	`
	socket    l--x--x--y
	walk      |
	insert b     n
	                   i
	batches      1  2  3
	begun        b     b
	ended        B     b
	told      L             S
	          W             |
	`,
	{ coldplug, says: { x: ["add b1"], y: ["add b2"] } },
);

story(
	"a driver that found no hardware is tried again once the device was removed",
	`
	socket    l--x-r-x
	walk      |
	insert b     n
	                 i
	batches      1   2
	begun        b   b
	ended        B   b
	told      L           S
	          W           |
	`,
	{ coldplug, says: { x: ["add b1"], r: ["remove b1"] } },
);

story(
	"a driver whose device left while it looked for it is tried again when the device comes back",
	`
	socket    l--x-r----x
	walk      |
	insert b     ----n
	                    i
	batches      1      2
	begun        b      b
	ended            B  b
	told      L              S
	          W              |
	`,
	{ coldplug, says: { x: ["add b1"], r: ["remove b1"] } },
);

story(
	"a driver that failed is tried once more for a device that came up after it had begun",
	`
	socket    l--x-y
	walk      |
	insert b     ----n
	                 ---i
	batches      1 2 3
	begun        b   b
	ended            B  b
	told      L              S
	          W              |
	`,
	{ coldplug, says: { x: ["add b1"], y: ["add b2"] } },
);

story(
	"devices that came up after a driver had begun share one more try, and those that left have none",
	`
	socket    l--x-yzw-v
	walk      |
	insert b     -------n
	                    --n
	batches      1 234  5
	begun        b      b
	ended               B B
	told      L                S
	          W                |
	`,
	{ coldplug, says: { x: ["add b1"], y: ["add b2"], z: ["add b3"], w: ["add b4"], v: ["remove b4"] } },
);

story(
	"a module that somebody removed is loaded again when its device is plugged in again",
	`
	socket    l--a----r--a
	walk      |
	rmmod           a
	batches      1       2
	begun        a       a
	ended        a       a
	told      L       S
	          W
	`,
	{ says: { r: ["remove a"] } },
);

story(
	"what is live is the kernel's to say",
	`
	socket    l--m
	walk      |
	batches      1
	begun        b
	ended        b
	told      L       S
	          W       |
	`,
	{ coldplug, listLive: () => new Set(["a", "c"]), says: { m: ["add a", "add b", "add c"] } },
);

story(
	"where the kernel does not say what is live, modules are begun all the same",
	`
	socket    l--a
	walk      |
	batches      1
	begun        a
	ended        a
	told      L       S
	          W       |
	`,
	{
		coldplug,
		listLive() {
			throw new Refusal({ operation: "read", subject: "/proc/modules", code: "EMFILE", errno: 24 });
		},
	},
);

story(
	"lost events make it look again",
	`
	socket    l-a-Db
	walk      |
	               c|
	batches     1  2
	               3
	begun       a  b
	               c
	ended       a  b
	               c
	told      L    !W    S
	          W          |
	`,
	{ coldplug },
);

story(
	"numbers that other network namespaces took do not make it look again",
	`
	socket    l----NNNb
	walk      |
	batches           1
	begun             b
	ended             b
	told      L    S
	          W
	`,
);

story(
	"a loss is noticed in the quiet behind the last event too",
	`
	socket    l-aD
	walk      |
	                 b|
	batches     1    2
	begun       a    b
	ended       a    b
	told      L      !W    S
	          W            |
	`,
	{ coldplug },
);

story(
	"a loss is noticed even where nothing was heard but what loads nothing",
	`
	socket    l---------xD
	walk      |
	                         b|
	batches                  1
	begun                    b
	ended                    b
	told      L    S         !W
	          W
	`,
	{ says: { x: ["change a"] } },
);

story(
	"losses during a walk make one more look, however many there are",
	`
	socket    lDaDbDcDd
	walk      ------------|
	                           |
	batches     1 2 3 4
	begun       a b c d
	ended       a b c d
	told      L   ! ! !   W    W    S
	                                |
	`,
	{ coldplug },
);

story(
	"a message cut short is a lost one",
	`
	socket    l-aT
	walk      |
	               b|
	batches     1  2
	begun       a  b
	ended       a  b
	told      L  !  W    S
	          W          |
	`,
	{ coldplug },
);

story(
	"a device that may have been replaced unheard is tried again",
	`
	socket    l-x--T
	walk      |
	               x|
	insert b    n
	               i
	batches     1  2
	begun       b  b
	ended       B  b
	told      L    !W    S
	          W          |
	`,
	{ coldplug, says: { x: ["add b1"] }, finds: { x: ["b1"] } },
);

story(
	"refused messages are told and change nothing",
	`
	socket    l-R
	walk      |
	told      L R  S
	          W    |
	`,
	{ coldplug },
);

story(
	"many refused messages are told once a pause",
	`
	socket    l-RRRRRRRRRRR
	walk      |
	told      L R  S R    R
	          W
	`,
);

story(
	"a loss is noticed even where nothing was heard but what was refused",
	`
	socket    l---------RD
	walk      |
	                         b|
	batches                  1
	begun                    b
	ended                    b
	told      L    S    R    !W
	          W
	`,
);

story(
	"a loss is noticed even while refused messages never cease",
	`
	socket    l------RDRRRRRRRRRRRRRRRRRR
	walk      |
	                      b|
	batches               1
	begun                 b
	ended                 b
	told      L    S R    !W   R    R    R
	          W           R
	`,
);

story(
	"told to stop, it listens no more and awaits what it has begun",
	`
	socket    l-a---b
	walk      |
	insert a    -------i
	stop          s
	batches     1
	begun       a
	ended              a
	told      L        |
	          W
	`,
	{ coldplug },
);

story(
	"told to stop while it walks, it walks no further",
	`
	socket    l
	walk      a---b---c|
	stop           s
	batches   1   2
	begun     a   b
	ended     a   b
	told      L    |
	`,
);

story(
	"told to stop with nothing begun, it ends at once",
	`
	socket    l
	walk      |
	stop                s
	told      L    S    |
	          W
	`,
);

story(
	"told to stop while it waits to look again, it ends at once",
	`
	socket    l-T
	walk      |
	stop         s
	told      L !|
	          W
	`,
);

story(
	"told to stop while a module that failed is left alone, it ends at once",
	`
	socket    l-x-y
	walk      |
	insert b    f
	stop             s
	batches     1 2
	begun       b
	ended       B
	told      L      |
	          W
	`,
	{ says: { x: ["add b1"], y: ["add b2"] } },
);

story(
	"a socket that fails is opened again, and what it missed is looked after",
	`
	socket    l--#
	                  l--b
	walk      |
	                  c|
	batches           1  2
	begun             c  b
	ended             c  b
	told      L  D    LW      S
	          W               |
	`,
	{ coldplug },
);

story(
	"a socket that cannot be opened is tried again while the devices present are handled",
	`
	socket    #
	               l
	walk      a-|
	                 b|
	batches   1      2
	begun     a      b
	ended     a      b
	told      D W  L  W    S
	                       |
	`,
	{ coldplug },
);

story(
	"coldplug does not wait for ever for a socket that cannot be opened",
	`
	socket    #
	               #
	                    #
	                         #
	                              #
	walk      a|
	batches   1
	begun     a
	ended     a
	told      DW   D    D    D    D
	                              S
	                              |
	`,
	{ coldplug },
);

story(
	"a first look that fails ends it, for without devices there is nothing to do",
	`
	socket    l
	walk      a--#
	batches   1
	begun     a
	ended     a
	told      L  #
	`,
);

story(
	"a later look that fails is taken again",
	`
	socket    l---T
	walk      |
	               --#
	                      b|
	batches               1
	begun                 b
	ended                 b
	told      L   !  B     W    S
	          W                 |
	`,
	{ coldplug },
);

story(
	"where devices may have been missed it looks at all of them again, once though it is told twice",
	`
	socket    l
	walk      a|
	                ab|
	missed     mm
	batches   1     23
	begun     a      b
	ended     a      b
	told      LW      W    S
	`,
);

const inserter: HotplugOptions["inserter"] = { carryOut: () => [], busy: () => 0 };

test("a socket that fails ten thousand times costs no more than one that fails once", (t) => {
	let failures = 0;
	new TestScheduler(t.deepEqual).run(() => {
		hotplug({
			devices: { announced: throwError(() => new Error("no")), present: () => [] },
			knowledge: () => makeWorld({ modules: {} }),
			inserter,
			listLive: () => new Set(),
			quietMilliseconds: 1,
			pauseMilliseconds: 1,
			stop: timer(10_000),
			endWhenSettled: false,
		}).subscribe((report) => {
			if (report.kind === "deaf") failures++;
		});
	});
	t.is(failures, 10_000);
});

test("what waits in the socket while the event loop is busy is heard before things count as settled", async (t) => {
	const add = Buffer.from("add@/devices/b\0MODALIAS=x:b\0SEQNUM=1\0");
	const announced = new Observable<Announcement>((subscriber) => {
		subscriber.next({ kind: "listening", receiveBuffer: 4096, drops: () => 0, waiting: () => 0 });
		// The event loop runs the timers that became due in the meantime before it reads the socket.
		setTimeout(() => {
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
			setImmediate(() => subscriber.next({ kind: "drain", datagrams: [add] }));
		}, 1);
	});
	const reports = await lastValueFrom(
		hotplug({
			devices: { announced, present: () => [] },
			knowledge: () => makeWorld({ modules: { b: [] }, aliases: { "x:b": "b" } }),
			inserter,
			listLive: () => new Set(),
			quietMilliseconds: 20,
			stop: NEVER,
			endWhenSettled: true,
		}).pipe(toArray()),
	);
	t.deepEqual(
		reports.map(({ kind }) => kind),
		["listening", "walked", "heard", "batch", "settled"],
	);
});
