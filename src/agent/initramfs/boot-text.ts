// The verdict on an initramfs as text: first the sentence that a person can act on, then a line for each need, the ways and the
// remarks. Names from outside are escaped by the caller that prints the text. Pure.

import { formatFileLine } from "../../libkmod/formats/modprobe-config.js";
import { countThings } from "../../libkmod/text/word-lists.js";
import { type BootNeed, type BootVerdict, isLacking, type LackingNeed } from "./boot-need.js";

/** 0 when the image has all, 3 when it lacks something, 1 when the way to a disk could not be followed, or a need not judged. */
export function bootStatus(verdict: BootVerdict): 0 | 1 | 3 {
	if (verdict.needs.some(isLacking)) return 3;
	return isJudgedWhole(verdict) ? 0 : 1;
}

function isJudgedWhole({ mounts, needs }: BootVerdict): boolean {
	const isFollowed = mounts.some(({ at }) => at === "/") && mounts.every(({ lost }) => lost.length === 0);
	return isFollowed && !needs.some(({ verdict }) => verdict.is === "unknown");
}

/** Lines without line ends. */
export function formatBoot(verdict: BootVerdict): readonly string[] {
	const rows = [...verdict.needs].sort((a, b) => RANKS[a.verdict.is] - RANKS[b.verdict.is]).map(cellsOf);
	const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => cells[column]!.length), 0));
	return [
		bootSentence(verdict),
		...rows.map(
			([verdictWord, name, rest]) => `${verdictWord.padEnd(widths[0]!)}  ${name.padEnd(widths[1]!)}  ${rest}`,
		),
		...verdict.mounts.flatMap(({ lost }) => lost).map((sentence) => `not followed: ${sentence}`),
		...verdict.remarks.map((remark) => `remark: ${remark}`),
	];
}

const RANKS = { missing: 0, unknown: 1, "in the image": 2, "built in": 3 } as const;

/** The answer in one sentence, without a full stop. */
export function bootSentence(verdict: BootVerdict): string {
	const { image, mounts, needs } = verdict;
	const [first, ...more] = needs.filter(isLacking);
	if (first !== undefined) {
		const others = more.length === 0 ? "" : `; and it lacks ${countThings(more.length, "thing")} more`;
		return `the boot with ${image} ${failureOf(first)}: ${explainLack(first)} (${placeOfNeed(first)})${others}`;
	}
	const way = mounts.map(({ at }) => at).join(" and ");
	if (isJudgedWhole(verdict)) return `${image} has every driver on the way to ${way}`;
	const lost = mounts.flatMap((mount) => mount.lost)[0];
	if (lost !== undefined) return `whether the boot with ${image} finds its root disk cannot be told: ${lost}`;
	if (mounts.length === 0)
		return `whether the boot with ${image} finds its root disk cannot be told: the machine does not tell what is mounted at /`;
	return `${image} has every driver on the way to ${way} as far as that can be told: some needs could not be judged`;
}

/** What the boot will not do. The mount is the end of the way. */
function failureOf({ need, way }: BootNeed): string {
	const at = way.at(-1) ?? "/";
	if (need === "file system" || (need === "algorithm" && way.length === 1)) return `will not mount ${at}`;
	if (need === "algorithm") return `will not open ${way[0]}`;
	if (need === "keyboard")
		return `will not hear the passphrase for ${way.find((name) => name.startsWith("dm-")) ?? at}`;
	if (need === "network") return `will not reach ${at} over the network`;
	return at === "/" ? "will not find its root disk" : `will not find the disk of ${at}`;
}

/** Why, as a clause about the image, which is "it". */
export function explainLack({ name, need, verdict }: LackingNeed): string {
	const { module } = verdict;
	const named = need === "algorithm" && name !== module ? `${module}, for ${name},` : module;
	const of = "of" in verdict ? verdict.of : undefined;
	const subject = of === undefined ? named : `${of}, which ${module} needs,`;
	switch (verdict.cause) {
		case "no file":
			return `${subject} is not in it`;
		case "no index entry":
			return `its indexes do not lead to ${of ?? module}${verdict.alias === undefined ? "" : ` from ${verdict.alias}`}, whose file ${verdict.path} is there`;
		case "blacklisted":
			return `${subject} is blacklisted in it at ${formatFileLine(verdict.source)}`;
		case "install line":
			return `${subject} is replaced in it by a command that loads nothing, at ${formatFileLine(verdict.source)}`;
		case "other kernel":
			return `its modules are of the kernel ${verdict.release}, and ${subject.replace(/,$/, "")} is of another`;
	}
}

/** The device and its way: "/devices/...: /dev/nvme0n1 <- dm-0 <- /". */
function placeOfNeed({ device, way }: BootNeed): string {
	const chain = way.filter((name) => name !== device).join(" <- ");
	return device === undefined ? chain : `${device}: ${chain}`;
}

function cellsOf(need: BootNeed): readonly [string, string, string] {
	const { verdict } = need;
	const place = `${need.need} of ${placeOfNeed(need)}`;
	if (isLacking(need)) return ["missing", need.name, `${place}: ${explainLack(need)}`];
	if (verdict.is === "unknown") return ["unknown", need.name, `${place}: ${verdict.why}`];
	const instead = verdict.is === "in the image" && verdict.module !== need.name ? ` by ${verdict.module}` : "";
	return [verdict.is, need.name, `${place}${instead}`];
}
