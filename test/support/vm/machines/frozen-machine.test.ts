// Frozen machines: they are what a booted one is, at their own time, and a state that is of no use is made again.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import test from "ava";
import { sectionsOf } from "../../project/sections.js";
import { parseSpans } from "../../project/spans.js";
import { asset, cache, forget } from "../images/cache.js";
import { bootFiles, startDisks } from "../images/guest-system.js";
import { boot, coldplugDevices } from "../vm.js";
import { vmTest } from "../vm-test.js";
import { command } from "./command.js";
import { nameState } from "./frozen-machine.js";

const files = { kernel: "/k/vmlinux", initrd: "/k/initrd", joined: Buffer.from(""), root: "/k/root.img", append: "" };

test("a frozen state is of one QEMU, of one hardware and of the files that the guest has read", (t) => {
	const hardware = { devices: ["e1000"], append: "quiet", memory: 1024 };
	const names = [
		nameState("7.2.22", hardware, files),
		nameState("7.2.23", hardware, files),
		nameState("7.2.22", { ...hardware, devices: ["e1000e"] }, files),
		nameState("7.2.22", { ...hardware, devices: ["e1000", "nvme"] }, files),
		nameState("7.2.22", { ...hardware, append: "" }, files),
		nameState("7.2.22", { ...hardware, memory: 2048 }, files),
		nameState("7.2.22", { ...hardware, processors: 1 }, files),
		nameState("7.2.22", hardware, { ...files, kernel: "/k/vmlinux-2" }),
		nameState("7.2.22", hardware, { ...files, initrd: "/k/initrd-2" }),
		nameState("7.2.22", hardware, { ...files, joined: Buffer.from("more") }),
		nameState("7.2.22", hardware, { ...files, root: "/k/root-2.img" }),
		nameState("7.2.22", hardware, { ...files, append: "rw" }),
	];
	t.is(new Set(names).size, names.length);
	t.is(nameState("7.2.22", hardware, { ...files, kernel: "/elsewhere/vmlinux" }), names[0]!);
});

/** What a guest is, and what udev makes of it. */
const described = `. /vm/functions
echo "== kernel"; uname -a; cat /proc/cmdline; nproc; awk '/^MemTotal/ { print int($2 / 65536) }' /proc/meminfo
echo "== disks"; for block in /sys/block/vd*; do echo "$(cat $block/serial) $(cat $block/size)"; done | sort
echo "== mounts"; cut -d' ' -f2,3 /proc/mounts | sort
echo "== before"; live_modules
echo "== aliases"; find /sys/devices -name modalias -exec cat {} + | sort
udev_coldplug >&2; stand_still
echo "== modules"; live_modules`;

vmTest("a frozen machine is what a booted one is, and udev loads the same modules in both", async (t) => {
	const [frozen, booted] = await Promise.all(
		[false, true].map((booted) => boot({ devices: coldplugDevices, booted, script: described, seconds: 600 })),
	);
	const parts = sectionsOf(frozen!.stdout);
	t.deepEqual(parts, sectionsOf(booted!.stdout));
	t.true(parts.aliases!.length > 60, `${parts.aliases!.length} aliases`);
	t.true(parts.modules!.length > 100, `${parts.modules!.length} modules`);
	t.log(`${parts.modules!.length} modules for ${new Set(parts.aliases).size} aliases`);
});

const drawn = `date +%s; head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/uuid; mktemp -u
node -p 'crypto.randomUUID() + Math.random()'`;

vmTest("each machine that goes on from one state has the time and random numbers of its own", async (t) => {
	const begun = Math.floor(Date.now() / 1000);
	const told = await Promise.all([1, 2].map(() => boot({ script: drawn })));
	const [one, other] = told.map(({ stdout }) => stdout.trimEnd().split("\n"));
	for (const [time] of [one!, other!] as string[][])
		t.true(Number(time) >= begun && Number(time) <= Date.now() / 1000 + 1, `${time}, not from ${begun} on`);
	t.is(one!.length, 5);
	for (const [index, line] of one!.slice(1).entries()) t.not(line, other![index + 1]);
});

/** A machine of other memory than any other test's, in a process of its own: what it says, and the ways in which it came. */
async function session(memory: number, ...prefix: readonly string[]) {
	const program = fileURLToPath(new URL("../../programs/frozen-session.js", import.meta.url));
	const times = join(mkdtempSync(join(tmpdir(), "hotplugd-frozen-")), "times");
	const [command, ...args] = [...prefix, process.execPath, program, `${memory}`];
	const env = { ...process.env, HOTPLUGD_TIMES: times, HOTPLUGD_VM_BOOT: "" };
	const { stdout, stderr } = await promisify(execFile)(command!, args, { env });
	const kinds = parseSpans(readFileSync(times, "utf8")).map(({ kind }) => kind);
	rmSync(dirname(times), { recursive: true });
	return { stdout, kinds, said: stderr.split("\n").filter((line) => / made again$| boots, since /.test(line)) };
}

vmTest("a state with another bit in it, and one that QEMU does not take, are made again", async (t) => {
	const memory = 1031;
	const version = await command("qemu-system-x86_64", ["--version"]);
	const name = nameState(version, { memory }, await bootFiles({}));
	const path = join(cache, name);
	t.is((await session(memory)).stdout, "fine\n");
	t.deepEqual(await session(memory), { stdout: "fine\n", kinds: ["restore"], said: [] });

	const { atime, mtime } = statSync(path);
	const state = readFileSync(path);
	state[Math.floor(state.length / 2)]! ^= 1;
	writeFileSync(path, state);
	utimesSync(path, atime, mtime);
	const flipped = await session(memory);
	t.deepEqual([flipped.stdout, flipped.kinds.toSorted()], ["fine\n", ["asset", "freeze", "restore"]]);
	t.deepEqual(flipped.said, [`vm: ${path} is not as it was written: it is made again`]);

	forget(name);
	await asset(name, async (draft) => writeFileSync(draft, zstd("no machine's state")), { checked: true });
	const refused = await session(memory);
	t.deepEqual([refused.stdout, refused.kinds.toSorted()], ["fine\n", ["asset", "freeze", "restore"]]);
	t.is(refused.said.length, 1);
	t.regex(refused.said[0]!, /^vm: no machine goes on from .*, since .*: it is made again$/);
	forget(name);
});

const zstd = (content: string) => execFileSync("zstd", ["-q", "-c"], { input: content });

/** sh: a cache to which four megabytes can be written. $1 is a folder, $2 the cache. */
const withoutRoom = `mount -t tmpfs -o size=4m room "$1"; mkdir "$1/upper" "$1/work"
mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$2"; shift 2; exec "$@"`;

vmTest("where there is no room for a state the machine boots, and says so in a line", async (t) => {
	// The images, which need room too, are there.
	await Promise.all([bootFiles({}), startDisks({})]);
	const folder = mkdtempSync(join(tmpdir(), "hotplugd-room-"));
	const namespace = ["unshare", "--map-root-user", "--mount", "sh", "-eu", "-c", withoutRoom, "sh", folder, cache];
	const { stdout, kinds, said } = await session(1032, ...namespace);
	rmSync(folder, { recursive: true });
	t.deepEqual([stdout, kinds], ["fine\n", ["boot"]]);
	t.is(said.length, 1);
	t.regex(said[0]!, /^vm: the machine boots, since .*No space left on device/);
});
