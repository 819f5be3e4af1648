import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { kmodVersion } from "../../../src/version.js";
import { type Call, runBoth } from "../../support/fakes/pretend-machine.js";
import { compared } from "../../support/real/compared.js";
import { kernelPackage } from "../../support/vm/images/kernel-package.js";

const formats = ["human", "tmpfiles", "devname"];
const call = (...words: string[]): Call => ({ words: ["kmod", "static-nodes", ...words] });

const odd = `# a comment
tun net/tun c10:200
 leads here c1:3
tabs	x	b7:8
only_a_module
no numbers
bad type z9:1
no_minor y c1
no_minor y c1:
no_major y c:1
more y c1:2:3
more y c1:2x
more a b7:3 words behind

deep a/b/c b1:1
up ../x c1:1
absolute /dev/q c1:1
#mid
tun net/tun c10:200
${"long".repeat(40)} x c1:1
slash tr/ c1:1
spaces   two c 1: 1
nothing_behind last c3:4`;

const withFile = (text: string) => ({ files: { "modules/modules.devname": text, "work/file": "there already\n" } });

compared("static-nodes reads what may stand in modules.devname as the real one", "odd", withFile(odd), [
	...formats.map((format) => call("-f", format)),
	call("--format=human", "more", "words"),
	call("--format", "tmpfiles", "-o", "odd.conf"),
]);

const numbers = "good a c1:2\nlarge b c4294967296:1\nminus c c-5:1\nlargest d b4294967295:4294967295\n";
compared("static-nodes takes no number for another", "static-nodes numbers", withFile(numbers), [
	{
		...call("-f", "devname"),
		differs: "numbers that no device can have are bad entries",
		ours: {
			status: 1,
			stdout: "good a c1:2\nlargest d b4294967295:4294967295\n",
			stderr: "Error: invalid devname entry: large b c4294967296:1\nError: invalid devname entry: minus c c-5:1\n",
		},
	},
]);

compared("static-nodes writes where the real one writes", "static-nodes", withFile("tun net/tun c10:200\n"), [
	call(),
	call("-f", "devname", "-o", "file"),
	call("-f", "devname", "-o", "new"),
	call("-f", "devname", "--output=new/and/deep"),
	call("-f", "devname", "-o", "./new//and/../and/deep"),
	call("-f", "devname", "-o", "-"),
	call("-f", "devname", "-o", ""),
	call("-f", "devname", "-o", "/dev/null"),
	call("-f", "devname", "-o", "/dev"),
	{
		...call("-o", "file/below"),
		differs: "it says why there is no directory",
		ours: { stderr: "Error: could not create parent directory for file/below - File exists\n" },
	},
	{
		...call("-o", "/dev/full"),
		differs: "it fails where it cannot write",
		ours: { status: 1, stderr: "Error: could not create /dev/full - No space left on device\n" },
	},
	{ ...call("-V"), differs: "-V is an option", ours: { status: 0, stdout: `${kmodVersion}\n`, stderr: "" } },
	call("-x"),
	call("-f"),
	call("--what"),
]);

compared("static-nodes without modules.devname only warns, and writes nothing", "no file", { files: {} }, [
	call(),
	call("-f", "devname", "-o", "new/file"),
]);

compared("static-nodes of an empty modules.devname", "empty", withFile(""), [call(), call("-o", "new/file")]);

test("static-nodes of Debian's kernel are the real one's in each format", async (t) => {
	const { root, release } = await kernelPackage();
	const text = readFileSync(join(root, "lib/modules", release, "modules.devname"), "utf8");
	const runs = await runBoth(
		withFile(text),
		formats.map((format) => call("-f", format)),
	);
	for (const { real, ours } of runs) t.deepEqual(ours, real);
	const nodes = runs[2]!.ours.stdout.split("\n").length - 1;
	t.log(`${nodes} nodes`);
	t.true(nodes > 10);
	t.is(`${text.split("\n")[0]}\n${runs[2]!.ours.stdout}`, text);
});
