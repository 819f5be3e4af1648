// The options for node when this program starts another node process. With --disable-sigusr1, node does not open a debugger on
// SIGUSR1, not even before the script's first line. A node that does not know the option would refuse to start.

/**
 * The first minor version with the option, by major version of node (doc/api/cli.md). All major versions from ALL_LATER on have
 * it.
 */
const SINCE: Readonly<Record<number, number>> = { 22: 14, 23: 7 };
const ALL_LATER = 24;

type Node = { readonly versions: { readonly node: string }; readonly features: { readonly inspector: boolean } };

/** The options for `process.execPath`, chosen by this node's version: asking node for all its options takes milliseconds. */
export function nodeOptions({ versions, features }: Node = process): readonly string[] {
	const [major = 0, minor = 0] = versions.node.split(".").map(Number);
	const isKnown = major >= ALL_LATER || minor >= (SINCE[major] ?? Number.POSITIVE_INFINITY);
	return isKnown && features.inspector ? ["--disable-sigusr1"] : [];
}
