// Extended headers of a tar archive: records "LENGTH KEY=VALUE" (POSIX.1-2017, pax, "pax Extended Header"). Pure.

/**
 * The records by key, the last one of a key. GNU.sparse.offset and GNU.sparse.numbytes occur once for each part of a sparse file,
 * and are joined by commas, as GNU.sparse.map has them. Undefined when a record's length is wrong.
 */
export function parsePaxRecords(content: Buffer): ReadonlyMap<string, string> | undefined {
	const records = new Map<string, string>();
	const parts: string[] = [];
	for (let at = 0; at < content.length; ) {
		const [digits] = /^[1-9]\d{0,8}(?= )/.exec(content.toString("latin1", at, at + 10)) ?? [];
		if (digits === undefined) return undefined;
		const end = at + Number(digits);
		const text = content.toString("latin1", at + digits.length + 1, end - 1);
		const equals = text.indexOf("=");
		if (end > content.length || content[end - 1] !== 0x0a || equals < 1) return undefined;
		const [key, value] = [text.slice(0, equals), text.slice(equals + 1)];
		if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") parts.push(value);
		else records.set(key, value);
		at = end;
	}
	if (parts.length > 0) records.set("GNU.sparse.map", parts.join(","));
	return records;
}
