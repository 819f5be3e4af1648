import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { formatSvg } from "../../../src/agent/timeline/timeline-svg.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";
import { hotplugd, timelineAgent } from "../../support/running/timeline-agent.js";

const folder = mkdtempSync(join(tmpdir(), "timeline-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const sample = join(folder, "sample.json");
writeFileSync(sample, JSON.stringify(sampleTimeline));

test("without a file the picture of the agent is printed", async (t) => {
	t.deepEqual(await hotplugd(["timeline"], timelineAgent()), {
		status: 0,
		printed: formatSvg(sampleTimeline),
		complained: "",
	});
});

test("a timeline is written in the format of its name, and read again", async (t) => {
	const at = (name: string) => join(folder, name);
	for (const name of ["x.svg", "x.html", "x.json"])
		t.deepEqual(await hotplugd(["timeline", at(name)], timelineAgent()), { status: 0, printed: "", complained: "" });
	t.is(readFileSync(at("x.svg"), "latin1"), formatSvg(sampleTimeline));
	t.regex(readFileSync(at("x.html"), "utf8"), /^<!DOCTYPE html>\n/);
	t.deepEqual(JSON.parse(readFileSync(at("x.json"), "utf8")), sampleTimeline);
	t.is((await hotplugd(["timeline", "--from", at("x.json"), at("y.svg")])).status, 0);
	t.is(readFileSync(at("y.svg"), "latin1"), formatSvg(sampleTimeline));
	t.deepEqual(
		readdirSync(folder).filter((name) => name.startsWith(".")),
		[],
	);
});

test("a file of no known format is a usage error, and nothing is asked", async (t) => {
	for (const name of ["x.png", "svg", ".svg", "x.svg/"])
		t.deepEqual(await hotplugd(["timeline", name]), {
			status: 2,
			printed: "",
			complained: `hotplugd timeline: ${name}: its name ends in none of .svg, .html and .json\nTry 'hotplugd timeline --help'.\n`,
		});
});

test("what cannot be written is told in one sentence, and a link to no regular file is not replaced", async (t) => {
	const none = join(folder, "none/x.svg");
	t.deepEqual(await hotplugd(["timeline", "--from", sample, none]), {
		status: 1,
		printed: "",
		complained: `hotplugd timeline: could not write ${none}: ENOENT\n`,
	});
	const device = join(folder, "device.svg");
	symlinkSync("/dev/null", device);
	const { status, complained } = await hotplugd(["timeline", "--from", sample, device]);
	t.is(status, 1);
	t.is(complained, `hotplugd timeline: could not write ${device}: it is no regular file\n`);
});

test("a file that is absent, cut, hostile or another is one sentence", async (t) => {
	const whole = JSON.stringify(sampleTimeline);
	mkdirSync(join(folder, "directory.json"));
	const wrong = join(folder, "wrong.json");
	const no = `${wrong}: it is no timeline of hotplugd`;
	for (const [content, sentence] of [
		["", `${no}: it is no JSON object, or it was cut`],
		[whole.slice(0, whole.length / 2), `${no}: it is no JSON object, or it was cut`],
		["[".repeat(100_000), `${no}: it is no JSON object, or it was cut`],
		["{}", `${no}: format is not as it should be`],
		[whole.replace('"try":1', '"try":"\\u001b[2J"'), `${no}: modules.0.try is not as it should be`],
		[whole.replace('"begun":100.5', '"begun":1'), `${wrong}: modules.0: its times are not in order`],
	] as const) {
		writeFileSync(wrong, content);
		for (const command of ["timeline", "blame", "critical-chain"])
			t.deepEqual(await hotplugd([command, "--from", wrong]), {
				status: 1,
				printed: "",
				complained: `hotplugd ${command}: ${sentence}\n`,
			});
	}
	for (const [file, sentence] of [
		[join(folder, "absent.json"), `there is no file ${join(folder, "absent.json")}`],
		[join(folder, "directory.json"), `could not read ${join(folder, "directory.json")}: EISDIR`],
	] as const)
		t.deepEqual(await hotplugd(["blame", "--from", file]), {
			status: 1,
			printed: "",
			complained: `hotplugd blame: ${sentence}\n`,
		});
});
