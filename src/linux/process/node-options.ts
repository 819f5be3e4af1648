// What a process of ours passes to node before the script, where it starts another: a node that knows --disable-sigusr1 opens no
// debugger at that signal, not even before the script's first line. One that does not know it would not start with it.

/** Node of which each release line has had the option from which minor version on (its doc/api/cli.md); later lines all have it. */
const SINCE: Readonly<Record<number, number>> = { 22: 14, 23: 7 };
const ALL_LATER = 24;

type Node = { readonly versions: { readonly node: string }; readonly features: { readonly inspector: boolean } };

/** For this very node: `process.execPath` it is. Told by its version, since to ask it for all of its options takes milliseconds. */
export function nodeOptions({ versions, features }: Node = process): readonly string[] {
	const [major = 0, minor = 0] = versions.node.split(".").map(Number);
	const isKnown = major >= ALL_LATER || minor >= (SINCE[major] ?? Number.POSITIVE_INFINITY);
	return isKnown && features.inspector ? ["--disable-sigusr1"] : [];
}
