import test from "ava";
import { type ImageNode, ImageTree } from "../../../src/agent/initramfs/image-tree.js";

const file = (): ImageNode => ({ kind: "file", bytes: 1 });
const link = (target: string): ImageNode => ({ kind: "link", target });

test("links are followed within the tree alone", (t) => {
	const tree = new ImageTree();
	tree.place("usr/lib/x", file());
	tree.place("lib", link("usr/lib"));
	tree.place("a/out", link("../../../../usr/lib"));
	tree.place("a/absolute", link("/lib"));
	for (const path of ["/lib/x", "/a/out/x", "/a/absolute/x", "/lib/../lib/./x"])
		t.is(tree.find(path)?.path, "/usr/lib/x", path);
	t.is(tree.find("/../..")?.node, tree.root);
});

test("links that lead in a loop, or nowhere, lead nowhere", (t) => {
	const tree = new ImageTree();
	tree.place("a", link("b"));
	tree.place("b", link("a"));
	tree.place("c", link("missing/x"));
	for (const path of ["/a", "/a/x", "/c", "/missing"]) t.is(tree.find(path), undefined, path);
	t.is(tree.place("a/x", file()), undefined);
});

test("a file replaces what is there, and a directory that is there stays", (t) => {
	const tree = new ImageTree();
	tree.place("a", link("b"));
	tree.place("a", file());
	t.is(tree.find("/a")?.node.kind, "file");
	tree.place("d/x", file());
	tree.place("d", { kind: "directory", names: new Map() });
	t.is(tree.find("/d/x")?.node.kind, "file");
	t.is(tree.place("a/below", file()), undefined, "a file has nothing below it");
});

test("links that are made to take time end", (t) => {
	const tree = new ImageTree();
	const long = "a/".repeat(2000);
	tree.place(long, { kind: "directory", names: new Map() });
	for (let at = 0; at < 39; at++) tree.place(`l${at}`, link(`${"a/../".repeat(800)}l${at + 1}`));
	tree.place("l39", link("a"));
	let placed = 0;
	for (let at = 0; at < 2 ** 16 && !tree.isSpent; at++) {
		tree.place(`l0/f${at}`, file());
		placed++;
	}
	t.true(tree.isSpent);
	t.true(placed < 2 ** 12);
});
