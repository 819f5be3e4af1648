// A timeline as a page: the picture of timeline-svg.ts, and a field that searches the modules. Without a script the page is the
// picture. It loads nothing, and its policy lets no other script run than its own. The result is bytes, in UTF-8.
import { element, escapeXml } from "./svg-text.js";
import type { Timeline } from "./timeline.js";
import { formatSvg } from "./timeline-svg.js";
import { describeHeading } from "./timeline-words.js";

/** The search: rows whose text on hover lacks a word of the field are dimmed. */
export const SEARCH_SCRIPT = `
const form = document.querySelector("form");
const field = form.querySelector("input");
const told = form.querySelector("output");
const rows = [...document.querySelectorAll("svg .row")];
const texts = rows.map((row) => row.querySelector("title").textContent.toLowerCase());
form.hidden = false;
form.addEventListener("submit", (event) => event.preventDefault());
field.addEventListener("input", () => {
	const words = field.value.toLowerCase().split(" ").filter((word) => word !== "");
	const found = texts.map((text) => words.every((word) => text.includes(word)));
	rows.forEach((row, number) => row.classList.toggle("dimmed", !found[number]));
	told.textContent = words.length === 0 ? "" : found.filter(Boolean).length + " of " + rows.length;
	if (words.length > 0) rows[found.indexOf(true)]?.scrollIntoView({ block: "center" });
});
`;

/** The digest of the script, by which the policy knows it (CSP level 3, hash-source). */
export const SCRIPT_DIGEST = "sha256-Qz4qVQUlgstAFkLS20YU0XJFv86ED/e9KZILNP5gx4Q=";

const STYLE = `
:root{color-scheme:light dark}
body{margin:0;background:#fff;color:#1f2328;font:14px system-ui,sans-serif}
form{position:sticky;top:0;padding:8px 12px;background:#f3f5f8;border-bottom:1px solid #d1d9e0}
form[hidden]{display:none}
input{font:inherit;width:min(24em,60vw);padding:4px 8px;border:1px solid #818b98;border-radius:4px;background:#fff;color:inherit}
main{overflow-x:auto}
svg{display:block;margin:0 auto;min-width:1000px;width:min(100%,1400px);height:auto}
.dimmed{opacity:.15}
@media (prefers-color-scheme:dark){
body{background:#0d1117;color:#e6edf3}
form{background:#151b23;border-color:#2a313c}
input{background:#0d1117;border-color:#7d8590}
}
`;

export function formatHtml(timeline: Timeline): string {
	const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src '${SCRIPT_DIGEST}'; base-uri 'none'; form-action 'none'`;
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${element("meta", { "http-equiv": "Content-Security-Policy", content: policy }).replace("/>", ">")}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(describeHeading(timeline))}</title>
<style>${STYLE}</style>
</head>
<body>
<form hidden><label>Search: <input type="search" placeholder="module, device or alias" autocomplete="off"></label> <output></output></form>
<main>
${formatSvg(timeline)}</main>
<script>${SEARCH_SCRIPT}</script>
</body>
</html>
`;
}
