// Reads and writes a capture: JSON in UTF-8, in which a byte that is no UTF-8 stands as itself or as \udcXX. Pure. Checks are
// written by hand, since a fleet has a hundred thousand captures: the value that JSON.parse makes is checked, and not copied. Fields
// that are not known are passed over, so that a version may get new ones.

import { HotplugdError } from "../../libkmod/kernel/errors.js";
import { formatJson } from "../../libkmod/text/byte-strings.js";
import { CAPTURE_VERSION, type Capture } from "./capture.js";
import { findCaptureFault } from "./capture-checks.js";
import { explainTooMuchJson } from "./json-depth.js";

/** A capture of a large server with its indexes has 4 MiB. */
export const MOST_CAPTURE_BYTES = 64 * 2 ** 20;

/** The bytes are no capture that can be used. The message is one sentence about the file: "it is cut off: ...". */
export class MalformedCapture extends HotplugdError {
	override readonly name = "MalformedCapture";
	override readonly code = "ERR_MALFORMED_CAPTURE";
}

/** Parses the bytes of one capture. All strings of the result have one character a byte. @throws {MalformedCapture} */
export function parseCapture(bytes: Uint8Array): Capture {
	if (bytes.byteLength > MOST_CAPTURE_BYTES)
		throw new MalformedCapture(`it is larger than ${MOST_CAPTURE_BYTES / 2 ** 20} MiB, the limit for a capture`);
	const value = parseByteJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"));
	if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, MARK))
		throw new MalformedCapture(`it is no capture: the field ${MARK} is not there`);
	needVersion((value as Readonly<Record<string, unknown>>)[MARK]);
	const fault = findCaptureFault(value as Readonly<Record<string, unknown>>);
	if (fault !== undefined) throw new MalformedCapture(fault);
	return value as Capture;
}

/** The field whose name tells a capture from other JSON. */
const MARK = "hotplugdCapture";

function needVersion(version: unknown): void {
	if (version === CAPTURE_VERSION) return;
	if (typeof version === "number" && Number.isSafeInteger(version) && version > CAPTURE_VERSION)
		throw new MalformedCapture(
			`it is a capture of version ${version}, and this hotplugd reads version ${CAPTURE_VERSION}: a later hotplugd reads it`,
		);
	throw new MalformedCapture(`it is no capture: ${MARK} is no version that there is`);
}

/** The capture as one line of JSON, with a line end. */
export const formatCapture = (capture: Capture): string => `${formatJson(capture)}\n`;

/**
 * Parses JSON that is given one character a byte into a value whose strings are so as well: what is not escaped comes out as it is.
 * @throws {MalformedCapture}
 */
function parseByteJson(text: string): unknown {
	const tooMuch = explainTooMuchJson(text);
	if (tooMuch !== undefined) throw new MalformedCapture(tooMuch);
	try {
		return JSON.parse(hasWideEscape(text) ? withoutWideEscapes(text) : text);
	} catch (error) {
		if (!(error instanceof SyntaxError)) throw error;
		throw new MalformedCapture(explainSyntax(text));
	}
}

const WIDE_ESCAPE = /\\u(?!00[0-7])/i;

const hasWideEscape = (text: string): boolean => text.includes("\\u") && WIDE_ESCAPE.test(text);

/** An escape, of which only those of a character beyond ASCII have groups: a pair of surrogates, or one unit of UTF-16. */
const ESCAPES = /\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u(?!00[0-7])([0-9a-f]{4})|.)/gis;

/** The same JSON with the UTF-8 bytes of what is escaped; \udc80 to \udcff stand for a byte each, as everywhere. */
function withoutWideEscapes(text: string): string {
	return text.replace(ESCAPES, (whole, high?: string, low?: string, unit?: string) => {
		if (high !== undefined && low !== undefined) return encode([high, low]);
		return unit === undefined ? whole : encode([unit]);
	});
}

function encode(units: readonly string[]): string {
	const codes = units.map((unit) => Number.parseInt(unit, 16));
	const [first = 0] = codes;
	if (codes.length === 1 && first >= 0xdc80 && first <= 0xdcff) return String.fromCharCode(first & 0xff);
	return Buffer.from(String.fromCharCode(...codes), "utf8").toString("latin1");
}

/** V8's own message quotes the text, which may hold anything: only the place in it is told. */
function explainSyntax(text: string): string {
	if (/^[\t\n\r ]*$/.test(text)) return "it is empty";
	const message = messageOf(text);
	const [, place] = /at position (\d+)/.exec(message) ?? [];
	const isCutOff = /^Unterminated|end of JSON input/.test(message) || Number(place) >= text.length;
	if (isCutOff) return `it is cut off: its JSON does not end (${text.length} bytes)`;
	return place === undefined ? "it is no JSON" : `it is no JSON: byte ${place} is not what could stand there`;
}

/** Escapes are as they were, so that a place in the text is a place in the file. */
function messageOf(text: string): string {
	try {
		JSON.parse(text);
		return "";
	} catch (error) {
		return (error as Error).message;
	}
}
