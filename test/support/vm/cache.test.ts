// The cache of assets.
import { existsSync, rmSync, writeFileSync } from "node:fs";
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
