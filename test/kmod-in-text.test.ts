import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { bytesOf, openKmod, Refusal, textOf } from "../src/index.js";
import { kmodInText, optionsInBytes } from "../src/kmod-in-text.js";
import { type KmodOptions, openKmod as openOn } from "../src/libkmod/kmod/kmod.js";
import { makeFakeKernel } from "./support/fakes/fake-kernel.js";
import { configFile, moduleDirectory, type World, worldFiles } from "./support/worlds/world.js";

/** Opens the library with strings as text. The strings of a world are bytes. */
function open(world: World, options: KmodOptions = {}, answers: Readonly<Record<string, string>> = {}) {
	const kernel = makeFakeKernel({ files: worldFiles(world), answers });
	return { kernel, kmod: kmodInText(openOn(kernel, optionsInBytes(options))) };
}

const world = {
	modules: { snd: [], "caf\xe9": [] },
	config:
		"options snd id=caf\xe9 la=l\xc3\xa0\nalias a?b snd\nalias c??d snd\ninstall own\xe9 echo \xe9\nalias own \xe9\n",
};

test("what is asked for is text, and so is what is told", (t) => {
	const { kmod } = open(world);
	t.is(kmod.options("snd"), "id=caf\udce9 la=là");
	t.deepEqual(kmod.lookUp("a\udce9b"), [{ name: "snd", alias: "a\udce9b" }]);
	t.deepEqual(kmod.lookUp("aéb"), []);
	t.deepEqual(kmod.lookUp("céd"), [{ name: "snd", alias: "céd" }]);
	t.is(kmod.installCommand("own\udce9"), "echo \udce9");
	t.is(kmod.path("caf\udce9"), `${moduleDirectory}/kernel/caf\udce9.ko`);
	t.deepEqual(kmod.configuration.options[0], {
		module: "snd",
		options: "id=caf\udce9 la=là",
		source: { file: configFile, line: 1 },
	});
	t.is(kmod.configuration, kmod.configuration);
	t.true(kmod.dumpConfiguration().includes("install own\udce9 echo \udce9\n"));
	t.is(kmod.knowledge().options("snd"), "id=caf\xe9 la=l\xc3\xa0");
});

test("parameters reach the kernel as the bytes that the text stands for, and steps are told in text", async (t) => {
	const { kmod, kernel } = open(world);
	const steps: string[] = [];
	const { steps: done } = await kmod.probe("snd", {
		parameters: "x=é\udcff",
		onStep: (step) => void (step.how === "insert" && steps.push(step.parameters)),
	});
	t.deepEqual(kernel.begun, [`insmod ${moduleDirectory}/kernel/snd.ko id=caf\xe9 la=l\xc3\xa0 x=\xc3\xa9\xff`]);
	t.deepEqual(steps, ["id=caf\udce9 la=là x=é\udcff"]);
	t.deepEqual(
		done.map(({ parameters }) => parameters),
		steps,
	);
});

test("errors and the log are text, and a caller's own errors are as they were thrown", async (t) => {
	const logged: string[] = [];
	const { kmod } = open(world, { log: ({ message }) => logged.push(message) }, { "caf\xe9": "ENXIO" });
	const refusal = await t.throwsAsync(kmod.probe("caf\udce9"), { instanceOf: Refusal });
	t.is(refusal.subject, `${moduleDirectory}/kernel/caf\udce9.ko`);
	t.is(refusal.message, `insert ${refusal.subject}: ENXIO`);
	const own = new Refusal({ operation: "café", subject: "è", code: "EIO" });
	const thrown = await t.throwsAsync(
		kmod.probe("snd", {
			onStep() {
				throw own;
			},
		}),
	);
	t.is(thrown, own);
	t.is(own.subject, "è");
});

test("what is in an error is text as deep as it goes, and node's own errors are left alone", async (t) => {
	const node = Object.assign(new Error("ENOENT: no such file, open 'caf\xe9'"), { path: "caf\xe9" });
	const inner = Object.assign(new Refusal({ operation: "open", subject: "in\xe9", code: "EIO" }), { cause: node });
	const outer = Object.assign(new Refusal({ operation: "insert", subject: "out\xe9", code: "EIO" }), {
		cause: inner,
		steps: [{ path: "step\xe9", number: 1 }],
		bytes: Buffer.from("caf\xe9", "latin1"),
	});
	// The errors form a circle, which the conversion has to detect.
	Object.assign(inner, { of: outer });
	const kernel = makeFakeKernel({ files: worldFiles(world) });
	const kmod = kmodInText(openOn({ ...kernel, insert: () => Promise.reject(outer) }, optionsInBytes({})));
	const thrown = await t.throwsAsync(kmod.probe("snd"));
	t.is(thrown, outer);
	t.is(outer.subject, "out\udce9");
	t.deepEqual(outer.steps, [{ path: "step\udce9", number: 1 }]);
	t.is(outer.cause, inner);
	t.is(inner.subject, "in\udce9");
	t.is(inner.message, "open in\udce9: EIO");
	t.is(node.path, "caf\xe9");
	t.deepEqual(outer.bytes, Buffer.from("caf\xe9", "latin1"));
});

test("the real machine's: files and folders by text that stands for their bytes", (t) => {
	const folder = mkdtempSync(join(tmpdir(), "in-text-"));
	t.teardown(() => rmSync(folder, { recursive: true }));
	const conf = `${folder}/c\xe9.conf`;
	mkdirSync(Buffer.from(`${folder}/r\xe9`, "latin1"));
	writeFileSync(Buffer.from(conf, "latin1"), "options snd id=\xe9\nrubbish\xe9\n", "latin1");
	const kmod = openKmod({ root: textOf(`${folder}/r\xe9`), configPaths: [textOf(conf)], release: "6.1.0-test" });
	t.is(kmod.options("snd"), "id=\udce9");
	t.is(kmod.moduleDirectory, `${folder}/r\udce9/lib/modules/6.1.0-test`);
	t.deepEqual(kmod.configurationFiles, [textOf(conf)]);
	t.deepEqual(
		kmod.problems().map(({ file, line, message }) => `${file} ${line} ${message}`),
		[`${textOf(conf)} 2 ignoring bad line starting with 'rubbish\udce9'`],
	);
	t.is(bytesOf(kmod.moduleAt(textOf(conf))?.path ?? ""), conf);
});
