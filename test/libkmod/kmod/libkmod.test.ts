// One test for each function of libkmod: the answers of the real library and of ours are the same.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { standinEnvironment } from "../../support/fakes/standin.js";
import { type Answers, session } from "../../support/programs/libkmod-session.js";
import { functionNames } from "../../support/real/libkmod.js";
import { packageModules, sample } from "../../support/worlds/module-files.js";
import { writeModuleTree } from "../../support/worlds/module-tree.js";

const folder = mkdtempSync(join(tmpdir(), "libkmod-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const packageConfig = `
alias own-alias e1000e
alias own-alias loop
alias own-alias unix
alias own-pattern-* nvme
blacklist e1000e
blacklist pcspkr
install only-a-command /bin/echo $CMDLINE_OPTS
install btrfs* /bin/true
remove loop /sbin/rmmod -s loop
options loop max_loop=3
options snd-hda-intel model=x  power_save=1
options own-alias z=1
softdep nvme pre: loop uas post: ext4
softdep uas post: net-pf-10
weakdep loop ext4 usb-storage own-alias
`;

const world = {
	modules: {
		base: { exports: ["base"] },
		mid: { exports: ["mid"], needs: ["base"] },
		top: { needs: ["mid"], modinfo: ["softdep=pre: soft-pre absent post: soft-post"] },
		"soft-pre": {},
		"soft-post": {},
		plain: { modinfo: ["alias=own-alias"] },
		evil: { modinfo: ["alias=evil-alias"] },
		inst: { needs: ["mid"] },
		failing: { exports: ["failing"] },
		"needs-failing": { needs: ["failing"] },
		"soft-failing": {},
		coming: {},
		going: {},
		bare: {},
	},
	builtin: ["inbuilt"],
	config: `
blacklist evil
blacklist soft_pre
install inst /bin/true $CMDLINE_OPTS '$x'
options mid m=1
options failing standin.errno=19
options own-alias o=1
softdep soft-failing pre: failing post: needs-failing plain
remove plain /bin/true
`,
};

const live: Readonly<Record<string, string>> = {
	"proc/modules": "mid 8192 0 - Live 0x0000000000000000\nbase 4096 1 mid, Live 0x0000000000000000\n",
	"proc/cmdline": "quiet plain.c=1 modprobe.blacklist=unheard\n",
	"sys/module/base/initstate": "live\n",
	"sys/module/base/refcnt": "1\n",
	"sys/module/base/coresize": "4096\n",
	"sys/module/base/holders/mid/x": "",
	"sys/module/base/sections/.text": "0xffffffffc0001000\n",
	"sys/module/base/sections/.data": "0xffffffffc0002abc\n",
	"sys/module/coming/initstate": "coming\n",
	"sys/module/coming/refcnt": "1\n",
	"sys/module/going/initstate": "going\n",
	"sys/module/bare/parameters/x": "1\n",
};

function write(files: Readonly<Record<string, string>>): void {
	for (const [path, content] of Object.entries(files)) {
		mkdirSync(dirname(join(folder, path)), { recursive: true });
		writeFileSync(join(folder, path), content);
	}
}

async function askBoth(): Promise<Answers[]> {
	const { directory, paths } = await packageModules();
	write({ ...live, "package.conf": packageConfig, "world.conf/world.conf": world.config });
	const worldDirectory = writeModuleTree(join(folder, "world"), world);
	const record = join(folder, "record");
	const subjects = {
		package: { directory, configPaths: [join(folder, "package.conf")] },
		world: { directory: worldDirectory, configPaths: [join(folder, "world.conf")] },
		names: paths.map((path) => path.replace(/.*\//, "").replace(/\..*/, "")),
		paths: sample(paths, 40).map((path) => join(directory, path)),
		record,
	};
	const pretend = fileURLToPath(new URL("../../../../test/support/programs/pretend-root.sh", import.meta.url));
	write({ "subjects.json": JSON.stringify(subjects) });
	const command = [process.execPath, session, join(folder, "subjects.json")];
	const { stdout } = await promisify(execFile)(
		"unshare",
		["-Urm", "sh", "-eu", pretend, folder, "env", "-u", "NODE_OPTIONS", ...command],
		{ env: { ...process.env, ...standinEnvironment(record) }, maxBuffer: 1 << 28 },
	);
	return stdout
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line));
}

test("every function of libkmod has one of ours that answers alike", async (t) => {
	const answers = await askBoth();
	const covered = new Set(answers.flatMap(({ functions }) => functions));
	t.deepEqual(
		functionNames.filter((name) => !covered.has(name)),
		[],
	);
	t.is(covered.size, 75);
	for (const { functions, ours, expected, answer } of answers) {
		const name = `${functions.join(", ")}: ${ours}`;
		t.true(Array.isArray(expected) && JSON.stringify(expected).length > 8, `${name} has nothing to compare`);
		t.deepEqual(answer, expected, name);
	}
});
