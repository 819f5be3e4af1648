// A column is a millisecond. Of the socket: l it listens, D a message is dropped, R a message is refused, T a message is
// truncated, # the socket fails, another letter is a drain with the sequence numbers of `says`. A ? checks whether any message
// was lost.
import test, { type ExecutionContext } from "ava";
import { defer, type Observable, tap } from "rxjs";
import { TestScheduler } from "rxjs/testing";
import type { Announcement } from "../../../src/agent/devices/devices.js";
import { parseUevent } from "../../../src/agent/devices/uevent.js";
import type { PipelineEvent } from "../../../src/agent/pipeline/events.js";
import { hear } from "../../../src/agent/pipeline/hear.js";

const PAUSE_MILLISECONDS = 3;

type Story = {
	readonly sockets: readonly string[];
	readonly checks?: string;
	readonly says?: Readonly<Record<string, readonly number[]>>;
	readonly inOrder?: boolean;
	/** L listening, D deaf, R refused, ! lost, m missed, c chatter, a letter a drain. */
	readonly told: readonly string[];
};

const marks: Readonly<Record<string, string>> = {
	listening: "L",
	deaf: "D",
	refused: "R",
	lost: "!",
	missed: "m",
	chatter: "c",
};

function tell(t: ExecutionContext, { sockets, checks = "", says = {}, inOrder = true, told }: Story): void {
	const columns: string[] = [];
	const scheduler = new TestScheduler(t.deepEqual);
	scheduler.run(({ cold }) => {
		let next = 0;
		let drops = 0;
		const announcement = (letter: string): Announcement => {
			if (letter === "l") return { kind: "listening", receiveBuffer: 1, drops: () => drops, waiting: () => 0 };
			if (letter === "R") return { kind: "refused", count: 1 };
			if (letter === "T") return { kind: "truncated", count: 1 };
			const datagrams = (says[letter] ?? []).map((number) => Buffer.from(`add@/devices/${letter}\0SEQNUM=${number}\0`));
			return { kind: "drain", datagrams };
		};
		const values = Object.fromEntries([..."lRTabcdefg"].map((letter) => [letter, announcement(letter)]));
		const announced = (): Observable<Announcement> => {
			drops = 0;
			const dropping = { ...values, D: announcement("g") };
			return cold(sockets[next++] ?? "#", dropping, new Error("no")).pipe(
				tap((one) => {
					if (one === dropping.D) drops++;
				}),
			);
		};
		const heard = hear({
			announced: defer(announced),
			parse: parseUevent,
			inOrder,
			checks: cold(checks.replaceAll(" ", "-")),
			pauseMilliseconds: PAUSE_MILLISECONDS,
			scheduler,
			onSkipped: () => undefined,
		});
		heard.subscribe((event) => {
			const mark = markOf(event);
			if (mark !== undefined) columns[scheduler.now()] = (columns[scheduler.now()] ?? "") + mark;
		});
	});
	t.deepEqual(
		Object.entries(columns).map(([column, signs]) => `${column} ${signs}`),
		told,
	);
}

function markOf(event: PipelineEvent): string | undefined {
	if (event.kind === "opened") return undefined;
	if (event.kind !== "heard") return marks[event.kind] ?? "?";
	return event.uevents.length === 0 ? undefined : event.uevents[0]!.devpath.at(-1);
}

const story = test.macro((t, all: Story) => tell(t, all));

test("what was dropped is told when it is asked for, and once", story, {
	sockets: ["l-D----"],
	checks: "-  ?? ",
	told: ["0 L", "3 m!"],
});

test("a gap in the numbers is the hint to ask for it", story, {
	sockets: ["la-Db-c"],
	says: { a: [1], b: [3], c: [9] },
	told: ["0 L", "1 a", "4 m!b", "6 c"],
});

test("where uevents come in any order, a gap is no hint", story, {
	sockets: ["la-Db"],
	says: { a: [1], b: [3] },
	inOrder: false,
	told: ["0 L", "1 a", "4 b"],
});

test("a message cut short is a lost one at once", story, { sockets: ["lT"], told: ["0 L", "1 m!"] });

test("refused messages are chatter each, and are told once a pause", story, {
	sockets: ["lRRRRRRR"],
	told: ["0 L", "1 cR", "2 c", "3 c", "4 cR", "5 c", "6 c", "7 cR"],
});

test("a socket that fails is opened again after a pause, and devices may have been missed meanwhile", story, {
	sockets: ["la#", "#", "lb"],
	says: { a: [1], b: [2] },
	told: ["0 L", "1 a", "2 D", "5 D", "8 mL", "9 b"],
});

test("a new socket begins with new counts", story, {
	sockets: ["la-D#", "lb-D-"],
	checks: "   ?    ?  ?",
	says: { a: [1], b: [100] },
	told: ["0 L", "1 a", "3 m!", "4 D", "7 mL", "8 b", "11 m!"],
});
