// The cache of assets.
import {
	appendFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	truncateSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import test from "ava";
import { asset, cache, forget, lastAsked, wholeDirectories } from "./cache.js";

const name = `test-${process.pid}`;
test.afterEach.always(() => forget(name));

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
	await t.throwsAsync(asset(name, fail), { message: `cannot make ${join(cache, name)}: no space` });
	t.deepEqual(
		readdirSync(cache).filter((other) => other.startsWith(name)),
		[],
	);
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
	const path = await asset(name, async (draft) => {
		writeFileSync(draft, "whole");
		utimesSync(draft, 1, 1);
	});
	const seal = join(cache, "seals", name);
	utimesSync(seal, 1, 1);
	t.is(lastAsked(name), 1000);
	await asset(name, () => Promise.reject(new Error("there is one")));
	t.is(statSync(path).mtimeMs, 1000);
	t.true(lastAsked(name) > Date.now() - 3600_000);
});

/** Damages to an asset in the cache. */
const damages: Readonly<Record<string, (path: string) => void>> = {
	"is cut off": (path) => truncateSync(path, 3),
	"has grown": (path) => appendFileSync(path, "more"),
	"is written over": (path) => writeFileSync(path, "WHOLE"),
	"is empty": (path) => writeFileSync(path, ""),
	"has no seal": () => rmSync(join(cache, "seals", name)),
	"has half a seal": () => truncateSync(join(cache, "seals", name), 9),
};

for (const [damage, inflict] of Object.entries(damages)) {
	test.serial(`an asset that ${damage} is made again`, async (t) => {
		const make = async (path: string) => writeFileSync(path, "whole");
		const path = await asset(name, make);
		inflict(path);
		t.is(await asset(name, make), path);
		t.is(readFileSync(path, "utf8"), "whole");
	});
}

test.serial("of an asset that is checked even a bit that changed by itself is seen", async (t) => {
	const make = async (path: string) => writeFileSync(path, "whole");
	const path = await asset(name, make, { checked: true });
	const { atime, mtime } = statSync(path);
	writeFileSync(path, "whomp");
	utimesSync(path, atime, mtime);
	await asset(name, make, { checked: true });
	t.is(readFileSync(path, "utf8"), "whole");
});

test.serial("a directory in which a file is missing, or another than it was, is made again", async (t) => {
	const make = async (path: string) => {
		mkdirSync(join(path, "inner"), { recursive: true });
		writeFileSync(join(path, "inner", "file"), "whole");
	};
	const file = join(await asset(name, make), "inner", "file");
	for (const inflict of [() => rmSync(file), () => writeFileSync(file, "damaged")]) {
		inflict();
		// A process checks a directory only once.
		wholeDirectories.clear();
		await asset(name, make);
		t.is(readFileSync(file, "utf8"), "whole");
	}
});
