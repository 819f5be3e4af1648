import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { builtinModuleInfo, parseBuiltinModinfo } from "../../../src/libkmod/formats/builtin-modinfo.js";
import { normaliseModuleName } from "../../../src/libkmod/text/module-name.js";
import { formatModinfo } from "../../../src/tools/kmod/modinfo-text.js";
import { packageModules } from "../../support/worlds/module-files.js";

test("every module that is part of Debian's kernel is described as by real modinfo", async (t) => {
	const { root, release, directory } = await packageModules();
	const bytes = readFileSync(join(directory, "modules.builtin.modinfo"));
	const paths = readFileSync(join(directory, "modules.builtin"), "latin1").trimEnd().split("\n");
	const names = paths.map((path) => normaliseModuleName(path));
	t.true(names.length > 100);
	const ours = names.map((name) => formatModinfo({ builtin: name }, builtinModuleInfo(bytes, name)));
	t.is(ours.join(""), execFileSync("modinfo", ["-m", "-b", root, "-k", release, ...names], { encoding: "latin1" }));
});

test("a string is a module, a key and a value", (t) => {
	const bytes = Buffer.from("a.license=GPL\0\0nodot\0b.parm=x:y=z.w\0a.key.with=dot\0c.\0");
	t.deepEqual(parseBuiltinModinfo(bytes), [
		{ module: "a", key: "license", value: "GPL" },
		{ module: "b", key: "parm", value: "x:y=z.w" },
		{ module: "a", key: "key.with", value: "dot" },
		{ module: "c", key: "", value: "" },
	]);
	t.is(builtinModuleInfo(bytes, "a").length, 2);
	t.deepEqual(builtinModuleInfo(bytes, "absent"), []);
	t.deepEqual(parseBuiltinModinfo(Buffer.alloc(0)), []);
});
