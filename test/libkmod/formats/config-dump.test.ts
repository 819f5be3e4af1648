import test from "ava";
import { formatConfig } from "../../../src/libkmod/formats/config-dump.js";
import { parseModprobeConfig } from "../../../src/libkmod/formats/modprobe-config.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

test("lines are grouped by kind, in kmod's order of kinds", (t) => {
	const text = [
		"weakdep a-b c-d e",
		"softdep a-b pre: c-d  e post: f",
		"softdep only-post post: x",
		"softdep nothing at all",
		"options a-b c-d=1\te",
		"alias a-[b-c] d-e",
		"remove a-b  x",
		"install a-b	x y",
		"blacklist a-b",
	];
	t.is(
		formatConfig(parseModprobeConfig("x.conf", text.join("\n")).value),
		[
			"blacklist a_b\n",
			"install a_b x y\n",
			"remove a_b  x\n",
			"alias a_[b-c] d_e\n",
			"options a_b c-d=1 e\n",
			"softdep a_b pre: c-d e post: f\n",
			"softdep only_post post: x\n",
			"softdep nothing \n",
			"weakdep a_b c-d e\n",
		].join(""),
	);
});

test("what is printed is read as the same again, but for dependencies on nothing", (t) => {
	const random = seededRandom(t);
	const kinds = ["alias", "blacklist", "options", "install", "remove", "softdep", "weakdep"];
	const pieces = ["a", "b", "-", "_", "[c-d]", " ", " ", "\t", "pre:", " post: ", "=", '"', "#", "é"];
	let lines = 0;
	for (let n = 0; n < 2000; n++) {
		const text = `${random.pick(kinds)} ${random.text(pieces, 1, 12)}\n`;
		const printed = formatConfig(parseModprobeConfig("x.conf", text).value).replace(/^(soft|weak)dep \S+ \n/, "");
		const again = parseModprobeConfig("x.conf", printed);
		t.is(formatConfig(again.value), printed, text);
		if (printed !== "") lines++;
	}
	t.true(lines > 500, `${lines} lines were good ones`);
});
