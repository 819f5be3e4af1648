// depmod on all modules of Debian's kernel, uncompressed and compressed by xz and by zstd, and modprobe -R of a thousand aliases
// in one call, each with the real kmod's in the same run: time and peak memory.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { moduleTree } from "../../dist/test/support/vm/images/kernel-package.js";

const ROUNDS = Number(process.env.BENCH_ROUNDS) || 3;
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

/** Runs a program. Resolves with its milliseconds and its peak memory in MB, which is sampled while it runs. */
function measure(program, words) {
	return new Promise((resolve, reject) => {
		const begun = process.hrtime.bigint();
		const child = spawn(program, words, { env, stdio: "ignore" });
		let peak = 0;
		const look = setInterval(() => {
			try {
				const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
				peak = Math.max(peak, Number(kilobytes ?? 0) / 1024);
			} catch {
				// The program has ended.
			}
		}, 2);
		child.once("error", reject);
		child.once("exit", (status) => {
			clearInterval(look);
			const milliseconds = Number(process.hrtime.bigint() - begun) / 1e6;
			if (status !== 0) reject(new Error(`${program} ${words.slice(0, 4).join(" ")} ... exits with ${status}`));
			else resolve({ milliseconds, peak });
		});
	});
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function compare(what, ours, theirs) {
	const runs = { ours: [], theirs: [] };
	for (let round = 0; round < ROUNDS; round++) {
		runs.ours.push(await measure(process.execPath, ["dist/main.js", ...ours]));
		runs.theirs.push(await measure(`/sbin/${theirs[0]}`, theirs.slice(1)));
	}
	const time = (who) => median(runs[who].map(({ milliseconds }) => milliseconds));
	const peak = (who) => median(runs[who].map((run) => run.peak));
	return {
		what,
		"hotplugd ms": Math.round(time("ours")),
		"kmod ms": Math.round(time("theirs")),
		ratio: (time("ours") / time("theirs")).toFixed(2),
		"hotplugd MB": Math.round(peak("ours")),
		"kmod MB": Math.round(peak("theirs")),
	};
}

export async function benchDepmod() {
	const rows = [];
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-bench-"));
	try {
		for (const compression of ["plain", "xz", "zst"]) {
			const { root, release } = await moduleTree(compression);
			const copy = join(folder, compression);
			// Hard links suffice, since depmod replaces the indexes by new files.
			execFileSync("cp", ["-al", join(root, "lib"), `${copy}-lib`]);
			execFileSync("mkdir", ["-p", copy]);
			execFileSync("mv", [`${copy}-lib`, join(copy, "lib")]);
			const words = ["depmod", "-b", copy, release];
			rows.push(await compare(`depmod, ${compression} modules`, words, words));
		}
		const { root, release } = await moduleTree("plain");
		const text = readFileSync(join(root, "lib/modules", release, "modules.alias"), "latin1");
		const aliases = [...text.matchAll(/^alias (\S+) \S+$/gm)].map(([, pattern]) =>
			pattern.replaceAll(/\[([^\]])[^\]]*\]/g, "$1").replaceAll(/[*?]/g, "0"),
		);
		const thousand = aliases.filter((_, place) => place % Math.floor(aliases.length / 1000) === 0).slice(0, 1000);
		const words = ["modprobe", "-C", "/dev/null", "-d", root, "-S", release, "-q", "-a", "-R", ...thousand];
		rows.push(await compare(`modprobe -a -R of ${thousand.length} aliases`, words, words));
		const node = [];
		for (let round = 0; round < ROUNDS; round++) node.push(await measure(process.execPath, ["-e", "0"]));
		rows.push({
			what: "node -e 0, of which each of ours has so much",
			"hotplugd ms": Math.round(median(node.map(({ milliseconds }) => milliseconds))),
			"hotplugd MB": Math.round(median(node.map(({ peak }) => peak))),
		});
		console.table(rows);
	} finally {
		rmSync(folder, { recursive: true });
	}
}
