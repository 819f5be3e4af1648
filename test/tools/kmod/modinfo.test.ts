import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import test from "ava";
import { depmod } from "../../../src/libkmod/depmod/depmod.js";
import { ModuleDigester } from "../../../src/libkmod/depmod/module-digest.js";
import { SymbolNames } from "../../../src/libkmod/depmod/symbol-names.js";
import { textOf } from "../../../src/libkmod/text/byte-strings.js";
import { modinfo } from "../../../src/tools/kmod/modinfo.js";
import type { ModinfoRecord } from "../../../src/tools/kmod/modinfo-record.js";
import { makeFakeMachine } from "../../support/fakes/fake-machine.js";
import { compared } from "../../support/real/compared.js";
import { elfImage, exported } from "../../support/worlds/elf-image.js";
import { pkcs7, signedModule } from "../../support/worlds/signed-module.js";

const described = elfImage({
	modinfo: [
		...[
			"license=GPL",
			"author=J\xc3\xbcrgen",
			"author=J\xfcrgen",
			"description=a\tb",
			"alias=fs-x",
			"alias=pci:v*",
			"depends=",
		],
		...["parm=a:first", "parmtype=a:int", "parmtype=b:bool", "parm=c:last", "parm=bad"],
	],
	symbols: [exported("one", 1)],
});
const withBuildId = elfImage({
	modinfo: ["license=GPL"],
	sections: [{ name: ".note.gnu.build-id", data: Buffer.from("040000000400000003000000474e550001ab03cd", "hex") }],
});

const files: Readonly<Record<string, Buffer>> = {
	"kernel/one-two.ko": described,
	"kernel/shared.ko": elfImage({ modinfo: ["alias=pci:v*", "license=MIT"] }),
	"kernel/signed.ko": signedModule(pkcs7({})),
	"kernel/text.ko": Buffer.from("this is no module\n"),
	"kernel/bare.ko": elfImage({ sections: [{ name: ".text", data: Buffer.from("x") }] }),
	"kernel/gone.ko": described,
};
const builtinModinfo =
	"unix.license=GPL\0unix.alias=net-pf-1\0a.alias=both\0b.alias=both\0c.alias=b*\0d.alias=b*\0e.alias=builtin-x:*\0";

function treeBelow(prefix: string): Record<string, Buffer> {
	const names = new SymbolNames();
	const digester = new ModuleDigester(names);
	const modules = Object.entries(files).map(([path, image]) => digester.digest(path, image));
	const builtin = Buffer.from("kernel/unix.ko\nkernel/a.ko\nkernel/b.ko\nkernel/silent.ko\n");
	const made = depmod({
		...{ directory: "/", modules, names, builtin, builtinModinfo: Buffer.from(builtinModinfo) },
		order: Buffer.from(
			Object.keys(files)
				.map((path) => `${path}\n`)
				.join(""),
		),
	});
	const { "kernel/gone.ko": _, ...there } = files;
	const all = Object.entries({
		...there,
		...Object.fromEntries(made.files),
		"modules.builtin.modinfo": Buffer.from(builtinModinfo),
	});
	return Object.fromEntries(all.map(([path, content]) => [`${prefix}/${path}`, content]));
}

function withoutBuiltinModinfo(tree: Record<string, Buffer>): Record<string, Buffer> {
	return Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith("modules.builtin.modinfo")));
}

const machine = {
	files: {
		...treeBelow("modules"),
		...treeBelow("modules/root/lib/modules/1.0"),
		...withoutBuiltinModinfo(treeBelow("modules/old/lib/modules/1.0")),
		"modules/files/x.ko": described,
		"modules/files/x.ko.xz": execFileSync("xz", ["--check=crc32", "-c"], { input: described }),
		"modules/files/x.ko.zst": execFileSync("zstd", ["-c"], { input: described, stdio: ["pipe", "pipe", "ignore"] }),
		"modules/files/x.ko.gz": gzipSync(described),
		"modules/files/behind.ko.gz": Buffer.concat([gzipSync(described), Buffer.from("x")]),
		"modules/files/cut.ko.xz": execFileSync("xz", ["-c"], { input: described }).subarray(0, 40),
		"modules/files/cut.ko.zst": execFileSync("zstd", ["-c", "-q"], { input: described }).subarray(0, 40),
		"modules/files/newer.ko": signedModule(pkcs7({ hash: "sha512-256", serial: "0102" })),
		"modules/files/empty.ko": "",
		"modules/files/x.txt": described,
		"modules/files/cut.ko": described.subarray(0, 100),
		"modules/files/long.ko": elfImage({ modinfo: ["sixteen__letters=v"] }),
		"modules/files/build-id.ko": withBuildId,
	},
	directories: ["modules/files/directory.ko"],
};
const release = execFileSync("uname", ["-r"], { encoding: "utf8" }).trim();
const at = (name: string) => `/lib/modules/${release}/files/${name}`;
const OF_FILE = "what is wrong with a file is told in a second line";

