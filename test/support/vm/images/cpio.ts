// cpio archives in the "newc" format, which the kernel unpacks as initramfs
// (Documentation/driver-api/early-userspace/buffer-format). Several archives may follow one another: the files of one boot are
// appended to the common archive.

interface CpioEntry {
	readonly path: string;
	/** st_mode: type and permissions. */
	readonly mode: number;
	readonly content: Buffer;
}

const type = { file: 0o100000, directory: 0o040000 };

/**
 * An archive of regular files and of the directories that they need. A file is executable when it begins with `#!` or ELF's
 * magic.
 */
export function formatCpio(files: ReadonlyMap<string, Buffer>): Buffer {
	const entries: CpioEntry[] = [...directoriesOf(files.keys())].map((path) => ({
		path,
		mode: type.directory | 0o755,
		content: Buffer.alloc(0),
	}));
	for (const [path, content] of files) {
		entries.push({ path, mode: type.file | (isProgram(content) ? 0o755 : 0o644), content });
	}
	entries.push({ path: "TRAILER!!!", mode: 0, content: Buffer.alloc(0) });
	return Buffer.concat(entries.flatMap(formatEntry));
}

function directoriesOf(paths: Iterable<string>): Set<string> {
	const found = new Set<string>();
	for (const path of paths) {
		const names = path.split("/").slice(0, -1);
		for (let length = 1; length <= names.length; length++) found.add(names.slice(0, length).join("/"));
	}
	return found;
}

/** Whether a file is to be executable. */
export function isProgram(content: Buffer): boolean {
	return content.subarray(0, 2).equals(Buffer.from("#!")) || content.subarray(0, 4).equals(Buffer.from("\x7fELF"));
}

function formatEntry(entry: CpioEntry, index: number): Buffer[] {
	const name = Buffer.from(`${entry.path}\0`);
	const links = 1;
	const numbers = [index, entry.mode, 0, 0, links, 0, entry.content.length, 0, 0, 0, 0, name.length, 0];
	const header = Buffer.from(`070701${numbers.map((number) => number.toString(16).padStart(8, "0")).join("")}`);
	return [...padded(header, name), ...padded(entry.content)];
}

function padded(...parts: Buffer[]): Buffer[] {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	return [...parts, Buffer.alloc((4 - (length % 4)) % 4)];
}
