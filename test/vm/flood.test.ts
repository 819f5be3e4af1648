// Floods of 200,000 uevents on the host itself. The test is in this folder because nothing else runs beside the tests of virtual
// machines.
import test, { type ExecutionContext } from "ava";
import { type Flooded, floodSession } from "../support/programs/flood-session.js";
import { runInRootNamespaceWithOwnMounts, runWithOwnMounts } from "../support/running/network-namespace.js";

const isRoot = process.getuid?.() === 0;
const run = isRoot ? runInRootNamespaceWithOwnMounts : runWithOwnMounts;

async function flood(t: ExecutionContext, name: string): Promise<Flooded> {
	t.timeout(120_000);
	const { status, signal, stdout, stderr } = await run(floodSession, name);
	if (status !== 0) throw new Error(`ended with ${status ?? signal}: ${stderr}`);
	const flooded: Flooded = JSON.parse(stdout);
	const { written, handled, drops, looks, microseconds, memory, delay } = flooded;
	const [before, peak, after] = [memory.before, memory.peak, memory.after].map(Math.round);
	t.log(
		`written ${written}/s, handled ${handled}/s (${microseconds} us of processor each); ${drops} lost, ${looks} looks`,
	);
	t.log(
		`resident ${before} MiB before, ${peak} at most, ${after} after; event loop: p99 ${delay.p99.toFixed(1)} ms late`,
	);
	t.is(flooded.missing, 0, "an alias was lost");
	t.is(flooded.twice, 0);
	t.true(memory.after < memory.before + 20, JSON.stringify(memory));
	t.deepEqual(flooded.ended, { status: 0, signal: null, stderr: "" });
	return flooded;
}

test.serial("200,000 uevents lose no alias, and leave no memory behind", async (t) => {
	const { drops } = await flood(t, "common");
	// The receive buffer of root holds all of the events.
	if (isRoot) t.is(drops, 0);
});

test.serial("nor do they with a receive buffer for a few of them", async (t) => {
	const { drops, looks } = await flood(t, "tooMuch");
	t.true(drops > 1000, `${drops}`);
	t.true(looks > 1);
});

test.serial(
	"200,000 devices that want sixteen modules that hang hold up nothing else, and take no memory",
	async (t) => {
		const { hung } = await flood(t, "hung");
		t.is(hung, 16);
	},
);

// Only root may trigger uevents of the machine's own devices.
if (isRoot)
	test.serial("200,000 uevents of this machine's own devices, changes and additions, hide no alias", async (t) => {
		const { drops } = await flood(t, "realDevices");
		t.is(drops, 0);
	});
