import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { check } from "../../../src/tools/agent/check.js";
import { readMachine } from "../../support/fakes/captured-machine.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { configFile, moduleDirectory, type World } from "../../support/worlds/world.js";

const world: World = { modules: { card: ["base"], base: [] }, aliases: { "x:card": "card" }, builtin: ["built"] };
const modules = { [`${moduleDirectory}/kernel/card.ko`]: "", [`${moduleDirectory}/kernel/base.ko`]: "" };

async function run(
	words: readonly string[],
	files: Readonly<Record<string, string>> = {},
	changed: Partial<World> = {},
) {
	const machine = makeFakeMachine({ world: { ...world, ...changed }, files: { ...modules, ...files } });
	const status = await check.start(words, machine);
	return { status, lines: machine.printed().split("\n").slice(0, -1), complained: machine.complained() };
}

const indexFiles = 5;

test("where nothing is wrong it says so and exits with 0", async (t) => {
	t.deepEqual(await run([]), {
		status: 0,
		lines: [`no problems in ${indexFiles + 1} files`],
		complained: "",
	});
});

test("settings, rules, configuration and indexes are checked, each problem with file and line", async (t) => {
	const { status, lines } = await run(
		[],
		{
			"/etc/hotplugd.toml": "parallel = 4\nparalel = 4",
			"/etc/hotplugd/rules.d/a.toml": '[[deny]]\n\nmodul = "x"',
			"/usr/share/hotplugd/rules/a.toml": "hidden",
			"/usr/share/hotplugd/rules/b.toml":
				'source = "udev"\n[[run]]\naction = "add"\ncommand = ["/no/program"]\n[[mask]]\n[[run]]\naction = "add"\ncommand = ["/x"]\nenvironment = ["NAME", "MODPROBE_OPTIONS"]',
			[`${moduleDirectory}/updates/new.ko`]: "",
		},
		{ config: "options card a=1\nrubbish\ninstall card do it\nsoftdep card pre: base\nsoftdep card pre: built" },
	);
	t.is(status, 1);
	t.deepEqual(lines, [
		`/etc/hotplugd.toml line 2: paralel is no setting; the keys are ${lines[0]?.split("the keys are ")[1]}`,
		"/etc/hotplugd/rules.d/a.toml line 3: modul is no key of such a rule; its keys are action, subsystem, devpath, property, alias, module",
		"/usr/share/hotplugd/rules/b.toml line 9: environment must not have MODPROBE_OPTIONS, which makes programs do something else",
		"/usr/share/hotplugd/rules/b.toml line 5: mask must say by module what is masked",
		"/usr/share/hotplugd/rules/b.toml line 2: there is no program /no/program",
		`${configFile} line 2: ignoring bad line starting with 'rubbish'`,
		`${configFile} line 3: this install command does not count, since card has softdeps; honour_every_line makes it count`,
		`${configFile} line 5: this softdep does not count, since card has one in ${configFile} line 4; honour_every_line makes it count`,
		`${moduleDirectory}/modules.dep.bin: it lacks modules whose files are there: new; run depmod`,
		`9 problems in ${indexFiles + 4} files`,
	]);
});

test("lines that the settings make count are no problem", async (t) => {
	const config = "install card do it\nsoftdep card pre: base";
	t.is((await run([], {}, { config })).status, 1);
	t.is((await run([], { "/etc/hotplugd.toml": "honour_every_line = true" }, { config })).status, 0);
});

test("indexes that are not there at all are a problem each", async (t) => {
	const { status, lines } = await run(["-S", "5.0.0"]);
	t.is(status, 1);
	t.is(
		lines.filter((line) => /^\/lib\/modules\/5\.0\.0\/modules\.\S+: there is no such file: run depmod$/.test(line))
			.length,
		4,
	);
});

test("with --json each line is a record", async (t) => {
	const { status, lines } = await run(["--json"], { "/etc/hotplugd.toml": "\nx = 1" });
	t.is(status, 1);
	const records = lines.map((line) => JSON.parse(line));
	t.deepEqual(records[0], { kind: "checked", file: "/etc/hotplugd.toml", as: "settings" });
	t.like(
		records.find(({ kind }) => kind === "problem"),
		{ file: "/etc/hotplugd.toml", line: 2 },
	);
	t.deepEqual(records.at(-1), { kind: "summary", checked: indexFiles + 2, problems: 1 });
	t.deepEqual(records.filter(({ kind, as }) => kind === "checked" && as === "index").length, indexFiles);
});

test("files that are named are checked alone, each as what it is", async (t) => {
	const files = {
		"/a/hotplugd.toml": "x = 1",
		"/a/mine.toml": "parallel = 0",
		"/a/rules.toml": "[[mask]]",
		"/a/x.conf": "\nrubbish",
		"/a/x.bin": "rubbish",
		"/a/x.txt": "",
	};
	const { status, lines } = await run(["--config", "/a/mine.toml", ...Object.keys(files), "/a/none.toml"], files);
	t.is(status, 1);
	t.deepEqual(
		lines.map((line) =>
			line
				.split(" ")
				.slice(0, line.includes(" line ") ? 4 : 2)
				.join(" "),
		),
		[
			"/a/hotplugd.toml line 1: x",
			"/a/mine.toml line 1: parallel",
			"/a/rules.toml line 1: mask",
			"/a/x.conf line 2: ignoring",
			"/a/x.bin: is",
			"/a/x.txt: is",
			"/a/none.toml: there",
			"7 problems",
		],
	);
	t.deepEqual((await run(["/a/x.conf"], { "/a/x.conf": "blacklist a" })).lines, ["no problems in 1 file"]);
});

test("settings that are named and not there are a problem, those of /etc are not", async (t) => {
	const { status, lines } = await run(["--config", "/none.toml"]);
	t.is(status, 1);
	t.is(lines[0], "/none.toml: there is no such file");
});

test("rules are taken from elsewhere where that is asked for", async (t) => {
	const files = { "/etc/hotplugd/rules.d/a.toml": "rubbish", "/r/a.toml": "[[mask]]", "/s/b.toml": "[[deny]]" };
	const { lines } = await run(["--policy", "/r", "--policy", "/s"], files);
	t.deepEqual(
		lines.slice(0, 2).map((line) => line.split(":")[0]),
		["/r/a.toml line 1", "/s/b.toml line 1"],
	);
	t.is(lines.length, 3);
});

test("the executable checks the shipped rules and the captured machine", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "check-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const settings = join(folder, "settings.toml");
	writeFileSync(settings, "parallel = 1\n");
	const words = [
		"check",
		"--json",
		"-d",
		readMachine(),
		"-S",
		"6.1.0-56-amd64",
		"-C",
		`${readMachine()}/etc/modprobe.d`,
		"--policy",
		"rules",
	];
	const { status, stdout, stderr } = spawnSync("dist/main.js", [...words, "--config", settings], { encoding: "utf8" });
	t.is(stderr, "");
	const records = stdout
		.trimEnd()
		.split("\n")
		.map((line) => JSON.parse(line));
	t.deepEqual(
		records.filter(({ kind }) => kind === "problem").map(({ message }) => message.split(":")[0]),
		["it has modules whose files are not there"],
	);
	t.is(status, 1);
	const rules = records.filter(({ as }) => as === "policy").map(({ file }) => file);
	t.true(
		rules.some((file) => file === "rules/udev-loads.toml"),
		rules.join(),
	);
	t.true(records.filter(({ as }) => as === "index").length === 5);
});
