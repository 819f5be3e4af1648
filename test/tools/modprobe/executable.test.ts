// The executable under the name modprobe, beside the real one: behaviour that only a process of its own can show.
import { execFileSync } from "node:child_process";
import test from "ava";
import { runBothExecutables } from "../../support/fakes/modprobe-machine.js";
import { withoutPlaces } from "../../support/real/compared-modprobe.js";
import { elfImage } from "../../support/worlds/elf-image.js";
import { differences } from "../kmod/differences.js";

const forced = elfImage({
	modinfo: ["license=GPL", "vermagic=5.10.0 SMP mod_unload", "depends="],
	versions: { module_layout: 0xbead, printk: 0xcafe },
});

const machine = {
	modules: {
		base: { exports: ["base"] },
		top: { needs: ["base"], modinfo: ["softdep=post: late"] },
		late: {},
		other: {},
	},
	builtin: ["inbuilt"],
	config: 'install late echo "$MODPROBE_MODULE <$MODPROBE_OPTIONS>"; exit 3\nremove late echo away\n',
	files: { "modules/kernel/other.ko": forced },
};

const calls = [
	{ words: ["-C", "conf", "top", "a=1", "b=x y"] },
	{ words: ["-C", "conf", "late"], environment: { MODPROBE_OPTIONS: "-s" } },
	{ words: ["-C", "conf", "-r", "late"] },
	{ words: ["-C", "conf", "-D", "top"] },
	{ words: ["-C", "conf", "absent"] },
	{ words: ["-s", "absent"] },
	{ words: ["-C", "/dev/null", "-f", "other"] },
	// A kernel without finit_module(2) gets a changed image through init_module(2).
	{ words: ["-C", "/dev/null", "--force-vermagic", "other"], environment: { STANDIN_FINIT_MODULE: "38" } },
	{
		words: ["-C", "/dev/null", "--force-modversion", "other"],
		environment: { STANDIN_FINIT_MODULE: "38" },
	},
	{ words: ["-C", "/dev/null", "-f", "other"], environment: { STANDIN_FINIT_MODULE: "38" } },
	{ words: ["-C", "/dev/null", "other"], environment: { STANDIN_FINIT_MODULE: "38" } },
];

test("the executable calls the kernel, runs commands and exits as the real one does", async (t) => {
	const runs = await runBothExecutables(machine, calls);
	for (const [number, { words }] of calls.entries()) {
		const { real, ours } = runs[number]!;
		t.deepEqual(ours, withoutPlaces(real), words.join(" "));
	}
	const hashes = runs.flatMap(({ ours }) =>
		ours.calls.flatMap(({ call, hash }) => (call === "init_module" ? [hash] : [])),
	);
	t.is(new Set(hashes).size, 4, "four images that differ");
	t.true(runs[0]!.ours.calls.length > 1);
});

test("what keeps a module file from being decompressed is said in the place of kmod's errno", async (t) => {
	const cut = execFileSync("xz", ["-c"], { input: forced }).subarray(0, 40);
	const [run] = await runBothExecutables({ ...machine, files: { "modules/kernel/other.ko": cut } }, [
		{ words: ["-C", "/dev/null", "other"] },
	]);
	const { real, ours } = run!;
	t.is(withoutPlaces(real).stderr, "modprobe: ERROR: could not insert 'other': Invalid argument\n");
	t.deepEqual(ours, { ...real, stderr: "modprobe: ERROR: could not insert 'other': its end is missing\n" });
});

test("a closed standard error is silence, where the real one turns to syslog, and -s is the way to it", async (t) => {
	const [plain, logged] = await runBothExecutables(machine, [
		{ words: ["absent"], mute: true },
		{ words: ["-s", "absent"], mute: true },
	]);
	const row = differences.find(({ tool }) => tool === "modprobe as a process");
	t.is(row?.what, "a closed standard error is silence");
	t.is(plain!.real.calls.filter(({ call }) => call === "syslog").length, 1);
	t.deepEqual(plain!.ours, { ...plain!.real, calls: [] });
	t.deepEqual(logged!.ours, logged!.real);
});
