// The examples of docs/fleet.md run: its SQL over the tables of a fleet, and its commands by the executable.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import test from "ava";
import { fleetKernels, takeCaptures, writeLines } from "../../support/fleet/fleet-files.js";
import { runCompare } from "../../support/fleet/fleet-machine.js";

const folder = mkdtempSync(join(tmpdir(), "fleet-docs-"));
test.after.always(() => rmSync(folder, { recursive: true }));

test("the SQL of docs/fleet.md tells of a fleet's tables what the records tell", async (t) => {
	t.timeout(240_000);
	const { words, fleet } = await fleetKernels();
	const input = writeLines(folder, "fleet.ndjson", [...takeCaptures({ ...fleet, seed: 31 }, 40), "{}\n"]);
	const tables = ["--csv", join(folder, "fleet.csv"), "--parquet", join(folder, "fleet.parquet")];
	const { records } = await runCompare([...words, "--json", ...tables, "--fleet", input]);
	const { machines, losing } = records.at(-1) as { readonly machines: number; readonly losing: number };
	const [byModule, share, unusable] = [...readFileSync("docs/fleet.md", "utf8").matchAll(/^```sql\n(.*?)^```$/gms)].map(
		([, sql = ""]) => sql,
	);
	const connection = await (await DuckDBInstance.create(":memory:")).connect();
	await connection.run(`set file_search_path = '${folder}'`);
	const lost = (await connection.runAndReadAll(byModule!)).getRowObjectsJson();
	t.true(lost.length > 0 && lost.every(({ cause }) => String(cause).length > 10));
	const [first] = lost;
	const having = records.filter(({ drivers }) =>
		(drivers as { change: string; before: string[] }[] | undefined)?.some(
			({ change, before }) => change === "loses" && before.join(" ") === first?.module,
		),
	);
	t.is(Number(first?.machines), having.length);
	const [{ percent } = { percent: undefined }] = (await connection.runAndReadAll(share!)).getRowObjectsJson();
	t.is(Number(percent), Number(((100 * (machines - losing)) / machines).toFixed(1)));
	const rows = execFileSync(
		"sqlite3",
		[":memory:", "-cmd", `.import --csv ${join(folder, "fleet.csv")} fleet`, "-cmd", ".mode json", unusable!],
		{ encoding: "utf8" },
	);
	t.deepEqual(JSON.parse(rows), [{ line: "41", cause: records[40]?.problem }]);
});

test("the executable compares a fleet of a pipe, and a reader that has enough ends it like any program", async (t) => {
	t.timeout(240_000);
	const { words, fleet } = await fleetKernels();
	const input = writeLines(folder, "piped.ndjson", takeCaptures({ ...fleet, seed: 32 }, 200));
	const command = [process.execPath, resolve("dist/main.js"), "compare", ...words, "--json", "--fleet", "-"];
	const all = spawnSync("bash", ["-c", 'gzip -c "$0" | "$@"', input, ...command], { encoding: "latin1" });
	t.is(all.status, 3, all.stderr);
	t.is(all.stdout.split("\n").length - 1, 201);
	const cut = spawnSync(
		"bash",
		["-c", '{ cat "$0"; sleep 5; } | { "$@"; echo $? >&2; } | head -n 1', input, ...command],
		{
			encoding: "latin1",
		},
	);
	t.is(cut.stdout.split("\n").length - 1, 1);
	t.is(cut.stderr, "141\n");
});
