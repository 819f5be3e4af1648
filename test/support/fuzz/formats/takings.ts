// What a capture takes of files that people and programs write: lists of mounts, comments that are left out, and values that are
// replaced.

import { type CommentSyntax, withoutComments } from "../../../../src/agent/taking/comments.js";
import { maskCapture } from "../../../../src/agent/taking/masked-capture.js";
import type { MaskRules } from "../../../../src/agent/taking/masking.js";
import { parseMountLines } from "../../../../src/agent/taking/taken-mounts.js";
import { parseModprobeConfig } from "../../../../src/libkmod/formats/modprobe-config.js";
import { expect, expectSame, type FuzzFormat, latin1, verdict } from "../format.js";

const mounts: FuzzFormat = {
	name: "lists of mounts",
	sources: ["src/agent/taking/taken-mounts.ts"],
	readers: ["parseMountLines"],
	accepted: "the mounts of / and /usr",
	refused: "none",
	kind: "text",
	words: [" - ", "/", "/usr", "8:1", "ext4", "\n", "\\040", " "],
	sound: 4,
	sample: (random) =>
		latin1(
			[1, 2, 3]
				.map(
					(id) =>
						`${id} 1 ${random.below(300)}:${random.below(300)} / ${random.pick(["/", "/usr", "/home"])} rw shared:1 - ${random.pick(["ext4", "btrfs"])} /dev/${random.text("ab/", 0, 9)} rw\n`,
				)
				.join(""),
		),
	read(input) {
		const found = parseMountLines(input.toString("latin1"));
		expect(found.length <= 2, "more than two mounts");
		for (const { at, fileSystem } of found) expect((at === "/" || at === "/usr") && fileSystem !== "", `mount ${at}`);
		return verdict(found.length > 0);
	},
	limits: [],
};

const comments: FuzzFormat = {
	name: "configuration whose comments are left out",
	sources: ["src/agent/taking/comments.ts"],
	readers: [],
	accepted: "text with comments",
	refused: "text without",
	kind: "text",
	words: ["#", ";", "\\", "\n", '"', "'", '"""', "'''", "\\\n", "alias a b", "\0", "\r"],
	sound: 4,
	sample: (random) => latin1(random.text("ab# \n\\\"';=\t", 0, 80)),
	read(input) {
		const text = input.toString("latin1");
		let isShorter = false;
		for (const syntax of ["modprobe.d", "modules-load.d", "toml"] as const satisfies readonly CommentSyntax[]) {
			const without = withoutComments(text, syntax);
			expectSame(countLines(without), countLines(text), `${syntax}: the lines`);
			expectSame(withoutComments(without, syntax), without, `${syntax}: done twice`);
			isShorter ||= without !== text;
		}
		const of = (config: string) => parseModprobeConfig("x", config);
		expectSame(of(withoutComments(text, "modprobe.d")), of(text), "the configuration");
		return verdict(isShorter);
	},
	limits: [],
};

const countLines = (text: string): number => text.split("\n").length;

const SECRETS: readonly string[] = ["gundula", "Ottokar", "00:1b:21:aa:bb:cc", "8d7c6b5a-4f3e-2d1c-0b9a-8f7e6d5c4b3a"];

const rules: MaskRules = {
	release: "6.1.0",
	typeUuids: new Set(),
	protectedNames: new Set(["e1000e"]),
	slotKinds: new Map(),
	known: new Map([
		["gundula", "host"],
		["ottokar", "user"],
	]),
};

const masked: FuzzFormat = {
	name: "text of which values are replaced",
	sources: [
		"src/agent/taking/masking.ts",
		"src/agent/taking/mask-places.ts",
		"src/agent/taking/mask-patterns.ts",
		"src/agent/taking/masked-capture.ts",
	],
	readers: [],
	accepted: "text with a value to replace",
	refused: "text without",
	kind: "text",
	words: [
		...SECRETS,
		"root=UUID=",
		"/home/",
		"ip=::::",
		"rd.luks.name=",
		"e1000e",
		"enx001b21aabbcc",
		"host=",
		"\n",
		" ",
		"\0",
	],
	sound: 2,
	sample: (random) =>
		latin1(
			[1, 2, 3]
				.map(
					() =>
						`${random.text("ab =/\"',.-_", 0, 9)} ${random.pick([...SECRETS, "wheat", "rye", "oats", "corn"])} ${random.pick(["\n", "x=", "/"])}`,
				)
				.join(""),
		),
	read(input) {
		const text = input.toString("latin1");
		const before = {
			hotplugdCapture: 1,
			by: "",
			masked: false,
			devices: [],
			files: { "/proc/cmdline": text },
		} as const;
		const { capture, maskText } = maskCapture(before, rules);
		const after = capture.files["/proc/cmdline"] ?? "";
		expectSame(countLines(after), countLines(text), "the lines");
		expectSame(maskText(text), after, "as text and as a file");
		for (const secret of SECRETS) {
			const alone = new RegExp(`(?<![A-Za-z0-9\\x80-\\xff:])${secret}(?![A-Za-z0-9\\x80-\\xff])`, "i");
			// Behind the name of a bus and a colon is an alias, and behind /lib/modules/ the name of a module.
			if (!/[a-z]:[^ \t"']|\/lib\/modules\/|blacklist=|rd\.driver/i.test(after))
				expect(!alone.test(after), `${secret} is left`);
		}
		return verdict(after !== text);
	},
	limits: [],
};

export const takingFormats: readonly FuzzFormat[] = [mounts, comments, masked];
