import test from "ava";
import { chooseModules, isExcluded, isModuleFileName } from "../../../src/libkmod/depmod/module-search.js";
import { forRelease, parseDepmodConfig } from "../../../src/libkmod/formats/depmod-config.js";
import { RELEASE, runOurDepmod, runRealDepmod, writeDepmodWorld } from "../../support/worlds/depmod-world.js";
import { moduleImage } from "../../support/worlds/elf-image.js";
import { seededRandom } from "../../support/worlds/random-numbers.js";

const image = moduleImage([], []);
// No two of these files have the same rank in the configurations below: of two equals the real depmod takes the one it reads
// first.
const modules = Object.fromEntries(
	[
		...["kernel/my-mod.ko", "updates/my_mod.ko", "extra/my-mod.ko", "extra/deep/my-mod.ko"],
		...["kernel/sub/solo.ko", "kernel/.dot/hidden.ko", "kernel/sub.ko/inner.ko", "build/no.ko", "kernel/source/no.ko"],
	].map((path) => [path, image]),
);
const configs: Readonly<Record<string, string>> = {
	"search updates extra/deep extra kernel": "updates/my_mod.ko",
	"search extra/deep extra kernel updates": "extra/deep/my-mod.ko",
	"search extra updates kernel": "extra/my-mod.ko or deeper",
	"search kernel updates\nsearch extra/deep extra built-in": "kernel/my-mod.ko",
	"search built-in extra extra/deep updates": "kernel/my-mod.ko",
	"search updates updates built-in extra extra/deep": "updates/my_mod.ko",
	"search updates built-in\noverride my-mod * extra": "extra/my-mod.ko",
	"override my-mod * extra/deep": "extra/deep/my-mod.ko",
	"override my_mod * extra": "updates/my_mod.ko",
	"override my-mod * deep": "updates/my_mod.ko",
	"override my-mod * /extra": "updates/my_mod.ko",
	"override my-mod * extra/": "updates/my_mod.ko",
	"override my-mod 7 extra": "updates/my_mod.ko",
	"override my-mod ^6\\\\. extra": "extra/my-mod.ko",
	"override my-mod * extra\noverride my_mod * updates": "updates/my_mod.ko",
	"override my_mod * updates\noverride my-mod * extra": "extra/my-mod.ko",
	"exclude updates deep my-mod.ko": "nothing",
	"exclude updates extra sub": "kernel/my-mod.ko",
	"exclude kernel": "updates/my_mod.ko",
};
for (const [config, expected] of Object.entries(configs))
	test(`of several files of one name ${expected} counts: ${config.replaceAll("\n", "; ")}`, (t) => {
		const chosen = { ...modules };
		// Here the two files in extra/ have the same rank.
		if (expected.endsWith(" or deeper")) delete chosen["extra/deep/my-mod.ko"];
		const root = writeDepmodWorld(t, { modules: chosen, config });
		const real = runRealDepmod(root).files["modules.dep"]!;
		t.is(runOurDepmod(root).files["modules.dep"], real);
		t.is(real.match(/^.*my.mod\.ko(?=:$)/m)?.[0] ?? "nothing", expected.replace(" or deeper", ""));
		t.false(real.includes("no.ko"));
	});

const configOf = (text: string) => forRelease(parseDepmodConfig("x", text).value, RELEASE);

test("external modules are known by the directories they are in", (t) => {
	const paths = ["kernel/m.ko", "/opt/e/m.ko", "/opt/else/m.ko"];
	const external = "external * /opt/e\n";
	t.deepEqual(chooseModules(paths, configOf(`${external}search external built-in`)), ["/opt/e/m.ko"]);
	t.deepEqual(chooseModules(paths, configOf(`${external}search kernel external built-in`)), ["kernel/m.ko"]);
	t.deepEqual(chooseModules(["kernel/m.ko", "/opt/e/m.ko"], configOf(`${external}search built-in external`)), [
		"kernel/m.ko",
	]);
	t.deepEqual(chooseModules(["/opt/e/other.ko"], configOf(external)), ["/opt/e/other.ko"]);
});

test("files of one rank are settled by their paths, in whatever order they are found", (t) => {
	const random = seededRandom(t);
	const paths = ["kernel/b/m.ko", "kernel/a/m.ko.xz", "kernel/a/m.ko", "m.ko", "kernel/c/m_x.ko", "kernel/c/m-x.ko"];
	for (let round = 0; round < 50; round++) {
		const shuffled = [...paths].sort(() => random.below(3) - 1);
		t.deepEqual(chooseModules(shuffled, configOf("")).sort(), ["kernel/a/m.ko", "kernel/c/m-x.ko"]);
	}
});

test("module files are known by their endings", (t) => {
	for (const name of ["a.ko", "a.ko.gz", "a.ko.xz", "a.ko.zst", ".ko", "a.b.ko"]) t.true(isModuleFileName(name), name);
	for (const name of ["a.KO", "a.ko.bz2", "ako", "a.ko.xz.sig", "a.koz", ""]) t.false(isModuleFileName(name), name);
});

test("links to build trees are never entered", (t) => {
	for (const name of ["build", "source"]) t.true(isExcluded(name, configOf("")));
	t.false(isExcluded("kernel", configOf("")));
	t.true(isExcluded("kernel", configOf("exclude x kernel")));
});
