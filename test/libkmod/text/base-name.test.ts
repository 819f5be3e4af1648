import test from "ava";
import { baseName } from "../../../src/libkmod/text/base-name.js";

for (const [path, name] of [
	["/devices/pci0000:00", "pci0000:00"],
	["lo", "lo"],
	["/a/", ""],
	["", ""],
] as const)
	test(`the last part of "${path}" is "${name}"`, (t) => t.is(baseName(path), name));
