// The executable under the name modprobe, beside the real one, with names and values that are not ASCII and rarely UTF-8: the
// kernel, the shell and the terminal must get the same bytes from both.
import test from "ava";
import { moduleFile, runBothExecutables } from "../../support/fakes/modprobe-machine.js";
import { withoutPlaces } from "../../support/real/compared-modprobe.js";
import { elfImage } from "../../support/worlds/elf-image.js";

/** A name in Latin-1, one in UTF-8, and one whose last letter in UTF-8 ends with a byte that JavaScript takes for a blank. */
const names = "caf\xe9 \xc3\xa9t\xc3\xa9 l\xc3\xa0";

const config = `
options snd id=caf\xe9
options snd who=l\xc3\xa0
options deep path=/caf\xe9
alias one?byte-caf\xe9 snd
alias is[\xe0-\xef]d snd
alias two??bytes snd
alias caf\xe9 quiet
blacklist quiet\xe9
install late printf '<%s>' "$MODPROBE_MODULE" 'caf\xe9' "l\xc3\xa0" ' $CMDLINE_OPTS' 100% '\\\\0351'; exit 3
install text echo "l\xc3\xa0 '$CMDLINE_OPTS'"; exit 4
install inherits printf '<%s>' "$MODPROBE_OPTIONS" "$OWN"; exit 5
softdep quiet pre: l\xc3\xa0 caf\xe9pre post: snd
`;

const machine = {
	modules: {
		snd: {},
		deep: { needs: ["base"] },
		base: { exports: ["base"] },
		quiet: {},
		late: {},
		text: {},
		inherits: {},
	},
	files: {
		"work/conf/bytes.conf": config,
		"work/conf-caf\xe9/a.conf": "options snd from=name\n",
		"work/l\xc3\xa0.conf": "options snd from=l\xc3\xa0\n",
		"work/m\xe9.ko": elfImage({ modinfo: ["license=GPL", "author=Andr\xe9"] }),
		"proc/cmdline": "quiet snd.id=caf\xc3\xa9 snd.la=l\xc3\xa0 deep.x=\xe9\xa0y\n",
	},
};

const conf = ["-C", "conf"];
const calls: readonly { words: readonly string[]; environment?: Readonly<Record<string, string>> }[] = [
	{ words: ["-C", "/dev/null", "-D", "snd"] },
	{ words: [...conf, "-D", "snd"] },
	{ words: [...conf, "-v", "snd", `a=caf\xe9`, `b=${names}`] },
	{ words: [...conf, "deep", "\xef\xbf\xbd=\xff"] },
	{ words: [...conf, "-R", "one\xe9byte-caf\xe9"] },
	{ words: [...conf, "-R", "one\xc3\xa9byte-caf\xe9"] },
	{ words: [...conf, "-R", "two\xc3\xa9bytes"] },
	{ words: [...conf, "-R", "is\xe9d"] },
	{ words: [...conf, "-R", "is\xc3\xa9d"] },
	{ words: [...conf, "-R", "\xe9"] },
	{ words: [...conf, "-R", "caf\xe9"] },
	{ words: [...conf, "-n", "-v", "caf\xe9"] },
	{ words: [...conf, "late", "x=\xe9", "y=2"] },
	{ words: [...conf, "text", "x=1"] },
	{ words: [...conf, "inherits"], environment: { OWN: names, MODPROBE_OPTIONS: "-C conf-caf\xe9" } },
	{ words: ["-D", "snd"], environment: { MODPROBE_OPTIONS: "-C conf-caf\xe9" } },
	{ words: ["-C", "conf-caf\xe9", "-D", "snd"] },
	{ words: ["-C", "l\xc3\xa0.conf", "-D", "snd"] },
	{ words: ["-C", "/dev/null", "--show-exports", "\xe9/none.ko"] },
	{ words: [...conf, "-r", "caf\xe9\xa0"] },
	{ words: ["-\xe9"] },
	{ words: ["--caf\xe9"] },
	{ words: ["-s", "absent\xe9"] },
];

test("what is not ASCII reaches the kernel, commands, files and the terminal byte by byte, as from the real one", async (t) => {
	const runs = await runBothExecutables(machine, calls);
	for (const [number, { words }] of calls.entries()) {
		const { real, ours } = runs[number]!;
		t.deepEqual(ours, withoutPlaces(real), words.join(" "));
	}
	t.is(runs[0]!.ours.stdout, `insmod ${moduleFile("snd")} id=caf\xc3\xa9 la=l\xc3\xa0 \n`);
	t.deepEqual(
		runs[2]!.ours.calls.map(({ parameters }) => parameters),
		[`id=caf\xe9 who=l\xc3\xa0 id=caf\xc3\xa9 la=l\xc3\xa0 a=caf\xe9 b="${names}"`],
	);
	t.is(runs[12]!.ours.stdout, "<late><caf\xe9><l\xc3\xa0>< x=\xe9 y=2><100%><\\0351>");
});
