// The output of a guest's script that writes a line `== NAME` before each of its parts.

/** The lines of each part, by name. */
export function sectionsOf(stdout: string): Readonly<Record<string, readonly string[]>> {
	const parts = stdout.split(/^== /m).slice(1);
	return Object.fromEntries(
		parts.map((part) => {
			const [name = "", ...lines] = part.trimEnd().split("\n");
			return [name, lines];
		}),
	);
}

/** The text of each part, by name. */
export function textsOf(stdout: string): Readonly<Record<string, string>> {
	const parts = stdout.split(/^== /m).slice(1);
	return Object.fromEntries(
		parts.map((part) => [part.slice(0, part.indexOf("\n")), part.slice(part.indexOf("\n") + 1)]),
	);
}
