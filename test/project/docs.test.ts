// README.md, CONTRIBUTING.md and docs/: their commands run, their links have targets, and the README leads to all pages.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import test from "ava";
import { blocksOf, commandsOf, explainBroken, linksOf, pages, readPage } from "../support/project/pages.js";

const scripts: Readonly<Record<string, string>> = JSON.parse(readFileSync("package.json", "utf8")).scripts;

/** Commands that other tests or scripts run: the file that runs each, and words of that file (of a test, its title). */
const elsewhere: Readonly<Record<string, readonly [file: string, words: string]>> = {
	// Steps that precede this test, or that it is a part of.
	"npm ci": [".ci/run", "npm ci && npm test"],
	"npm test": [".ci/run", "npm ci && npm test"],
	"npm run build": ["package.json", '"prepare": "node scripts/build.mjs"'],
	"npm run format": ["scripts/test.mjs", '"lint"'],
	"npx tsc --noEmit -p .": ["scripts/build.mjs", "node_modules/typescript/bin/tsc"],
	"sh systemd/install.sh": ["test/vm/service.test.ts", "as udev's helper the agent loads what udev loads"],
	"sh systemd/install.sh --root DIR": ["test/install.test.ts", "links in the root lead where they lead within it"],
	"sh systemd/uninstall.sh": ["test/install.test.ts", "links in the root lead where they lead within it"],
	"hotplugd status": ["test/tools/agent/agent-tools.test.ts", "status is for people"],
	"hotplugd settle --timeout 30": ["test/tools/agent/agent-tools.test.ts", "settle waits as long as it is told"],
	"hotplugd reload": ["test/tools/agent/agent-tools.test.ts", "reload and stop say nothing where all is well"],
	"hotplugd load pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00": [
		"test/tools/agent/agent-tools.test.ts",
		"load waits unless told not to",
	],
	"hotplugd timeline boot.svg": [
		"test/tools/agent/timeline.test.ts",
		"a timeline is written in the format of its name",
	],
	"hotplugd blame": ["test/tools/agent/timeline-lists.test.ts", "blame lists modules by the time of their init"],
	"hotplugd critical-chain": ["test/tools/agent/timeline-lists.test.ts", "critical-chain shows what was waited for"],
	"hotplugd metrics": ["test/tools/agent/agent-tools.test.ts", "metrics are printed as they are"],
	"hotplugd stop": ["test/tools/agent/agent-tools.test.ts", "reload and stop say nothing where all is well"],
	"hotplugd explain i6300esb": ["test/tools/explain/explain.test.ts", "a blacklist is named by file and line"],
	"hotplugd compare --initramfs /boot/initrd.img-6.1.0-56-amd64": [
		"test/tools/compare/initramfs-form.test.ts",
		"this machine is captured in memory where none is named",
	],
	"hotplugd compare --fleet fleet.ndjson --kernel /srv/kernels/6.1 --kernel /srv/kernels/6.12": [
		"test/tools/compare/fleet.test.ts",
		"without --json the first line says how many machines lose a driver",
	],
	"hotplugd compare --fleet - --kernel /srv/kernels/6.12 -d /srv/kernels/6.1 --json": [
		"test/tools/compare/fleet.test.ts",
		"with one kernel each machine's own is the other",
	],
	"node enqueue.mjs /run/redis/redis.sock fleet.ndjson": [
		"test/tools/compare/engines.test.ts",
		"BullMQ delivers the job of a killed worker to another",
	],
	"node worker.mjs /run/redis/redis.sock hotplugd compare --fleet - --json --kernel /srv/kernels/6.1 --kernel /srv/kernels/6.12":
		["test/tools/compare/engines.test.ts", "BullMQ delivers the job of a killed worker to another"],
	"node collect.mjs /run/redis/redis.sock": [
		"test/tools/compare/engines.test.ts",
		"BullMQ delivers the job of a killed worker to another",
	],
	"parallel hotplugd compare --fleet {} --json --kernel /srv/kernels/6.1 --kernel /srv/kernels/6.12 ::: captures/*.ndjson":
		["test/tools/compare/engines.test.ts", "GNU parallel compares the captures of many files"],
	"parallel --pipe -N 1000 hotplugd compare --fleet - --json --kernel /srv/kernels/6.1 --kernel /srv/kernels/6.12 < fleet.ndjson":
		["test/tools/compare/engines.test.ts", "GNU parallel compares the parts of one file"],
	"parallel ssh {} hotplugd capture --without-indexes ::: alpha beta > fleet.ndjson": [
		"test/tools/compare/engines.test.ts",
		"GNU parallel has each host capture itself",
	],
	"hotplugd check": ["test/tools/agent/check.test.ts", "where nothing is wrong it says so and exits with 0"],
	"install -D -m 755 systemd/alone/hotplugd-or-modprobe /usr/local/lib/hotplugd/hotplugd-or-modprobe": [
		"test/support/vm/images/placed-package.ts",
		"/opt/hotplugd/systemd/alone/hotplugd-or-modprobe /usr/local/lib/hotplugd/",
	],
	"dist/hotplugd-load --check": ["test/install.test.ts", "the package has no thin helper"],
	"npm run soak": ["test/vm/soak.test.ts", "plugs and unplugs over"],
	"npm run fuzz -- --inputs 10000000": ["test/fuzz.test.ts", "a reader that is right is not found"],
	'npm run fuzz -- --seed 20260101 --only "uevents of the kernel"': [
		"test/fuzz.test.ts",
		"an input is the same again by its seed and number",
	],
	"npm run fuzz -- --tests 10": ["scripts/fuzz.mjs", 'first === "--tests"'],
	"HOTPLUGD_SWEEP=all npx ava test/linux/failing-calls.test.ts": [
		"test/support/sweep/sweep-session.ts",
		'process.env.HOTPLUGD_SWEEP === "all"',
	],
	// Benchmarks are run by hand, on an idle machine.
	"npm run bench": ["scripts/bench.mjs", "process.argv.slice(2)"],
	"npm run bench startup": ["scripts/bench.mjs", "startup: benchStartup"],
};

