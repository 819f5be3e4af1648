import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import test from "ava";
import { type FleetRow, fleetColumns } from "../../../src/agent/fleet/fleet-table.js";
import { growFile } from "../../../src/linux/fleet/growing-file.js";
import type { Fleet } from "../../../src/ports/fleet.js";
import { type FleetTable, openCsvTable, openParquetTable } from "../../../src/tools/compare/fleet-tables.js";
import { fleetKernels, takeCaptures, writeLines } from "../../support/fleet/fleet-files.js";
import { runCompare } from "../../support/fleet/fleet-machine.js";

const folder = mkdtempSync(join(tmpdir(), "fleet-tables-"));
test.after.always(() => rmSync(folder, { recursive: true }));

const fleet: Pick<Fleet, "growFile"> = { growFile };

const machine = "ab".repeat(32);
const odd: readonly FleetRow[] = [
	[1, machine, "6.1.0", "loses", "/devices/a", 'usb:"v1, p2"', "one two", null, "line\nbreak, and \"quotes\" 'too'"],
	[2, machine, null, "none", null, null, null, null, null],
	[3, null, null, "unusable", null, null, null, null, "it is longer than 64 MiB, ü \ufffd"],
];
const row = (line: number): FleetRow => [line, machine, "6.1.0", "gains", `/devices/${line}`, "x", null, "m", "c"];

async function fill(table: FleetTable, rows: Iterable<readonly FleetRow[]>): Promise<void> {
	for (const some of rows) await table.add(some);
	await table.finish();
}

function* inParts(count: number): Generator<readonly FleetRow[]> {
	yield odd;
	for (let line = odd.length + 1; line <= count; line += 1000)
		yield Array.from({ length: Math.min(1000, count - line + 1) }, (_, at) => row(line + at));
}

async function duckdb(sql: string): Promise<readonly Record<string, unknown>[]> {
	const connection = await (await DuckDBInstance.create(":memory:")).connect();
	return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

const sqlite = (path: string, sql: string): unknown =>
	JSON.parse(
		execFileSync(
			"sqlite3",
			[":memory:", "-cmd", ".mode csv", "-cmd", `.import ${path} fleet`, "-cmd", ".mode json", sql],
			{
				encoding: "utf8",
			},
		) || "[]",
	);

const asObject = (cells: FleetRow, absent: string | null) =>
	Object.fromEntries(fleetColumns.map(({ name }, at) => [name, cells[at] ?? absent]));

test("sqlite3 and DuckDB read the rows out of CSV as they were", async (t) => {
	const path = join(folder, "odd.csv");
	await fill(await openCsvTable(fleet as Fleet, path), inParts(5000));
	const texts = odd.map((cells) =>
		asObject(
			cells.map((cell) => (cell === null ? "" : String(cell))),
			"",
		),
	);
	t.deepEqual(sqlite(path, "select * from fleet where cast(line as integer) <= 3"), texts);
	t.deepEqual(sqlite(path, "select count(*) as rows, count(distinct line) as lines from fleet"), [
		{ rows: 5000, lines: 5000 },
	]);
	t.deepEqual(
		await duckdb(`select * from read_csv('${path}', header = true, all_varchar = true) where line::int <= 3`),
		odd.map((cells) =>
			asObject(
				cells.map((cell) => (cell === null ? null : String(cell))),
				null,
			),
		),
	);
});

test("DuckDB reads the rows out of Parquet, in several groups", async (t) => {
	t.timeout(120_000);
	const path = join(folder, "odd.parquet");
	await fill(await openParquetTable(fleet as Fleet, path), inParts(120_000));
	t.deepEqual(
		await duckdb(`select * from '${path}' where line <= 3 order by line`),
		odd.map((cells) => asObject(cells, null)),
	);
	t.deepEqual(await duckdb(`select count(*)::int as rows, sum(line)::double as sum from '${path}'`), [
		{ rows: 120_000, sum: (120_000 * 120_001) / 2 },
	]);
	const groups = await duckdb(`select count(distinct row_group_id)::int as groups from parquet_metadata('${path}')`);
	t.deepEqual(groups, [{ groups: 3 }]);
	t.deepEqual(
		await duckdb(`select column_name as name, column_type as type from (describe select * from '${path}')`),
		fleetColumns.map(({ name, type }) => ({ name, type: type === "INT32" ? "INTEGER" : "VARCHAR" })),
	);
});

test("a table without rows is a table", async (t) => {
	const [csv, parquet] = [join(folder, "none.csv"), join(folder, "none.parquet")];
	await fill(await openCsvTable(fleet as Fleet, csv), []);
	await fill(await openParquetTable(fleet as Fleet, parquet), []);
	t.is(readFileSync(csv, "utf8"), `${fleetColumns.map(({ name }) => name).join(",")}\n`);
	t.deepEqual(await duckdb(`select count(*)::int as rows from '${parquet}'`), [{ rows: 0 }]);
});

test("the tables of a fleet say what its records say", async (t) => {
	t.timeout(240_000);
	const { words, fleet: kernels } = await fleetKernels();
	const lines = [...takeCaptures({ ...kernels, seed: 21 }, 30), "no capture\n"];
	const input = writeLines(folder, "fleet.ndjson", lines);
	const [csv, parquet] = [join(folder, "fleet.csv"), join(folder, "fleet.parquet")];
	const { records } = await runCompare([...words, "--json", "--csv", csv, "--parquet", parquet, "--fleet", input]);
	const expected = records.flatMap((record): FleetRow[] => {
		const {
			kind,
			line,
			machine: name,
			release = null,
			drivers = [],
			problem,
		} = record as {
			[field: string]: unknown;
			readonly drivers?: readonly Readonly<Record<string, string & readonly string[]>>[];
		};
		const head = [line, name, release] as FleetRow;
		if (kind === "unusable") return [[...head, "unusable", null, null, null, null, problem as string]];
		if (kind === "summary") return [];
		if (drivers.length === 0) return [[...head, "none", null, null, null, null, null]];
		return drivers.map(({ change, device, alias, before, after, cause }) => [
			...head,
			...[change ?? null, device ?? null, alias ?? null],
			...[before?.join(" ") || null, after?.join(" ") || null, cause ?? null],
		]);
	});
	t.true(expected.length > 60, `${expected.length}`);
	t.deepEqual(
		await duckdb(`select * from '${parquet}'`),
		expected.map((cells) => asObject(cells, null)),
	);
	t.deepEqual(
		await duckdb(`select * from read_csv('${csv}', header = true, all_varchar = true)`),
		expected.map((cells) =>
			asObject(
				cells.map((cell) => (cell === null ? null : String(cell))),
				null,
			),
		),
	);
	t.deepEqual(
		readdirSync(folder).filter((name) => name.startsWith(".fleet.")),
		[],
	);
});

test("an input that cannot be read to its end leaves no table, nor a draft of one", async (t) => {
	const { words } = await fleetKernels();
	const input = writeLines(folder, "cut.gz", ["\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03cut off"]);
	const csv = join(folder, "cut.csv");
	const { status, complained } = await runCompare([...words, "--csv", csv, "--fleet", input]);
	t.is(status, 1);
	t.regex(complained, /cut\.gz/);
	t.deepEqual(
		readdirSync(folder).filter((name) => name.includes("cut.csv")),
		[],
	);
});
