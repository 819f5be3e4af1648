// The lines of modprobe.d(5) and depmod.d(5). A backslash at a line's end joins the next line. A backslash before any other
// character is dropped and that character stands for itself, as in kmod.

export type JoinedLine = {
	readonly line: string;
	/** Line numbers in the file, from 1. */
	readonly first: number;
	readonly last: number;
};

/** The joined lines. A line ends at its first NUL byte, as C strings do. A backslash that ends the file is dropped. */
export function* joinedLines(text: string): Generator<JoinedLine> {
	let number = 0;
	let start = 0;
	while (start < text.length) {
		const first = number + 1;
		let line = "";
		let goesOn = true;
		while (goesOn) {
			const feed = text.indexOf("\n", start);
			const end = feed === -1 ? text.length : feed;
			const physical = text.slice(start, end);
			line += physical.includes("\\") ? physical.replace(/\\(.?)/gs, "$1") : physical;
			goesOn = feed !== -1 && endsInBackslash(physical);
			number++;
			start = end + 1;
		}
		const nul = line.indexOf("\0");
		yield { line: nul === -1 ? line : line.slice(0, nul), first, last: number };
	}
}

/** Whether the line ends in a backslash that is not itself escaped. */
function endsInBackslash(line: string): boolean {
	let start = line.length;
	while (line[start - 1] === "\\") start--;
	return (line.length - start) % 2 === 1;
}
