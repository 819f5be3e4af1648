import test from "ava";
import {
	BUILT_IN,
	findFirmware,
	listFirmwarePaths,
	planFirmwareSearch,
} from "../../../src/agent/explaining/firmware.js";
import { filesIn } from "../../support/worlds/world.js";

const RELEASE = "6.1.0-56-amd64";
const CONFIG = `/boot/config-${RELEASE}`;

/** Files that are there; directories are those above them. */
function world(content: Readonly<Record<string, string>>) {
	const files = new Map(Object.entries(content).map(([path, text]) => [path, Buffer.from(text, "latin1")]));
	const { read, list } = filesIn(files);
	return { read, list, stamp: (path: string) => (files.has(path) || list(path) !== undefined ? "there" : undefined) };
}

const plan = (content: Readonly<Record<string, string>>, root = "") =>
	planFirmwareSearch(world(content), { release: RELEASE, root, sysfs: `${root}/sys` });

test("the kernel looks in its directories in order, first for the plain file, then for zst, then for xz", (t) => {
	t.deepEqual(listFirmwarePaths("a/b.bin", plan({})), [
		`/lib/firmware/updates/${RELEASE}/a/b.bin`,
		"/lib/firmware/updates/a/b.bin",
		`/lib/firmware/${RELEASE}/a/b.bin`,
		"/lib/firmware/a/b.bin",
		`/lib/firmware/updates/${RELEASE}/a/b.bin.zst`,
		"/lib/firmware/updates/a/b.bin.zst",
		`/lib/firmware/${RELEASE}/a/b.bin.zst`,
		"/lib/firmware/a/b.bin.zst",
		`/lib/firmware/updates/${RELEASE}/a/b.bin.xz`,
		"/lib/firmware/updates/a/b.bin.xz",
		`/lib/firmware/${RELEASE}/a/b.bin.xz`,
		"/lib/firmware/a/b.bin.xz",
	]);
});

test("the directory of firmware_class.path comes first, where one is set", (t) => {
	const parameter = "/sys/module/firmware_class/parameters/path";
	t.is(plan({ [parameter]: "/opt/my firmware\n" }).directories[0], "/opt/my firmware");
	t.is(plan({ [parameter]: "\n" }).directories.length, 4);
	t.is(plan({ [`/root${parameter}`]: "/opt\n" }, "/root").directories[0], "/root/opt");
});

test("a compressed file counts where the kernel was built to decompress it, or nobody knows how it was built", (t) => {
	const suffixes = (configuration: string) => plan({ [CONFIG]: configuration }).suffixes;
	t.deepEqual(plan({}).suffixes, ["", ".zst", ".xz"]);
	t.deepEqual(suffixes("\n# CONFIG_FW_LOADER_COMPRESS is not set\n"), [""]);
	t.deepEqual(
		suffixes(
			"\nCONFIG_FW_LOADER_COMPRESS=y\nCONFIG_FW_LOADER_COMPRESS_XZ=y\n# CONFIG_FW_LOADER_COMPRESS_ZSTD is not set\n",
		),
		["", ".xz"],
	);
	t.deepEqual(
		suffixes(
			"\nCONFIG_FW_LOADER_COMPRESS=y\n# CONFIG_FW_LOADER_COMPRESS_XZ is not set\nCONFIG_FW_LOADER_COMPRESS_ZSTD=y\n",
		),
		["", ".zst"],
	);
	t.deepEqual(suffixes("\nCONFIG_FW_LOADER_COMPRESS=y\n"), ["", ".xz"]);
});

test("files that are built in are known where the kernel's configuration is there", (t) => {
	t.is(plan({}).builtIn, undefined);
	t.deepEqual(plan({ [CONFIG]: 'CONFIG_EXTRA_FIRMWARE=""\n' }).builtIn, []);
	const content = { [`/lib/modules/${RELEASE}/config`]: 'X=y\nCONFIG_EXTRA_FIRMWARE="a/b.bin c.fw"\n' };
	t.deepEqual(plan(content).builtIn, ["a/b.bin", "c.fw"]);
	t.deepEqual(findFirmware(world(content), ["a/b.bin", "c.*", "d.fw"], plan(content)), [
		{ name: "a/b.bin", place: BUILT_IN },
		{ name: "c.*", place: BUILT_IN },
		{ name: "d.fw", place: undefined },
	]);
});

test("each listed file is found where the kernel would find it first", (t) => {
	const content = {
		"/lib/firmware/a.bin": "",
		[`/lib/firmware/${RELEASE}/a.bin.xz`]: "",
		"/lib/firmware/updates/b.bin": "",
		"/lib/firmware/b.bin": "",
		"/lib/firmware/c.bin.xz": "",
		"/lib/firmware/updates/c.bin.zst": "",
	};
	const find = (name: string) => findFirmware(world(content), [name], plan(content))[0]?.place;
	t.is(find("a.bin"), "/lib/firmware/a.bin");
	t.is(find("b.bin"), "/lib/firmware/updates/b.bin");
	t.is(find("c.bin"), "/lib/firmware/updates/c.bin.zst");
	t.is(find("d.bin"), undefined);
	t.is(findFirmware(world(content), ["a.bin", "a.bin"], plan(content)).length, 1);
});

test("a name may be a pattern, in its last part or in a directory's name", (t) => {
	const content = {
		"/lib/firmware/brcm/brcmfmac43430-sdio.raspberrypi.txt": "",
		"/lib/firmware/brcm/brcmfmac4356-pcie.gpd.bin.xz": "",
		"/lib/firmware/mediatek/mt7986/wo.bin": "",
	};
	const find = (name: string) => findFirmware(world(content), [name], plan(content))[0]?.place;
	t.is(find("brcm/brcmfmac*-sdio.*.txt"), "/lib/firmware/brcm/brcmfmac43430-sdio.raspberrypi.txt");
	t.is(find("brcm/brcmfmac*-pcie.*.bin"), "/lib/firmware/brcm/brcmfmac4356-pcie.gpd.bin.xz");
	t.is(find("brcm/brcmfmac*-pcie.*.txt"), undefined);
	t.is(find("mediatek/mt79?6/*.bin"), "/lib/firmware/mediatek/mt7986/wo.bin");
	t.is(find("nvidia/*/gr.bin"), undefined);
});

test("a pattern over very many directories ends", (t) => {
	let listed = 0;
	const files = {
		stamp: () => "there",
		list: () => {
			listed++;
			return Array.from({ length: 50 }, (_, n) => `d${n}`);
		},
	};
	t.is(findFirmware(files, ["*/*/*/x"], plan({}))[0]?.place, undefined);
	t.true(listed <= 100, `${listed} directories`);
});
