// Replaces node-gyp-build in the bundle, for the one package that uses it: the binary's path is always the same.
"use strict";
const { dirname } = require("node:path");

module.exports = () => {
	const folder = dirname(require.resolve("netlink/package.json"));
	try {
		return require(`${folder}/prebuilds/linux-${process.arch}/node.napi.node`);
	} catch {
		// On another architecture the binary was compiled when the package was installed.
		return require(require.resolve("node-gyp-build", { paths: [folder] }))(folder);
	}
};
