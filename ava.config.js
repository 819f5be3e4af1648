// The test runner's configuration. Where `npm test` asks for it, what each test took is recorded for its report.
import { relative } from "node:path";
import { makeTestFolder } from "./scripts/ava-worker/test-folder.mjs";

/** Of every test that has passed or failed. */
async function recordTests({ events }) {
	// Asked for at once, before the run begins: what came before is not told.
	const spans = import("./dist/test/support/project/spans.js");
	for await (const { type, testFile, title, duration } of events)
		if (type === "test-passed" || type === "test-failed")
			(await spans).recordSpan("test", `${relative(process.cwd(), testFile)}: ${title}`, duration / 1000);
}

const observed = { nonSemVerExperiments: { observeRunsFromConfig: true }, observeRun: recordTests };

/** What the tests have in their environment beside what is there. */
const environmentVariables = {};

// Who names a place for temporary directories gets it: a run within a run has that of the outer one.
const folder = process.env.TMPDIR ? undefined : makeTestFolder();
if (folder !== undefined) environmentVariables.TMPDIR = folder;

// Each node that starts reads these certificates, for longer than the rest of its start takes: npm alone is to have them.
const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
if (certificates !== undefined) {
	delete process.env.NODE_EXTRA_CA_CERTS;
	environmentVariables.HOTPLUGD_TEST_CERTIFICATES = certificates;
}

/**
 * Those that take longest, in the order in which they begin: what begins last should not be what ends last. Emulated machines and
 * those of User-mode Linux by turns, since two of a kind run at once.
 */
const longest = [
	...["service-premise", "coldplug", "service-kept-out", "service-fallback", "faults", "modprobe", "rivals", "soak"],
	...[
		"explain",
		"hung",
		"compression",
		"alone-examples",
		"service",
		"late",
		"alone",
		"alone-supervisors",
		"service-baseline",
		"captures",
	],
	...["service-killed", "initramfs", "hotplug", "service-commands", "configuration", "clock", "tools"],
].map((name) => `test/vm/${name}.test.ts`);
longest.push(
	...["linux/failing-calls", "tools/agent/run", "project/package", "tools/coldplug/coldplug-unread"].map(
		(name) => `test/${name}.test.ts`,
	),
);

function placeOf(file) {
	const place = longest.indexOf(relative(import.meta.dirname, file));
	return place === -1 ? longest.length : place;
}

export default {
	files: ["test/**/*.test.ts"],
	typescript: { rewritePaths: { "src/": "dist/src/", "test/": "dist/test/" }, compile: false },
	nodeArguments: ["--require=./scripts/ava-worker/preload.cjs"],
	environmentVariables,
	sortTestFiles: (one, other) => placeOf(one) - placeOf(other) || one.localeCompare(other),
	timeout: "60s",
	...(process.env.HOTPLUGD_TIMES === undefined ? {} : observed),
};
