// modprobe beside the real one on Debian's whole kernel package: all options that only print.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { withoutBlankBeforePost } from "../../support/fakes/modprobe-configuration.js";
import { ourModprobe } from "../../support/fakes/modprobe-in-process.js";
import { chunks, modprobe } from "../../support/real/real-kmod.js";
import { packageModules, sample } from "../../support/worlds/module-files.js";

const folder = mkdtempSync(join(tmpdir(), "modprobe-package-"));
test.after.always(() => rmSync(folder, { recursive: true }));

/** A string that the pattern matches: a bracket becomes its first member, a wildcard becomes a character. */
function concrete(pattern: string): string {
	return pattern.replaceAll(/\[([^\]])[^\]]*\]/g, "$1").replaceAll(/[*?]/g, "0");
}

const config = join(folder, "own.conf");
writeFileSync(
	config,
	`options snd-hda-intel power_save=1 model=x
options loop max_loop=3
blacklist pcspkr
alias own-alias loop
alias own-* snd-hda-intel
install ipw2200 echo $CMDLINE_OPTS
remove loop echo
softdep nvme pre: loop uas post: ext4
softdep e1000e post: ptp-alias
`,
);

test("modprobe -R of every alias is the real one's", async (t) => {
	const { root, release, directory } = await packageModules();
	const text = readFileSync(join(directory, "modules.alias"), "latin1");
	const patterns = [...text.matchAll(/^alias (.*) \S+$/gm)].map(([, pattern = ""]) => concrete(pattern));
	const aliases = [...new Set(patterns), "own-alias", "own-x", "not-there"];
	let lines = 0;
	for (const chunk of chunks(aliases, 1000)) {
		const words = ["-C", config, "-d", root, "-S", release, "-q", "-a", "-R", ...chunk];
		const ours = await ourModprobe(...words);
		t.is(ours.stdout, modprobe(...words));
		lines += ours.stdout.split("\n").length - 1;
	}
	t.log(`${aliases.length} aliases, ${lines} modules`);
	t.true(aliases.length > 10_000 && lines > aliases.length);
});

test("modprobe -D of every module is the real one's, repeats kept", async (t) => {
	const { root, release, paths } = await packageModules();
	const names = paths.map((path) => path.replace(/.*\//, "").replace(/\..*/, ""));
	let lines = 0;
	for (const chunk of chunks(names, 500)) {
		const words = ["-C", config, "-d", root, "-S", release, "-a", "-D", ...chunk];
		const ours = await ourModprobe(...words);
		t.is(ours.stdout, modprobe(...words));
		t.deepEqual([ours.status, ours.stderr], [0, ""]);
		lines += ours.stdout.split("\n").length - 1;
	}
	t.log(`${names.length} modules, ${lines} lines`);
	t.true(names.length > 1000 && lines > names.length);
});

test("modprobe -c is the real one's, but for a blank", async (t) => {
	const { root, release } = await packageModules();
	for (const options of [["-C", config], ["-C", "/dev/null"], []]) {
		const words = [...options, "-d", root, "-S", release, "-c"];
		const ours = (await ourModprobe(...words)).stdout;
		t.true(withoutBlankBeforePost(ours) === withoutBlankBeforePost(modprobe(...words)), options.join(" "));
		t.true(ours.split("\n").length > 20_000);
	}
});

for (const option of ["--show-modversions", "--show-exports"])
	test(`modprobe ${option} of 200 modules is the real one's`, async (t) => {
		const { directory, paths } = await packageModules();
		const files = sample(paths, 200).map((path) => join(directory, path));
		const ours: string[] = [];
		for (const file of files) ours.push((await ourModprobe("-q", option, file)).stdout);
		// All calls run in one shell: starting each process from this one takes far longer.
		const script = 'option=$1; shift; for file; do modprobe -q "$option" "$file"; printf "\\f"; done';
		const real = execFileSync("/bin/sh", ["-c", script, "sh", option, ...files], {
			encoding: "latin1",
			env: { PATH: "/sbin:/bin:/usr/bin" },
		});
		t.deepEqual([...ours, ""], real.split("\f"));
		const lines = ours.join("").split("\n").length - 1;
		t.log(`${lines} symbols`);
		t.true(lines > 200);
	});

test("what is printed as JSON is what is printed as text", async (t) => {
	const { root, release } = await packageModules();
	const place = ["-C", config, "-d", root, "-S", release];
	const records = async (...words: readonly string[]): Promise<Record<string, string>[]> =>
		(await ourModprobe(...place, "--json", ...words)).stdout
			.split("\n")
			.filter((line) => line !== "")
			.map((line) => JSON.parse(line));
	const text = async (...words: readonly string[]) => (await ourModprobe(...place, ...words)).stdout;

	const asked = ["-a", "nvme", "own-alias", "snd-hda-intel", "ipw2200", "unix"];
	const steps = await records("-D", ...asked);
	const lines = steps.map(({ how, path, command, module, parameters }) =>
		how === "insert"
			? `insmod ${path} ${parameters}\n`
			: how === "run"
				? `install ${command} ${parameters}\n`
				: `builtin ${module}\n`,
	);
	t.is(lines.join(""), await text("-D", ...asked));
	t.true(lines.length > 20);
	t.is((await records("-R", ...asked)).map(({ module }) => `${module}\n`).join(""), await text("-R", ...asked));

	const entries = (await records("-c")).filter(({ kind }) => kind?.startsWith("index of "));
	t.is(
		entries.map(({ pattern, module }) => `alias ${pattern} ${module}\n`).join(""),
		(await text("-c")).split("Dumping indexes now:\n\n")[1] ?? "",
	);
});