const found = pages.flatMap((page) => commandsOf(page).map((command) => ({ page, command })));

/**
 * Why a command that runs a test file cannot run: there is no such file, or no test of the chosen title. Undefined when it can.
 */
function explainUnrunnable(command: string): string | undefined {
	const [, file = "", , title = ""] = /^npx ava (\S+)( --match="([^"*]*)")?$/.exec(command) ?? [];
	if (!existsSync(file)) return `${command}: there is no ${file}`;
	return readFileSync(file, "utf8").includes(title) ? undefined : `${command}: ${file} has no test of that title`;
}

test("every command of a page runs here, or is in the table of those that run elsewhere", (t) => {
	t.true(found.length > 20);
	for (const { page, command } of found) {
		if (command.startsWith("npx ava ")) t.is(explainUnrunnable(command), undefined);
		else if (command.startsWith("node dist/main.js ")) t.not(run(command), "", command);
		else t.true(command in elsewhere, `${page}: ${command} is run by no test`);
	}
});

/** The output of the command. @throws Error when it fails */
const run = (command: string): string =>
	execFileSync("sh", ["-c", command.replace(/^node/, `'${process.execPath}'`)], { encoding: "utf8" });

test("every command of that table is in a page, and runs where it is said to", (t) => {
	for (const [command, [file, words]] of Object.entries(elsewhere)) {
		t.true(
			found.some((one) => one.command === command),
			command,
		);
		t.true(readFileSync(file, "utf8").includes(words), `${command}: ${file} has no ${words}`);
	}
});

test("every npm script is named in CONTRIBUTING.md, and every one that a page names is there", (t) => {
	t.true(Object.keys(scripts).length > 10);
	const contributing = readPage("CONTRIBUTING.md");
	for (const name of Object.keys(scripts).filter((one) => one !== "prepare" && one !== "test"))
		t.regex(contributing, new RegExp(`\\bnpm run ${name}(?![\\w:])`), name);
	for (const page of pages)
		for (const [, name = ""] of readPage(page).matchAll(/\bnpm run ([\w:]+)/g))
			t.true(name in scripts, `${page}: ${name}`);
});

test("every link of a page leads to a file that is there, and to a heading that it has", (t) => {
	const links = pages.flatMap(linksOf);
	t.true(links.length > 50);
	t.true(links.filter(({ anchor }) => anchor !== undefined).length > 5);
	t.deepEqual(
		links.map(explainBroken).filter((problem) => problem !== undefined),
		[],
	);
});

test("a link that is broken would be noticed", (t) => {
	const link = { page: "README.md", path: "docs/design.md", anchor: undefined };
	t.is(explainBroken(link), undefined);
	t.is(explainBroken({ ...link, anchor: "what-it-does-not-do" }), undefined);
	t.regex(explainBroken({ ...link, path: "docs/none.md" }) ?? "", /there is no/);
	t.regex(explainBroken({ ...link, anchor: "none" }) ?? "", /no heading/);
});

test("the README leads to every page", (t) => {
	const reached = new Set(["README.md"]);
	for (const page of reached)
		for (const { path } of pages.includes(page) ? linksOf(page) : []) if (pages.includes(path)) reached.add(path);
	t.deepEqual([...reached].sort(), [...pages].sort());
});

test("the README is a front page: it fits on three screens, and tables of details are elsewhere", (t) => {
	t.true(readPage("README.md").split("\n").length < 120);
});

test("what a page repeats is the same there", (t) => {
	t.deepEqual(blocksOf("docs/library.md", "js"), blocksOf("README.md", "js"));
	t.is(blocksOf("README.md", "js").length, 1);
});
