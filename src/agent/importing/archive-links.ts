// Links of an archived machine, by their text alone: no link is followed on this machine, and none leads out of the archive. Pure.

/** The absolute path that a link leads to, when directories on the way are no links. ".." of the root is the root itself. */
export function linkTarget(link: string, target: string): string {
	const from = target.startsWith("/") ? [] : link.split("/").slice(1, -1);
	for (const part of target.split("/")) {
		if (part === "..") from.pop();
		else if (part !== "" && part !== ".") from.push(part);
	}
	return `/${from.join("/")}`;
}

// Links that lead to links: the kernel's own limit.
const MOST_LINKS = 40;

/** The end of a chain of links. Undefined for a link that leads to itself, and for a chain that is too long. */
export function endOfLinks(links: ReadonlyMap<string, string>, path: string): string | undefined {
	let at = path;
	for (let followed = 0; followed <= MOST_LINKS; followed++) {
		const target = links.get(at);
		if (target === undefined) return at;
		at = linkTarget(at, target);
	}
	return undefined;
}
