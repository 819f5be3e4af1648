// Parses the output of a guest's script that writes a line `== NAME` before each of its parts.

/** The lines of each part, by name. */
export function sectionsOf(stdout: string): Readonly<Record<string, readonly string[]>> {
	const texts = Object.entries(textsOf(stdout)).map(([name, text]) => [name, text.trimEnd()] as const);
	return Object.fromEntries(texts.map(([name, text]) => [name, text === "" ? [] : text.split("\n")]));
}

/** The text of each part, by name. */
export function textsOf(stdout: string): Readonly<Record<string, string>> {
	const parts = stdout.split(/^== /m).slice(1);
	return Object.fromEntries(
		parts.map((part) => {
			const [name = ""] = part.split("\n", 1);
			return [name, part.slice(name.length + 1)];
		}),
	);
}
