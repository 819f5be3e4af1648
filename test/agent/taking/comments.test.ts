// Configuration without its comments: its lines stay, and so does what is no comment.
import test from "ava";
import { type CommentSyntax, withoutComments } from "../../../src/agent/taking/comments.js";
import { parseModprobeConfig } from "../../../src/libkmod/formats/modprobe-config.js";

const cases: readonly (readonly [syntax: CommentSyntax, text: string, expected: string])[] = [
	["modprobe.d", "# a\nblacklist b # c\n", "\nblacklist b # c\n"],
	["modprobe.d", "# a \\\nb \\\nc\nblacklist d", "\n\n\nblacklist d"],
	["modprobe.d", "options a b \\\n# c\n", "options a b \\\n# c\n"],
	["modprobe.d", "\\\n# a\nb\n", "\n\nb\n"],
	["modprobe.d", "\\# a\n # b\n# c\\\\\nd\n", "\n # b\n\nd\n"],
	["modprobe.d", "#", ""],
	["modules-load.d", "# a\n\t ; b\nloop # c\n\r#d", "\n\nloop # c\n"],
	["toml", "# a\nb = 1 # c\n", "\nb = 1 \n"],
	["toml", 'a = "# b \\" # c" # d\n', 'a = "# b \\" # c" \n'],
	["toml", "a = '# \\' # b\n", "a = '# \\' \n"],
	["toml", 'a = """\n# b " # c\n""" # d\n', 'a = """\n# b " # c\n""" \n'],
	["toml", "a = '''\n# b ' # c\n''' # d\n", "a = '''\n# b ' # c\n''' \n"],
	["toml", 'a = "b # c\nd = 1 # e\n', 'a = "b # c\nd = 1 \n'],
	["toml", 'a = """b # c\n', 'a = """b # c\n'],
];

for (const [syntax, text, expected] of cases)
	test(`of ${syntax}, ${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, (t) => {
		t.is(withoutComments(text, syntax), expected);
	});

test("modprobe's configuration means the same without comments, with the same lines", (t) => {
	const text = [
		"# a \\",
		"alias c d",
		"\\",
		"# e",
		"alias f g",
		"\\# h",
		"options i j \\",
		"# k",
		"what is this",
		"",
	].join("\n");
	t.deepEqual(parseModprobeConfig("x", withoutComments(text, "modprobe.d")), parseModprobeConfig("x", text));
});
