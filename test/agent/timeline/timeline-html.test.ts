import { createHash } from "node:crypto";
import test from "ava";
import { formatHtml, SCRIPT_DIGEST, SEARCH_SCRIPT } from "../../../src/agent/timeline/timeline-html.js";
import { formatSvg } from "../../../src/agent/timeline/timeline-svg.js";
import { sampleTimeline } from "../../support/running/agent-timeline.js";

test("the page has the picture, loads nothing, and runs only its own script", (t) => {
	const page = formatHtml(sampleTimeline);
	t.true(page.includes(formatSvg(sampleTimeline)));
	t.is(SCRIPT_DIGEST, `sha256-${createHash("sha256").update(SEARCH_SCRIPT).digest("base64")}`);
	t.true(page.includes(`default-src &#39;none&#39;`) && page.includes(`script-src &#39;${SCRIPT_DIGEST}&#39;`));
	t.is(page.split("<script>").length, 2);
	t.true(page.includes(`<script>${SEARCH_SCRIPT}</script>`));
	t.notRegex(page, /\s(?:src|href)=|\son\w+="/);
});

test("without a script there is no field that does nothing", (t) => {
	t.regex(formatHtml(sampleTimeline), /<form hidden>/);
	t.true(SEARCH_SCRIPT.includes("form.hidden = false"));
});

test("a name ends neither title nor script", (t) => {
	const page = formatHtml({ ...sampleTimeline, kernel: "</title></script><script>1" });
	t.is(page.split("<script>").length, 2);
	t.is(page.split("</title>").length, formatHtml(sampleTimeline).split("</title>").length);
});