compared("modinfo asks, says and exits as the real one", "modinfo", machine, [
	...[[], ["-F"], ["-x"], ["--fiel"], ["--fi", "x"], ["--null"], [""], ["--"]].map((words) => ({
		words: ["modinfo", ...words],
	})),
	...[
		...[
			"one-two",
			"one_two",
			"one-two.ko",
			"kernel/one-two.ko",
			"ONE-TWO",
			"fs-x",
			"pci:v1",
			"symbol:one",
			"symbol:none",
		],
		...["unix", "net-pf-1", "both", "gone", "absent", "a[b", "signed"],
	].flatMap((name) =>
		[[name], ["-m", name], ["-0", name], ["-F", "license", name]].map((words) => ({ words: ["modinfo", ...words] })),
	),
	...["x.ko", "x.ko.xz", "x.ko.zst", "x.txt", "directory.ko", "absent.ko"].map((name) => ({
		words: ["modinfo", at(name)],
	})),
	...["-a", "-d", "-l", "-p", "-n", "--author", "--description", "--license", "--parameters", "--filename"].map(
		(option) => ({
			words: ["modinfo", option, "one-two", "unix"],
		}),
	),
	...["parm", "parmtype", "alias", "filename", "name", "none", ""].flatMap((field) => [
		{ words: ["modinfo", "-F", field, "one-two", "unix"] },
		{ words: ["modinfo", `--field=${field}`, "-0", "one-two", "unix"] },
	]),
	{ words: ["modinfo", "-F", "license", "-d", "one-two"] },
	{ words: ["modinfo", "-d", "-F", "license", "one-two"] },
	{ words: ["modinfo", "absent", "one-two", "gone", "unix"] },
	{ words: ["modinfo", "-b", `/lib/modules/${release}/old`, "-k", "1.0", "unix", "silent"] },
	{ words: ["modinfo", "-n", "silent", "gone", "text"] },
	...["builtin:1", "builtin-x:1", "builtin-x:"].map((name) => ({ words: ["modinfo", "-m", name] })),
	...[[], ["-m"], ["-0"], ["-F", "license"]].map((options) => ({
		words: ["modinfo", ...options, "bare"],
		differs: "a module without a section says that there are no data",
		ours: { stderr: "modinfo: ERROR: could not get modinfo from 'bare': No data available\n" },
	})),
	...(
		[
			[[], "name:           silent\nfilename:       (builtin)\n"],
			[["-m"], "name:           silent\nfilename:       (builtin)\n"],
			[["-0"], "name:           silent\0filename:       (builtin)\0"],
			[["-F", "name"], "silent\n"],
			[["-F", "license"], ""],
			[["-p"], ""],
		] as const
	).map(([options, stdout]) => ({
		words: ["modinfo", ...options, "silent"],
		differs: "what is built in may say nothing of itself",
		ours: { status: 0, stdout, stderr: "" },
	})),
	{ words: ["modinfo", "-k", "0.0", "one-two"] },
	{ words: ["modinfo", "-b", "/nowhere", "one-two"] },
	{ words: ["modinfo", "-b", `/lib/modules/${release}/root`, "-k", "1.0", "one-two", "unix"] },
	{ words: ["modinfo", `--basedir=/lib/modules/${release}/root/`, "--set-version=1.0", "-l", "pci:v1"] },
	{
		words: ["modinfo", "text"],
		differs: OF_FILE,
		added: notice(`/lib/modules/${release}/kernel/text.ko`, "it is not an ELF file"),
	},
	{
		words: ["modinfo", at("empty.ko")],
		differs: OF_FILE,
		added: notice(at("empty.ko"), "it is too short for a module"),
	},
	{
		words: ["modinfo", at("cut.ko")],
		differs: OF_FILE,
		added: notice(at("cut.ko"), `its section table (5 headers at ${described.length - 320}) reaches outside the file`),
	},
	{
		words: ["modinfo", "-l", at("x.ko.gz")],
		differs: "gzip is read",
		ours: { status: 0, stdout: "GPL\n", stderr: "" },
	},
	...["xz", "zst"].map((suffix) => ({
		words: ["modinfo", at(`cut.ko.${suffix}`)],
		differs: "what keeps a file from being decompressed is told",
		ours: { stderr: "modinfo: ERROR: could not get modinfo from 'cut': its end is missing\n" },
	})),
	{
		words: ["modinfo", "-l", at("behind.ko.gz")],
		differs: "gzip is read",
		ours: { status: 0, stdout: "GPL\n", stderr: "" },
	},
	...(
		[
			[
				[],
				`filename:       ${at("newer.ko")}\nlicense:        GPL\nsig_id:         PKCS#7\nsigner:         Signer\nsig_key:        01:02\nsig_hashalgo:   unknown\nsignature:      53:49:47:4E:41:54:55:52:45\n`,
			],
			[["-F", "sig_id"], "PKCS#7\n"],
			[["-0", "-F", "sig_hashalgo"], "unknown\0"],
		] as const
	).map(([options, stdout]) => ({
		words: ["modinfo", ...options, at("newer.ko")],
		differs: "a signature that is not understood is one",
		ours: { stdout },
	})),
	{
		words: ["modinfo", "--json", at("newer.ko")],
		differs: "it prints JSON",
		ours: {
			status: 0,
			stderr: "",
			stdout: `${JSON.stringify({
				module: "newer",
				filename: at("newer.ko"),
				info: {
					license: ["GPL"],
					sig_id: ["PKCS#7"],
					signer: ["Signer"],
					sig_key: ["01:02"],
					sig_hashalgo: ["unknown"],
					signature: ["53:49:47:4E:41:54:55:52:45"],
				},
				parameters: [],
			})}\n`,
		},
	},
	{
		words: ["modinfo", at("long.ko")],
		differs: "a key of more than 15 letters stands right before its value",
		ours: { stdout: `filename:       ${at("long.ko")}\nsixteen__letters:v\n` },
	},
	{
		words: ["modinfo", at("build-id.ko")],
		differs: "the build id is shown",
		ours: { stdout: `filename:       ${at("build-id.ko")}\nlicense:        GPL\nbuild-id:       01:AB:03:CD\n` },
	},
	{
		words: ["modinfo", "--json", "unix"],
		differs: "it prints JSON",
		ours: {
			status: 0,
			stderr: "",
			stdout: '{"module":"unix","builtin":true,"info":{"license":["GPL"],"alias":["net-pf-1"]},"parameters":[]}\n',
		},
	},
	{
		words: ["modinfo", "--json", "silent"],
		differs: "it prints JSON",
		ours: { status: 0, stderr: "", stdout: '{"module":"silent","builtin":true,"info":{},"parameters":[]}\n' },
	},
]);

