import test from "ava";
import { bytesSession } from "../../support/programs/bytes-session.js";
import { runWithOwnMounts, SESSION_TIMEOUT_MILLISECONDS } from "../../support/running/network-namespace.js";

test("a running agent matches, inserts, runs commands and is asked byte by byte, and its log is text", async (t) => {
	t.timeout(SESSION_TIMEOUT_MILLISECONDS);
	const { status, stdout, stderr } = await runWithOwnMounts(bytesSession);
	t.is(status, 0, stderr);
	const session = JSON.parse(stdout);
	t.deepEqual(session.load, { status: 0, stderr: "" });
	t.deepEqual(session.end, { status: 0, signal: null, stderr: "" });
	t.deepEqual(session.parameters, ["id=caf\xe9 la=l\xc3\xa0", ""]);
	t.is(session.ran, "<caf\xe9><l\xc3\xa0><own>");
	t.is(session.commanded, "<\xc3\xa9t\xe9\xa0></devices/hid\xe9><l\xc3\xa0>");
	t.deepEqual(
		session.log
			.filter(([, alias]: string[]) => typeof alias === "string")
			.sort(([a]: string[], [b]: string[]) => (a! < b! ? -1 : 1)),
		[
			["/devices/l\u00e0", "y:l\u00e0"],
			["/devices/plat\udce9", "x:\udce9"],
		],
	);
});
