// Writes the table of a fleet's results as CSV (RFC 4180, with \n) and as Parquet, row by row, each file whole or not at all.

import { type FleetRow, fleetColumns } from "../../agent/fleet/fleet-table.js";
import type { Fleet, GrowingFile } from "../../ports/fleet.js";

export type FleetTable = {
	add(rows: readonly FleetRow[]): Promise<void>;
	/** Puts the file in its place. */
	finish(): Promise<void>;
	/** Removes what was written. Does nothing after `finish`. */
	drop(): void;
};

/** The rows of a group of columns, which is held in memory. */
const ROWS_IN_A_GROUP = 50_000;

/** @throws {Refusal} by "write" */
export async function openCsvTable(fleet: Fleet, path: string): Promise<FleetTable> {
	const { stringify } = await import("csv-stringify/sync");
	const file = await fleet.growFile(path);
	const write = (rows: readonly FleetRow[]): Promise<void> =>
		file.write(Buffer.from(stringify(rows as unknown as unknown[][]), "utf8"));
	await orDrop(file, write([fleetColumns.map(({ name }) => name)]));
	return { add: write, finish: () => file.finish(), drop: () => file.drop() };
}

/** @throws {Refusal} by "write" */
export async function openParquetTable(fleet: Fleet, path: string): Promise<FleetTable> {
	const [{ ParquetWriter }, { ByteWriter }, { schemaFromColumnData }] = await Promise.all([
		import("hyparquet-writer/src/parquet-writer.js"),
		import("hyparquet-writer/src/bytewriter.js"),
		import("hyparquet-writer/src/schema.js"),
	]);
	const file = await fleet.growFile(path);
	const bytes = new ByteWriter();
	const flush = async (): Promise<void> => {
		await file.write(bytes.getBytes());
		bytes.index = 0;
	};
	const columnsOf = (rows: readonly FleetRow[]) =>
		fleetColumns.map(({ name, type }, at) => ({
			name,
			type,
			nullable: name !== "line" && name !== "change",
			data: rows.map((row) => row[at]),
			offsetIndex: false,
		}));
	const schema = schemaFromColumnData({ columnData: columnsOf([]) });
	const writer = new ParquetWriter({ writer: bytes, schema, createdBy: "hotplugd" });
	let waiting: FleetRow[] = [];
	const writeGroup = async (): Promise<void> => {
		const rows = waiting;
		waiting = [];
		const columnData = columnsOf(rows).map(({ type: _, nullable: __, ...column }) => column);
		if (rows.length > 0) writer.write({ columnData, rowGroupSize: rows.length });
		await flush();
	};
	return {
		async add(rows) {
			waiting.push(...rows);
			if (waiting.length >= ROWS_IN_A_GROUP) await writeGroup();
		},
		async finish() {
			await writeGroup();
			writer.finish();
			await flush();
			await file.finish();
		},
		drop: () => file.drop(),
	};
}

async function orDrop(file: GrowingFile, written: Promise<void>): Promise<void> {
	try {
		await written;
	} catch (thrown) {
		file.drop();
		throw thrown;
	}
}
