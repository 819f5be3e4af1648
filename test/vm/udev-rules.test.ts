// The rules that replace udev's own, compared with the rules of Debian's udev.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rootDirectory } from "../support/vm/images/root-image.js";
import { vmTest } from "../support/vm/vm-test.js";

const CONDITION = 'TEST!="/run/hotplugd/listening"';
const NAME = "80-drivers.rules";

/** The parts of each rule. The name of a label does not matter. */
function parseRules(text: string): string[][] {
	const label = /LABEL="([^"]+)"/.exec(text)?.[1] ?? "";
	return text
		.replaceAll(`"${label}"`, '"end"')
		.split("\n")
		.filter((line) => line.trim() !== "" && !line.startsWith("#"))
		.map((line) => line.split(", "));
}

vmTest("the rules differ from udev's own in one condition of one line", async (t) => {
	const theirs = parseRules(readFileSync(join(await rootDirectory(), "lib/udev/rules.d", NAME), "utf8"));
	const ours = parseRules(readFileSync(join("rules", NAME), "utf8"));
	t.true(theirs.length >= 9, `${theirs.length}`);
	const changed = ours.filter((parts) => parts.includes(CONDITION));
	t.deepEqual(changed, [['ENV{MODALIAS}=="?*"', CONDITION, 'RUN{builtin}+="kmod load"']]);
	t.deepEqual(
		ours.map((parts) => parts.filter((part) => part !== CONDITION)),
		theirs,
	);
	const named = theirs.flatMap((parts) =>
		parts.flatMap((part) => /"kmod load (.+)"/.exec(part)?.[1]?.split(" ") ?? []),
	);
	t.deepEqual(named, ["tifm_sd", "tifm_ms", "ms_block", "mspro_block", "i2o_block", "ppdev", "sm_ftl"]);
});
