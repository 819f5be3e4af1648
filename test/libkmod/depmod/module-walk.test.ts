import test from "ava";
import { type Entry, type Tree, type WalkedEntry, walkTree } from "../../../src/libkmod/depmod/module-walk.js";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";

/**
 * The entry at each path: the names and kinds in a directory, the target of a link, or the refusal that a look at the path meets.
 */
type Places = Readonly<Record<string, readonly Entry[] | WalkedEntry | Refusal>>;

function treeOf(places: Places): Tree {
	const at = (path: string) => {
		const place = places[path];
		if (place instanceof Refusal) throw place;
		return place;
	};
	return {
		list: (path) => at(path) as readonly Entry[],
		follow: (path) => at(path) as WalkedEntry | undefined,
	};
}

const file = (name: string): Entry => ({ name, kind: "file" });
const directory = (name: string): Entry => ({ name, kind: "directory" });
const other = (name: string): Entry => ({ name, kind: "other" });
const options = {
	root: "/m",
	wanted: (name: string) => name.endsWith(".ko"),
	passedOver: (name: string) => name === "build",
	most: 1000,
};

test("files are found in the order of their directories, each directory where it stands, links followed", (t) => {
	const tree = treeOf({
		"/m": [file("b.ko"), directory("x"), file("notes"), directory("build"), other("linked.ko"), other("nothing.ko")],
		"/m/x": [file("c.ko")],
		"/m/linked.ko": { kind: "file" },
	});
	t.deepEqual(walkTree(tree, options), { whole: true, files: ["b.ko", "x/c.ko", "linked.ko"], failures: [] });
});

test("what cannot be looked at is noted, and the others count; but the root has to be listed", (t) => {
	const refused = new Refusal({ operation: "list", subject: "/m/closed", code: "EACCES" });
	const tree = treeOf({
		"/m": [directory("closed"), other("loop.ko"), other("fifo.ko"), file("a.ko")],
		"/m/closed": refused,
		"/m/loop.ko": new Refusal({ operation: "stat", subject: "/m/loop.ko", code: "ELOOP" }),
		"/m/fifo.ko": new Refusal({ operation: "use", subject: "/m/fifo.ko", code: "EINVAL" }),
	});
	t.deepEqual(walkTree(tree, options), {
		whole: true,
		files: ["a.ko"],
		failures: [
			{ path: "closed", operation: "open", code: "EACCES", errno: 13 },
			{ path: "loop.ko", operation: "stat", code: "ELOOP", errno: 40 },
			{ path: "fifo.ko", operation: "use", code: "EINVAL", errno: 22 },
		],
	});
	t.is(
		t.throws(() => walkTree(treeOf({ "/m": refused }), options)),
		refused,
	);
});

test("a link that leads back to where one has led before is not entered; so many names are met, and no more", (t) => {
	/**
	 * Two directories with two links each, which lead to both directories: each way through the links ends, but there are many
	 * ways.
	 */
	const real = (path: string): string => path.replace(/^\/m(?:\/[pq])*\/([pq])$/, "/m/$1");
	const linked: Tree = {
		list: (path) => (path === "/m" ? [other("p"), other("q")] : [file("a.ko"), other("p"), other("q")]),
		follow: (path) => ({ kind: "directory", identity: real(path) }),
	};
	const { files, whole } = walkTree(linked, options);
	t.deepEqual(files, ["p/a.ko", "p/q/a.ko", "q/a.ko", "q/p/a.ko"]);
	t.true(whole);
	// Two entries in the root, and three in each directory on the four ways.
	t.true(walkTree(linked, { ...options, most: 14 }).whole);
	t.false(walkTree(linked, { ...options, most: 13 }).whole);
});
