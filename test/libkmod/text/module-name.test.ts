import test from "ava";
import { normaliseAlias, normaliseModuleName, normaliseName } from "../../../src/libkmod/text/module-name.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const moduleName = test.macro({
	exec: (t, given: string, expected: string) => t.is(normaliseModuleName(given), expected),
	title: (_, given, expected) => `the module of "${given}" is "${expected}"`,
});

test(moduleName, "ext4", "ext4");
test(moduleName, "snd-hda-intel", "snd_hda_intel");
test(moduleName, "my-mod.ko.zst", "my_mod");
test(moduleName, "/lib/modules/6.1.0-1/kernel/fs/my-mod.ko", "my_mod");
test(moduleName, "../up.d/my-mod", "my_mod");
test(moduleName, ".ko", "");
test(moduleName, "/", "");
test(moduleName, "", "");

const alias = test.macro({
	exec: (t, given: string, expected: string | undefined) => t.is(normaliseAlias(given), expected),
	title: (_, given, expected) => `the alias "${given}" is ${expected === undefined ? "refused" : `"${expected}"`}`,
});

test(alias, "net-pf-10", "net_pf_10");
test(alias, "usb:v1-2d[0-9a-f]-[!-]-*", "usb:v1_2d[0-9a-f]_[!-]_*");
test(alias, "a.b-c/d", "a.b_c/d");
test(alias, "a[[-b]-", "a[[-b]_");
test(alias, "a[]-b", "a[]_b");
test(alias, "", "");
test(alias, "a[0-9", undefined);
test(alias, "a-b]", undefined);
test(alias, "a[]b]", undefined);
test(alias, "[", undefined);

test("normalising twice changes nothing more", (t) => {
	const random = seededRandom(t);
	for (let n = 0; n < 5000; n++) {
		const text = random.text("ab-_[]./*", 0, 12);
		const module = normaliseModuleName(text);
		t.is(normaliseModuleName(module), module, text);
		const once = normaliseAlias(text);
		if (once !== undefined) t.is(normaliseAlias(once), once, text);
		t.is(once?.length ?? text.length, text.length, text);
	}
});

test("a name that has slashes is that of no module", (t) => {
	t.deepEqual(["a/b-c.ko", "../x-y", "/a", "my-mod.ko"].map(normaliseName), ["a/b_c", "", "/a", "my_mod"]);
});
