import test from "ava";
import { formatLoadLine, type LoadRequest } from "../../../src/agent/control/protocol.js";
import { makeRequestSpool } from "../../../src/tools/agent/request-spool.js";

const asked = (alias: string): LoadRequest => ({ command: "load", alias, for: "user", wait: true });
const lineOf = (request: LoadRequest): Uint8Array => formatLoadLine(request).subarray(0, -1);

type Given = { readonly lines?: readonly Uint8Array[]; readonly refusal?: Error };

function setUp({ lines = [], refusal }: Given = {}) {
	const put: string[] = [];
	const logged: string[] = [];
	const log = (_: object, message: string) => void logged.push(message);
	const spool = makeRequestSpool({
		ports: {
			async putSpooled(directory: string, line: Uint8Array) {
				if (refusal) throw refusal;
				put.push(`${directory} ${Buffer.from(line).toString("latin1")}`);
			},
			async takeSpooled() {
				if (refusal) throw refusal;
				return lines;
			},
		} as never,
		settings: { run_directory: "/run/hotplugd" } as never,
		journal: { info: log, error: log } as never,
	});
	return { spool, put, logged };
}

test("a request that is left is written beside the run directory, as a line without its end", async (t) => {
	const { spool, put, logged } = setUp();
	spool.leave(asked("x:a"));
	await spool.ended();
	t.deepEqual(put, [`/run/hotplugd.spool ${Buffer.from(lineOf(asked("x:a"))).toString("latin1")}`]);
	t.deepEqual(logged, [
		"left the request for x:a in /run/hotplugd.spool for the next agent: its modules had not begun",
	]);
});

test("one that cannot be written is told of, and holds up nothing", async (t) => {
	const { spool, logged } = setUp({ refusal: new Error("ENOSPC") });
	spool.leave(asked("x:a"));
	await t.notThrowsAsync(spool.ended());
	t.deepEqual(logged, [
		"could not leave the request for x:a in /run/hotplugd.spool, so its modules are not loaded: ENOSPC",
	]);
});

test("what is taken is loaded without a wait, in order, and lines that are no request are passed over", async (t) => {
	const { spool, put } = setUp({ lines: [lineOf(asked("x:a")), Buffer.from("\0\0"), lineOf(asked("x:b"))] });
	const loaded: LoadRequest[] = [];
	await spool.take({
		async load(request) {
			loaded.push(request);
			return { result: "taken", explanation: "" };
		},
	});
	t.deepEqual(
		loaded.map(({ alias, wait }) => [alias, wait]),
		[
			["x:a", false],
			["x:b", false],
		],
	);
	t.deepEqual(put, []);
});

test("what the agent refuses, since it stops, goes back", async (t) => {
	const { spool, put } = setUp({ lines: [lineOf(asked("x:a")), lineOf(asked("x:b"))] });
	await spool.take({
		load: async ({ alias }) => ({ result: alias === "x:a" ? "refused" : "taken", explanation: "" }),
	});
	await spool.ended();
	t.is(put.length, 1);
	t.true(put[0]!.includes("x:a"));
});

test("a spool that cannot be read is told of, and nothing else happens", async (t) => {
	const { spool, logged } = setUp({ refusal: new Error("EACCES") });
	await t.notThrowsAsync(spool.take({ load: () => t.fail() as never }));
	t.deepEqual(logged, ["could not read /run/hotplugd.spool: EACCES"]);
});
