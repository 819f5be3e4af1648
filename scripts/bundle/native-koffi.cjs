// Replaces koffi in the bundle: loads its binary without the package's loader, which takes ten milliseconds to find it.
"use strict";
const { closeSync, openSync, readSync } = require("node:fs");

/** Whether node uses musl: the first page of its file names its dynamic linker. */
function isMusl() {
	const head = Buffer.alloc(4096);
	const node = openSync(process.execPath);
	readSync(node, head);
	closeSync(node);
	return head.includes("/ld-musl-");
}

function load() {
	const { arch } = process;
	try {
		return require(`@koromix/koffi-linux-${arch}/${isMusl() ? "musl" : "linux"}_${arch}/koffi.node`);
	} catch {
		// Another layout, or an architecture with another directory name: koffi's own loader finds the binary.
		return require("koffi");
	}
}

module.exports = load();
