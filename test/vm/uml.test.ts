// The boot under User-mode Linux that others are held to there: Debian's own systemd and udev, with nothing of ours in it.
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
