// Stands in for node-gyp-build in the bundle, for the one package that uses it: the binary lies where it always does.
"use strict";
const { dirname } = require("node:path");

module.exports = () => {
	const folder = dirname(require.resolve("netlink/package.json"));
	try {
		return require(`${folder}/prebuilds/linux-${process.arch}/node.napi.node`);
	} catch {
		// Another architecture: where it was compiled on installing.
		return require(require.resolve("node-gyp-build", { paths: [folder] }))(folder);
	}
};