function notice(path: string, why: string): string {
	return `modinfo: NOTICE: ${path} cannot be read as a module: ${why}\n`;
}

test("a relative path is shown from the working directory on, as it is", async (t) => {
	const fake = makeFakeMachine({ world: { modules: {} }, files: { "./x.ko": "", "../x.ko": "" } });
	t.is(await modinfo.start(["-n", "./x.ko", "../x.ko"], fake), 0);
	t.is(fake.printed(), "/work/./x.ko\n/work/../x.ko\n");
});

test("JSON has all that the text has, as text", async (t) => {
	const fake = makeFakeMachine({ world: { modules: {} } });
	const kernel = {
		...(await fake.kernel()),
		stamp: () => "1",
		list: () => undefined,
		readModule: async () => described,
	};
	t.is(await modinfo.start(["--json", "/m/one-two.ko"], { ...fake, kernel: async () => kernel }), 0);
	const record: ModinfoRecord = JSON.parse(textOf(fake.printed()));
	t.deepEqual(record, {
		module: "one_two",
		filename: "/m/one-two.ko",
		info: {
			license: ["GPL"],
			author: ["Jürgen", "J\udcfcrgen"],
			description: ["a\tb"],
			alias: ["fs-x", "pci:v*"],
			depends: [""],
		},
		parameters: [
			{ name: "c", description: "last" },
			{ name: "b", type: "bool" },
			{ name: "a", description: "first", type: "int" },
		],
	});
});

test("a damaged index is named, and its names are not found", async (t) => {
	const fake = makeFakeMachine({ world: { modules: {} } });
	const kernel = await fake.kernel();
	const broken = {
		...kernel,
		read: (path: string) => (path.endsWith("dep.bin") ? Buffer.from("rubbish") : kernel.read(path)),
	};
	t.is(await modinfo.start(["ext4"], { ...fake, kernel: async () => broken }), 1);
	t.regex(
		fake.complained(),
		/^modinfo: WARNING: .*modules\.dep\.bin: .* is not a usable index.*\nmodinfo: ERROR: Module ext4 not found\.\n$/,
	);
});
