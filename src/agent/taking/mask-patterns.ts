// Values that masking knows by their shape: rules 2 to 9 of docs/capture.md. Pure.

import { fold, isBounded, WORD_CHARACTER } from "./folding.js";

/** The kinds of values, each of which is numbered by itself. */
export type MaskedKind = "uuid" | "mac" | "wwn" | "iqn" | "ip4" | "ip6" | "host" | "user" | "disk" | "serial" | "name";

/** A value at a place of a text. */
export type FoundValue = {
	readonly kind: MaskedKind;
	/** By which equal values are known: hexadecimal digits in small letters, or the folded text. */
	readonly value: string;
	readonly length: number;
	/** Characters at the beginning that stay, such as `0x`. 0 when absent. */
	readonly kept?: number;
};

type Pattern = (text: string, at: number) => FoundValue | undefined;

/** The value whose shape begins at a word. The patterns are tried in the order of the page. */
export function findPattern(text: string, at: number): FoundValue | undefined {
	for (const pattern of patterns) {
		const found = pattern(text, at);
		if (found !== undefined) return found;
	}
	return undefined;
}

/** The 32 hexadecimal digits, in small letters, of each UUID in a text. */
export function listUuids(text: string): readonly string[] {
	const uuids: string[] = [];
	for (const { index } of text.matchAll(WORDS)) {
		const found = findUuid(text, index);
		if (found !== undefined) uuids.push(found.value);
	}
	return uuids;
}

const WORDS = new RegExp(`${WORD_CHARACTER}+`, "g");

const UUID = /[0-9a-f]{8}(-|_|\\x2d)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}|[0-9a-f]{32}/iy;

function findUuid(text: string, at: number): FoundValue | undefined {
	const shape = matchAt(UUID, text, at);
	if (shape === undefined) return undefined;
	return { kind: "uuid", value: hexDigits(shape.replaceAll(/\\x2d/gi, "")), length: shape.length };
}

const PAIR = /[0-9a-f]{2}/iy;
const LEAST_PAIRS = 6;

/** A MAC address, or the longer addresses of Infiniband and of Fibre Channel. */
function findPairs(text: string, at: number): FoundValue | undefined {
	const separator = text[at + 2] ?? "";
	if (!/[:\-_.]/.test(separator)) return undefined;
	let pairs = 0;
	for (let next = at; matchAt(PAIR, text, next) !== undefined; next += 3) {
		pairs++;
		if (text[next + 2] !== separator) break;
	}
	if (pairs < LEAST_PAIRS) return undefined;
	const length = 3 * pairs - 1;
	// BOOTIF= of PXELINUX has the kind of hardware in front: 01 is Ethernet.
	const kept = pairs === LEAST_PAIRS + 1 && text.startsWith("01-", at) ? 3 : 0;
	return { kind: "mac", value: hexDigits(text.slice(at + kept, at + length)), length, kept };
}

const TWELVE_DIGITS = /[0-9a-f]{12}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}/iy;

function findTwelveDigits(text: string, at: number): FoundValue | undefined {
	const shape = matchAt(TWELVE_DIGITS, text, at);
	return shape === undefined ? undefined : { kind: "mac", value: hexDigits(shape), length: shape.length };
}

/** A network interface that udev has named by its address (systemd.net-naming-scheme(7)). */
const INTERFACE_NAME = /(?:en|wl|ww|sl|ib)x[0-9a-f]{12}/iy;

function findInterfaceName(text: string, at: number): FoundValue | undefined {
	const shape = matchAt(INTERFACE_NAME, text, at);
	return shape === undefined
		? undefined
		: { kind: "mac", value: hexDigits(shape.slice(3)), length: shape.length, kept: 3 };
}

/** The name of a disk that is the same the world over (WWN, NAA and EUI-64); behind a 3 as multipath and scsi_id(8) write it. */
const WORLD_WIDE_NAME =
	/(0x)[1235][0-9a-f]{15}|(naa\.|eui\.)(?:[0-9a-f]{32}|[0-9a-f]{16})|(3)(?:[1235][0-9a-f]{15}|6[0-9a-f]{31})/iy;

function findWorldWideName(text: string, at: number): FoundValue | undefined {
	const shape = matchAt(WORLD_WIDE_NAME, text, at);
	if (shape === undefined) return undefined;
	const kept = shape.startsWith("3") ? 1 : shape.startsWith("0") ? 2 : 4;
	return { kind: "wwn", value: hexDigits(shape.slice(kept)), length: shape.length, kept };
}

const STORAGE_NAME = new RegExp(String.raw`(?:iqn|nqn)\.\d{4}-\d{2}(?:${WORD_CHARACTER}|[.:_-])*`, "y");

/** A qualified name of iSCSI or NVMe. */
function findStorageName(text: string, at: number): FoundValue | undefined {
	STORAGE_NAME.lastIndex = at;
	const shape = STORAGE_NAME.exec(text)?.[0];
	return shape === undefined ? undefined : { kind: "iqn", value: fold(shape), length: shape.length, kept: 3 };
}

const IP4 = /(\d{1,3})\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.\d)/y;
/** Addresses that are the same on every machine, and netmasks. */
const NO_ADDRESS: ReadonlySet<string> = new Set(["0", "127", "255"]);

function findIp4(text: string, at: number): FoundValue | undefined {
	const shape = matchAt(IP4, text, at);
	// Ports of hubs behind each other, as in the USB devices 1-1.2.3.4 and 1-1.2.3.4.5.
	if (
		shape === undefined ||
		/\d[-.]/.test(text.slice(Math.max(0, at - 2), at)) ||
		NO_ADDRESS.has(shape.slice(0, shape.indexOf(".")))
	)
		return undefined;
	return { kind: "ip4", value: shape, length: shape.length };
}

const IP6 = /[0-9a-f:.]+(?=\])/iy;

function findIp6(text: string, at: number): FoundValue | undefined {
	if (text[at - 1] !== "[") return undefined;
	IP6.lastIndex = at;
	const shape = IP6.exec(text)?.[0];
	if (shape === undefined || shape.split(":").length < 3) return undefined;
	return { kind: "ip6", value: shape.toLowerCase(), length: shape.length };
}

const patterns: readonly Pattern[] = [
	findUuid,
	findPairs,
	findTwelveDigits,
	findInterfaceName,
	findWorldWideName,
	findStorageName,
	findIp4,
	findIp6,
];

/** What a sticky expression matches, where no character of a word follows. */
function matchAt(expression: RegExp, text: string, at: number): string | undefined {
	expression.lastIndex = at;
	const shape = expression.exec(text)?.[0];
	return shape !== undefined && isBounded(text, at + shape.length) ? shape : undefined;
}

const hexDigits = (text: string): string => text.replaceAll(/[^0-9A-Fa-f]/g, "").toLowerCase();
