// Stands in for koffi in the bundle: its binary without the loader around it, which takes ten milliseconds to find it.
"use strict";
const { closeSync, openSync, readSync } = require("node:fs");

/** The binary that node itself names as its dynamic linker stands in its first page. */
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
		// Another layout, or an architecture whose folder is named otherwise: koffi knows.
		return require("koffi");
	}
}

module.exports = load();
