import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "ava";
import type { Timeline, TimelineModule } from "../../../src/agent/timeline/timeline.js";
import { checkTimeline } from "../../../src/agent/timeline/timeline-reading.js";
import { formatSvg } from "../../../src/agent/timeline/timeline-svg.js";
import { findXmlFault } from "../../support/project/strict-xml.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

/** A picture is bytes in UTF-8. */
const draw = (timeline: Timeline): string =>
	new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(formatSvg(timeline), "latin1"));
const read = (name: string): Timeline => JSON.parse(readFileSync(`fixtures/timelines/${name}.json`, "utf8"));
const count = (text: string, part: string): number => text.split(part).length - 1;

type Pictures = { makePicture(): Promise<Buffer>; manifold(timeline: Timeline, modules: number): Timeline };
const pictures = (): Promise<Pictures> => import(resolve("scripts/pictures/timeline.mjs"));

test("the recorded timelines are timelines", (t) => {
	for (const name of ["ten", "machine"]) t.is(typeof checkTimeline(read(name)), "object", name);
	t.is(read("ten").modules.length, 10);
	t.true(read("machine").modules.length > 100);
});

test("a picture is well-formed, has a row for each module, and neither script nor reference", async (t) => {
	const { manifold } = await pictures();
	const many = manifold(read("machine"), 300);
	t.is(many.modules.length, 300);
	for (const timeline of [
		sampleTimeline,
		read("ten"),
		read("machine"),
		many,
		{ ...sampleTimeline, modules: [], marks: [] },
	]) {
		const svg = draw(timeline);
		t.is(findXmlFault(svg), undefined);
		t.is(count(svg, '<g class="row">'), timeline.modules.length);
		t.notRegex(svg, /<script|href|\son\w+=|url\((?!#hangs\))|@import/);
		t.true(svg.length < 1_500 * (timeline.modules.length + 10), `${svg.length} for ${timeline.modules.length}`);
		t.notRegex(svg, /NaN|undefined|Infinity/);
	}
});

test("the picture of the documentation is what the script makes of the recorded timeline", async (t) => {
	t.is(
		readFileSync("docs/pictures/timeline.svg", "latin1"),
		(await (await pictures()).makePicture()).toString("latin1"),
	);
});

test("xmllint, where there is one, has nothing to complain of", (t) => {
	const { error, status, stderr } = spawnSync("xmllint", ["--noout", "docs/pictures/timeline.svg"], {
		encoding: "utf8",
	});
	if (error) t.pass("there is no xmllint here: a strict check of ours looks at every picture");
	else t.is(status, 0, stderr);
});

/** The text that is shown on hover of each row, by module. */
function hovers(svg: string): ReadonlyMap<string, string> {
	const titles = [...svg.matchAll(/<g class="row"><title>([^<]*)<\/title>/g)].map(([, title = ""]) => title);
	return new Map(titles.map((title) => [title.split(/[\n,]/, 1)[0]!, title]));
}

test("a row says on hover what became of the module, why it was wanted and what it waited for", (t) => {
	const all = hovers(draw(sampleTimeline));
	t.is(
		all.get("e1000e"),
		`e1000e
inserted
cause: /devices/pci0000:00/0000:00:02.0: pci:v00008086d000010D3sv00008086sd00000000bc02sc00i00 matches pci:v00008086d000010D3*
wanted at 100 ms, in batch 1
waited 40 ms for a free permit
waited 120 ms for ptp (dependency)
its init took 440 ms, from 260 ms to 700 ms
rivals: e1000x
on the critical path`,
	);
	t.regex(
		all.get("slow_probe")!,
		/^slow_probe, try 2\nhangs\n[\s\S]*\nits init runs since 901 ms\nsaid to hang at 3.901 s$/,
	);
	t.regex(all.get("behind_it")!, /^behind_it\nwaits for slow_probe\n/);
});

test("what failed, hangs or came behind a rival is marked by words and signs, and the legend has what occurs", (t) => {
	const svg = draw(sampleTimeline);
	for (const words of ["failed, ENOEXEC", "failed, status 2", "hangs", "waits for slow_probe", "slow_probe (2)"])
		t.regex(svg, new RegExp(`>${words.replace(/[()]/g, "\\$&")}</text>`), words);
	t.is(count(svg, 'class="cross"'), 1 + 2);
	t.is(count(svg, 'class="rival"'), 1 + 1);
	t.is(count(svg, 'fill="url(#hangs)"'), 1 + 1);
	t.true(svg.includes(">waits for a permit</text>"));
	t.false(svg.includes(">found no hardware</text>"));
	t.regex(
		svg,
		/<text[^>]*>6 modules in 3 batches, settled after 1.500 s, 2 failed, 1 hung, 3 older entries left out<\/text>/,
	);
	for (const mark of ["listening", "walked 61 devices", "4 uevents lost", "settled"])
		t.true(svg.includes(`>${mark}</text>`), mark);
});

const only = (...modules: readonly Partial<TimelineModule>[]): Timeline => ({
	...sampleTimeline,
	modules: modules.map((one) => ({ ...sampleTimeline.modules[0]!, ...one })),
});

test("names with markup, terminal codes and bytes that are no UTF-8 are shown and do nothing", (t) => {
	const name = '<script>alert("1")</script>&\x1b[2J\x9b\xff\u0000\xef\xbf\xbe\'';
	const svg = draw(only({ module: name, explanation: name, cause: { kind: "name", why: name }, rivals: [name] }));
	t.is(findXmlFault(svg), undefined);
	t.false(svg.includes("<script"));
	t.true(
		svg.includes(
			String.raw`&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;\x1b[2J\x9b\xff\x00\xef\xbf\xbe&#39;`,
		),
	);
});

test("a long name is cut in its row, and whole on hover", (t) => {
	const module = "a_name_that_is_longer_than_the_column_of_names";
	const svg = draw(only({ module }));
	t.true(svg.includes(">a_name_that_is_longer_..</text>") || /">a_name_that_[a-z_]*\.\.<\/text>/.test(svg));
	t.true(svg.includes(`<title>${module}\n`));
});

test("whatever is accepted as a timeline is drawn well-formed", (t) => {
	const random = seededRandom(t);
	const text = JSON.stringify(sampleTimeline);
	let drawn = 0;
	for (let round = 0; round < 2000; round++) {
		const damaged = text.replace(/\d+(?=[,}\]])/g, (number) =>
			random.below(12) === 0 ? String(random.below(5000)) : number,
		);
		const timeline = checkTimeline(JSON.parse(damaged));
		if (typeof timeline === "string") continue;
		drawn++;
		const svg = draw(timeline);
		const fault = findXmlFault(svg) ?? /NaN|Infinity|undefined/.exec(svg)?.[0];
		if (fault !== undefined) t.fail(`${fault}: ${damaged}`);
	}
	t.true(drawn > 20, `${drawn}`);
});
