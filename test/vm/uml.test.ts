// The bed's machines under User-mode Linux, and the boot that others are held to there: Debian's own, with nothing of ours in it.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { startUml } from "../support/uml.js";
import { bootUnmodifiedUml, unmodifiedUmlBoot } from "../support/uml-boot.js";
import { builtinLoads } from "../support/vm-boot.js";
import { vmTest } from "../support/vm-test.js";

vmTest(
	"under User-mode Linux an unmodified boot ends with the modules of another, loaded by udev's builtin",
	async (t) => {
		const kept = await unmodifiedUmlBoot();
		const boot = await bootUnmodifiedUml();
		t.log(`${boot.modules.length} modules: ${boot.modules.join(" ")}`);
		const { aliases, named } = builtinLoads(boot.udevLog);
		t.log(`${boot.timings} ${aliases.length} aliases, ${new Set(aliases).size} different ones, and ${named.join(" ")}`);
		t.true(new Set(aliases).size > 100);
		t.true(boot.modules.length > 50);
		t.deepEqual([...new Set(named)], ["sg"]);
		t.deepEqual({ state: boot.state, failed: boot.failed }, { state: "running", failed: [] });
		t.deepEqual(boot.modules, kept.modules);
	},
);

vmTest("a machine under User-mode Linux that cannot come up says why", async (t) => {
	const start = startUml({ before: "echo so it is; false" });
	await t.throwsAsync(start, { message: /the script before process 1 failed with 1:\r?\n(?:.*\n)*so it is/ });
});

/** The processes of this machine with that word among their arguments. */
function processesWith(word: string): string[] {
	return readdirSync("/proc").filter((name) => {
		try {
			return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "latin1").includes(word);
		} catch {
			return false;
		}
	});
}

vmTest(
	"a machine under User-mode Linux ends, with its helpers and its guest's processes, when its starter is killed",
	async (t) => {
		const mark = `mark=${randomUUID()}`;
		const program = `const { startUml } = await import(process.argv[1]);
		await startUml({ early: true, append: process.argv[2].replace("_", "=") });
		console.log("up"); setInterval(() => {}, 1000);`;
		const bed = new URL("../support/uml.js", import.meta.url).href;
		const starter = spawn(process.execPath, ["--input-type=module", "-e", program, bed, mark.replace("=", "_")], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		await once(starter.stdout, "data");
		t.true(processesWith(mark).length > 3);
		starter.kill("SIGKILL");
		while (processesWith(mark).length > 0) await new Promise((resolve) => setTimeout(resolve, 100));
		t.pass();
	},
);
