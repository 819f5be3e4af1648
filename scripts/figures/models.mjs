// Figures of the projects that ours learns from, as counted in their public repositories in November 2026, and our own figures
// before the files were given rooms, as this script counts them. Sizes are lines, in the median and the largest file.

/** @type {readonly {name: string, language: string, median: number, largest: number, fullestFolder?: number}[]} */
export const models = [
	{ name: "sindresorhus/execa, lib", language: "JavaScript", median: 54, largest: 243, fullestFolder: 14 },
	{ name: "balena-io-modules/mahler", language: "TypeScript", median: 67, largest: 523 },
	{ name: "mdlayher/kobject", language: "Go", median: 69, largest: 125 },
	{ name: "skarnet mdevd", language: "C", median: 94, largest: 1061 },
	{ name: "isaacs/node-tar", language: "TypeScript", median: 101, largest: 1136 },
	{ name: "mdlayher/corerad", language: "Go", median: 105, largest: 817 },
	{ name: "Talos, its block devices", language: "Go", median: 120, largest: 159 },
	{ name: "zwave-js, packages/serial", language: "TypeScript", median: 126, largest: 1403 },
	{ name: "anatol/booster, tests", language: "Go", median: 173, largest: 766 },
	{ name: "kmod", language: "C", median: 201, largest: 2331 },
	{ name: "hotplugd, src before its rooms", language: "TypeScript", median: 70, largest: 332, fullestFolder: 68 },
];
