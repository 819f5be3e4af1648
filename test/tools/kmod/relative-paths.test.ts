// Paths relative to the working directory: kmod makes them absolute before it prints or opens them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import test from "ava";
import { openKmod } from "../../../src/index.js";
import { RELEASE, writeModuleTree } from "../../support/worlds/module-tree.js";

const folder = mkdtempSync(join(tmpdir(), "relative-"));
const work = join(folder, "work");
writeModuleTree(join(work, "root"), { modules: { "my-mod": { exports: ["own"] } } });
symlinkSync("root", join(work, "link"));
symlinkSync("work", join(folder, "there"));
mkdirSync(join(folder, "bin"));
for (const name of ["modprobe", "modinfo", "depmod", "coldplug"])
	symlinkSync(resolve("dist/main.js"), join(folder, "bin", name));
test.after.always(() => rmSync(folder, { recursive: true }));

/** Runs a command line as a shell in that directory would. */
function run(path: string, directory: string, line: string) {
	const [name = "", ...words] = line.split(" ").map((word) => (word === "''" ? "" : word));
	const environment = { PATH: `${path}:${process.env.PATH}`, PWD: directory, LC_ALL: "C" };
	const { stdout, stderr, status } = spawnSync(name, words, { cwd: directory, env: environment, encoding: "utf8" });
	return { stdout, stderr: stderr.replace(/^(?:\w+: \w+|libkmod): .*\.\.\/libkmod\/.*\n/gm, ""), status };
}

const file = `root/lib/modules/${RELEASE}/kernel/my-mod.ko`;
const asReal = test.macro({
	exec(t, directory: string, line: string) {
		const here = join(folder, directory);
		const real = run("/usr/sbin:/sbin", here, line);
		t.true(real.stdout.includes(here) || real.stderr.includes(here), `${line}: the real one says ${real.stdout}`);
		t.deepEqual(run(join(folder, "bin"), here, line), real);
	},
	title: (_, directory, line) => `in ${directory}: ${line}`,
});

for (const root of ["root", "./root", "root/", "link", "../work/root", "."])
	test(asReal, "work", `modprobe -C /dev/null -d ${root} -S ${RELEASE} -D ${root === "." ? "absent" : "my-mod"}`);
test(asReal, "there", `modprobe -C /dev/null -d root -S ${RELEASE} -D my-mod`);
test(asReal, "work", `modprobe -C /dev/null -d root -S ${RELEASE} -n -v my-mod`);
test(asReal, "work", `modprobe -C /dev/null -d root -S ${RELEASE} absent`);
test(asReal, "work", `modinfo -b root -k ${RELEASE} -n my-mod`);
test(asReal, "there", `modinfo -n ./${file} ${file}`);
test(asReal, "work", "depmod -b root 9.9.9");

test("a module file is named by its absolute path too", (t) => {
	const { stdout } = run(join(folder, "bin"), work, `modprobe -C /dev/null -D ./${file}`);
	t.is(stdout, `insmod ${work}/./${file} \n`);
});

test("JSON has the absolute path", (t) => {
	const line = `modprobe -C /dev/null -d root -S ${RELEASE} --json -D my-mod`;
	t.is(JSON.parse(run(join(folder, "bin"), work, line).stdout).path, join(work, file));
});

test("coldplug's plan has the absolute path, too", (t) => {
	const alias = join(work, "sys/devices/card/modalias");
	mkdirSync(dirname(alias), { recursive: true });
	writeFileSync(alias, "my-alias\n");
	writeFileSync(join(work, "my.conf"), "alias my-alias my-mod\n");
	for (const root of ["root", "./root/", "link"]) {
		const line = `coldplug -n --order -C my.conf -d ${root} -S ${RELEASE} --sysfs sys`;
		const { stdout, stderr } = run(join(folder, "bin"), work, line);
		t.is(stderr, "");
		t.true(stdout.includes(`insmod ${work}/${root.replace(/\/$/, "")}/lib/modules/`), stdout);
	}
});

test("where the working directory is gone, absolute paths are still good", (t) => {
	const gone = join(folder, "gone");
	mkdirSync(gone);
	const script = `cd '${gone}' && rmdir '${gone}' && modprobe -C /dev/null -d '${work}/root' -S ${RELEASE} -D my-mod`;
	const environment = { PATH: `${join(folder, "bin")}:${process.env.PATH}` };
	const { stdout, stderr } = spawnSync("sh", ["-c", script], { env: environment, encoding: "utf8" });
	t.is(stdout, `insmod ${work}/${file} \n`, stderr);
});

test("so do the library's paths", (t) => {
	const kmod = openKmod({ root: "node_modules/ava", release: RELEASE, configPaths: [] });
	t.is(kmod.moduleDirectory, `${resolve("node_modules/ava")}/lib/modules/${RELEASE}`);
	t.is(kmod.moduleAt("./package.json")?.path, `${resolve(".")}/./package.json`);
	t.is(openKmod({ moduleDirectory: "x", configPaths: [] }).moduleDirectory, resolve("x"));
	t.is(openKmod({ release: RELEASE, configPaths: [] }).moduleDirectory, `/lib/modules/${RELEASE}`);
});
