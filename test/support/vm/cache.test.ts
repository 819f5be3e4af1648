// The cache of assets.
import { existsSync, mkdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { asset, cache } from "./cache.js";

const name = `test-${process.pid}`;
test.afterEach.always(() => rmSync(join(cache, name), { force: true }));

test.serial("of those who ask for an asset at once, one makes it", async (t) => {
	let made = 0;
	const make = async (path: string) => {
		made++;
		t.false(existsSync(join(cache, name)));
		writeFileSync(path, "whole");
	};
	const paths = await Promise.all([asset(name, make), asset(name, make), asset(name, make)]);
	t.deepEqual(paths, Array(3).fill(join(cache, name)));
	t.is(made, 1);
});

test.serial("an asset whose making failed is made again, without what was left", async (t) => {
	const fail = async (path: string) => {
		writeFileSync(path, "half");
		throw new Error("no space");
	};
	await t.throwsAsync(asset(name, fail), { message: "no space" });
	t.false(existsSync(join(cache, name)));
	await asset(name, async (path) => {
		t.false(existsSync(path));
		writeFileSync(path, "whole");
	});
	t.true(existsSync(join(cache, name)));
});

test.serial("what a killed process left of an asset is removed, and what it still writes to is not used", async (t) => {
	const left = [`${name}.part`, `${name}.part-1`, `${name}.part-1.tree`].map((draft) => join(cache, draft));
	for (const draft of left) mkdirSync(join(draft, "inner"), { recursive: true });
	await asset(name, async (path) => {
		t.false(left.includes(path));
		for (const draft of left) t.false(existsSync(draft));
		writeFileSync(path, "whole");
	});
});

test.serial("an asset's time says when it was last asked for", async (t) => {
	const path = await asset(name, async (draft) => writeFileSync(draft, "whole"));
	utimesSync(path, 1, 1);
	await asset(name, () => Promise.reject(new Error("there is one")));
	t.true(statSync(path).mtimeMs > Date.now() - 3600_000);
});
