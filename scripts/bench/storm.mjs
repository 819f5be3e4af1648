// A storm of uevents as fast as the kernel takes them, received by a plain C program, by udevadm monitor and by hotplugd run, one
// after the other in one run. Each receiver has a network namespace and the processors to itself. Only root may run this.
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asset } from "../../dist/test/support/vm/images/cache.js";
import { kernelPackage, unpackPackages } from "../../dist/test/support/vm/images/kernel-package.js";

const ROUNDS = 3;

export async function benchStorm() {
	if (process.getuid() !== 0) throw new Error("the storm: only root can force a receive buffer");
	await kernelPackage();
	const udev = await asset("udev-package", (draft) => unpackPackages(["udev"], draft));
	const receiver = join(mkdtempSync(join(tmpdir(), "hotplugd-bench-")), "uevent-receiver");
	execFileSync("gcc", ["-O2", "-o", receiver, "scripts/bench/uevent-receiver.c"]);
	const commands = {
		"a plain C program": [receiver],
		"udevadm monitor": [join(udev, "bin/udevadm"), "monitor", "--kernel"],
		"hotplugd run": [],
	};
	const measured = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
	for (let round = 0; round < ROUNDS; round++)
		for (const [name, words] of Object.entries(commands)) measured[name].push(weather(words));
	const [plain] = Object.values(measured);
	const rows = Object.entries(measured).map(([storm, rounds]) => ({
		storm,
		"events/s": median(rounds, "rate"),
		"to the C program's": (median(rounds, "rate") / median(plain, "rate")).toFixed(2),
		"us of processor/event": median(rounds, "microseconds").toFixed(1),
		lost: median(rounds, "drops"),
		"resident after, MiB": Math.round(median(rounds, "after")),
	}));
	console.table(rows);
}

function weather(words) {
	const script = join(import.meta.dirname, "storm-in-namespace.mjs");
	const output = execFileSync("unshare", ["--net", "--mount", process.execPath, script, ...words], {
		encoding: "utf8",
	});
	return JSON.parse(output);
}

const median = (rounds, key) => rounds.map((round) => round[key]).sort((a, b) => a - b)[rounds.length >> 1];
