// The pictures of timelines, from the recorded ones in fixtures/timelines: ten.json and machine.json are of coldplug in virtual
// machines. Needs the output of tsc.
//
//	node scripts/pictures/timeline.mjs                writes docs/pictures/timeline.svg
//	node scripts/pictures/timeline.mjs --shoot DIR    writes pictures and pages of 10, 118 and 300 modules into DIR, and shoots
//	                                                  each in headless Chromium: at three sizes, light and dark
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PICTURE = "docs/pictures/timeline.svg";

const fixture = (name) => JSON.parse(readFileSync(`fixtures/timelines/${name}.json`, "utf8"));

/** The content of the picture in docs/pictures, as bytes. */
export async function makePicture() {
	const { formatTimeline } = await import("../../dist/src/agent/timeline/timeline-format.js");
	return Buffer.from(await formatTimeline(fixture("ten"), "svg"), "latin1");
}

/** A timeline of more modules than a machine at hand has: a recorded one, several times over, each time later. */
export function manifold(timeline, modules) {
	const times = Math.ceil(modules / timeline.modules.length);
	const step = timeline.milliseconds / 3;
	const copies = Array.from({ length: times }, (_, copy) =>
		timeline.modules.map((one) => copyOf(one, copy, (at) => at + copy * step)),
	);
	const milliseconds = timeline.milliseconds + times * step;
	const marks = timeline.marks.map((mark) => (mark.kind === "settled" ? { ...mark, at: milliseconds } : mark));
	return { ...timeline, milliseconds, marks, modules: copies.flat().slice(0, modules) };
}

function copyOf(one, copy, late) {
	const rename = (module) => (copy === 0 || module === undefined ? module : `${module}_${copy + 1}`);
	const times = ["wanted", "ready", "begun", "ended", "hung"].filter((key) => one[key] !== undefined);
	return {
		...one,
		module: rename(one.module),
		batch: one.batch + 100 * copy,
		...Object.fromEntries(times.map((key) => [key, late(one[key])])),
		waits: one.waits.map((wait) => ({
			...wait,
			...(wait.module && { module: rename(wait.module) }),
			...(wait.until && { until: late(wait.until) }),
		})),
		rivals: one.rivals.map(rename),
	};
}

const SIZES = ["480,900", "1024,800", "1920,1200"];

async function shootAll(folder) {
	const { formatTimeline } = await import("../../dist/src/agent/timeline/timeline-format.js");
	const machine = fixture("machine");
	mkdirSync(folder, { recursive: true });
	const timelines = { 10: fixture("ten"), 118: machine, 300: manifold(machine, 300) };
	for (const [modules, timeline] of Object.entries(timelines))
		for (const format of ["svg", "html"]) {
			const file = join(folder, `${modules}.${format}`);
			writeFileSync(file, await formatTimeline(timeline, format), "latin1");
			for (const size of SIZES) for (const scheme of ["dark", "light"]) shoot(file, size, scheme);
		}
}

function shoot(file, size, scheme) {
	const profile = mkdtempSync(join(tmpdir(), "hotplugd-pictures-"));
	const png = `${file}-${size.replace(",", "x")}-${scheme}.png`;
	const words = [
		...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"],
		...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
		`--user-data-dir=${profile}`,
		`--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1}`,
		`--window-size=${size}`,
		`--screenshot=${png}`,
		pathToFileURL(resolve(file)).href,
	];
	execFileSync("chromium", words, { stdio: "ignore" });
	rmSync(profile, { recursive: true, force: true });
}

if (process.argv[1] === import.meta.filename) {
	const [, , option, folder] = process.argv;
	if (option === "--shoot" && folder !== undefined) await shootAll(folder);
	else {
		mkdirSync("docs/pictures", { recursive: true });
		writeFileSync(PICTURE, await makePicture());
	}
}
