// Takes pictures of what hotplugd says at a terminal: the dry run of the captured machine and `explain`, in a real terminal (tmux) of 80
// and of 200 columns, in colour and without. For each it writes the screen's text (.txt), the text with its colours (.ansi), and, where
// there is a Chromium, a picture (.png).
//
//   node scripts/pictures/terminal.mjs [DIRECTORY]
import "../no-debugger.mjs";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

process.chdir(`${import.meta.dirname}/../..`);

const captured = "--machine fixtures/machine.json";
const commands = {
	"dry-run": `coldplug -n --cold ${captured}`,
	"dry-run-of-one": `coldplug -n --cold ${captured} i6300esb 8139too`,
	tree: `coldplug -n --cold --tree ${captured} --subsystem usb`,
	explain: `explain ${captured} i6300esb 8139too 0000:00:00.0`,
};
const LINES = 140;
/** The colours of a dark terminal, by their SGR codes. */
const colours = { 31: "#f47067", 32: "#6bc46d", 33: "#daaa3f", 36: "#56b6c2" };

const folder = resolve(process.argv[2] ?? mkdtempSync(join(tmpdir(), "pictures-")));
mkdirSync(folder, { recursive: true });
const browser = ["chromium", "chromium-browser", "google-chrome"].find((name) => !spawnSync(name, ["--version"]).error);

for (const [name, words] of Object.entries(commands))
	for (const columns of [80, 200])
		for (const coloured of [true, false]) {
			const file = join(folder, `${name}-${columns}${coloured ? "" : "-plain"}`);
			const ansi = show(words, columns, coloured);
			writeFileSync(`${file}.ansi`, ansi);
			// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
			writeFileSync(`${file}.txt`, ansi.replaceAll(/\x1b\[[\d;]*m/g, ""));
			if (browser !== undefined) takePicture(ansi, columns, `${file}.png`);
		}
console.log(folder);

/** The screen of a terminal in which the command has ended, with its colours as SGR sequences. */
function show(words, columns, coloured) {
	const socket = join(folder, "tmux");
	const tmux = (...rest) => execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...rest], { encoding: "utf8" });
	const run = `${coloured ? "" : "NO_COLOR=1 "}'${process.execPath}' dist/main.js ${words}; tmux -S '${socket}' wait-for -S done; sleep 60`;
	try {
		tmux("new-session", "-d", "-x", `${columns}`, "-y", `${LINES}`, run);
		tmux("wait-for", "done");
		return tmux("capture-pane", "-p", "-e", "-t", "0").trimEnd();
	} finally {
		tmux("kill-server");
		rmSync(socket, { force: true });
	}
}

function takePicture(ansi, columns, path) {
	const page = path.replace(/png$/, "html");
	writeFileSync(page, asPage(ansi));
	const size = `--window-size=${Math.round(columns * 7.83 + 30)},${ansi.split("\n").length * 17 + 30}`;
	const options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--force-device-scale-factor=1"];
	spawnSync(browser, [...options, size, `--screenshot=${path}`, `file://${page}`], {
		stdio: "ignore",
		timeout: 60_000,
	});
	rmSync(page);
}

/** A page with the text in its colours: those of a dark terminal. */
function asPage(ansi) {
	const escaped = ansi.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
	let style = {};
	// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
	const text = escaped.replaceAll(/\x1b\[([\d;]*)m/g, (_, codes) => {
		for (const code of codes.split(";").map(Number)) {
			if (code === 0) style = {};
			else if (code === 1) style = { ...style, "font-weight": "bold" };
			else if (code === 2) style = { ...style, opacity: "0.6" };
			else if (code === 22) style = { color: style.color };
			else if (code === 39) style = { ...style, color: undefined };
			else if (code in colours) style = { ...style, color: colours[code] };
		}
		const all = Object.entries(style).filter(([, value]) => value !== undefined);
		return `</span><span style="${all.map(([key, value]) => `${key}:${value}`).join(";")}">`;
	});
	return `<meta charset="utf-8"><body style="background:#1c2128;color:#cdd9e5;margin:15px"><pre style="font:13px/17px 'DejaVu Sans Mono',monospace;margin:0"><span>${text}</span></pre>`;
}
