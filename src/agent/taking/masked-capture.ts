// Replaces a machine's own values in a capture: which of its strings are read, and how files of configuration keep their order
// (docs/capture.md, "What is replaced"). Pure.

import { baseName } from "../../libkmod/text/base-name.js";
import type { Capture, CapturedDevice } from "../capture/capture.js";
import type { LastAnswer } from "../explaining/explanation.js";
import type { MaskedKind } from "./mask-patterns.js";
import type { MaskedPlace } from "./mask-places.js";
import { type MaskRules, makeMasker, type Replace } from "./masking.js";
import { formatPlaceholder, numberValues } from "./placeholders.js";
import { isMaskedProperty } from "./taken-properties.js";

export type Masked = {
	readonly capture: Capture;
	/** Does to a text of the machine, such as its plan, what was done to the capture. */
	maskText(text: string): string;
};

export function maskCapture(capture: Capture, rules: MaskRules): Masked {
	const mask = makeMasker(rules);
	const found = new Map<MaskedKind, Set<string>>();
	const collect: Replace = ({ kind, value }, raw) => {
		const known = found.get(kind);
		if (known === undefined) found.set(kind, new Set([value]));
		else known.add(value);
		return raw;
	};
	const collector = new CaptureMask((text, place) => mask(text, place, collect));
	// The names alone are read as well: they are renamed by themselves.
	collector.mask(capture);
	const numbers = numberValues(found);
	const replace: Replace = ({ kind, value }, raw) => formatPlaceholder(kind, numbers.get(kind)?.get(value) ?? 0, raw);
	const replacer = new CaptureMask((text, place) => mask(text, place, replace));
	return { capture: replacer.mask(capture), maskText: (text) => replacer.text(text) };
}

type MaskLine = (text: string, place: MaskedPlace) => string;

class CaptureMask {
	readonly #line: MaskLine;
	/** New paths by the old ones, the longest first, of files whose names change. */
	#renamed: readonly (readonly [string, string])[] = [];

	constructor(line: MaskLine) {
		this.#line = line;
	}

	mask(capture: Capture): Capture {
		const { files, devices, log, answers, mounts, lacks = [], rulesDirectory } = capture;
		const paths = this.#rename([...Object.keys(files), ...lacks], rulesDirectory);
		this.#renamed = [...paths].filter(([from, to]) => from !== to).sort(([a], [b]) => b.length - a.length);
		const renamed = (path: string): string => paths.get(path) ?? path;
		const one = (text: string): string => this.#line(text, "elsewhere");
		return {
			...capture,
			masked: true,
			devices: devices.map((device) => this.#device(device)),
			files: Object.fromEntries(
				Object.entries(files).map(([path, content]) => [renamed(path), this.#content(path, content)]),
			),
			...(rulesDirectory !== undefined && { rulesDirectory: one(rulesDirectory) }),
			...(log !== undefined && { log: log.map((record) => ({ ...record, text: one(record.text) })) }),
			...(answers !== undefined && { answers: answers.map((answer) => this.#answer(answer)) }),
			...(mounts !== undefined && {
				mounts: mounts.map((mount) => ({ ...mount, devices: mount.devices.map(one) })),
			}),
			...(lacks.length > 0 && { lacks: lacks.map(renamed).sort() }),
		};
	}

	/** Of any lines. Paths of files that were renamed get their new names. */
	text(text: string): string {
		for (const [from, to] of this.#renamed) {
			const at = text.indexOf(from);
			if (at >= 0) return this.text(text.slice(0, at)) + to + this.text(text.slice(at + from.length));
		}
		return this.#lines(text, "elsewhere");
	}

	#lines(text: string, place: MaskedPlace): string {
		return text
			.split("\n")
			.map((line) => this.#line(line, place))
			.join("\n");
	}

	#device(device: CapturedDevice): CapturedDevice {
		const one = (text: string): string => this.#line(text, "elsewhere");
		const { devpath, uevent, physicalNode, suppliers, slaves } = device;
		const property = (line: string): string => (isMaskedProperty(line) ? one(line) : line);
		return {
			...device,
			devpath: one(devpath),
			...(uevent !== undefined && { uevent: uevent.split("\n").map(property).join("\n") }),
			...(physicalNode !== undefined && { physicalNode: one(physicalNode) }),
			...(suppliers !== undefined && { suppliers: suppliers.map(one) }),
			...(slaves !== undefined && { slaves: slaves.map(one) }),
		};
	}

	#answer(answer: LastAnswer): LastAnswer {
		const one = (text: string): string => this.#line(text, "elsewhere");
		const { from, explanation } = answer;
		return {
			...answer,
			explanation: one(explanation),
			from:
				from.kind === "agent"
					? { ...from, socket: one(from.socket) }
					: { ...from, source: { ...from.source, file: one(from.source.file) } },
		};
	}

	#content(path: string, content: string): string {
		if (path === "/proc/modules" || path === "/proc/crypto") return content;
		return this.#lines(content, /\/modprobe\.d(?:\/|$)/.test(path) ? "modprobe.d" : "elsewhere");
	}

	/** The new path of each file of configuration, and of the directory of rules. All other paths stay. */
	#rename(paths: readonly string[], rulesDirectory: string | undefined): ReadonlyMap<string, string> {
		const groups = new Map<string, string[]>();
		for (const path of paths) {
			const group = groupOf(path, rulesDirectory);
			if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), baseName(path)]);
		}
		const names = new Map([...groups].map(([group, inGroup]) => [group, this.#orderNames(inGroup)]));
		const maskedRules = rulesDirectory === undefined ? "" : this.#line(rulesDirectory, "elsewhere");
		const renamed = new Map(rulesDirectory === undefined ? [] : [[rulesDirectory, maskedRules]]);
		for (const path of paths) {
			const group = groupOf(path, rulesDirectory);
			if (group === undefined) continue;
			const directory = directoryOf(path);
			const name = names.get(group)?.get(baseName(path)) ?? baseName(path);
			renamed.set(path, `${directory === rulesDirectory ? maskedRules : directory}/${name}`);
		}
		return renamed;
	}

	/** A name that changes goes on from the one before it: so it stays behind that one, and before the next. */
	#orderNames(names: readonly string[]): ReadonlyMap<string, string> {
		const renamed = new Map<string, string>();
		let last: string | undefined;
		for (const name of [...new Set(names)].sort()) {
			const masked = this.#line(name, "elsewhere");
			last = masked === name ? name : `${last ?? "!"}.${masked}`;
			renamed.set(name, last);
		}
		return renamed;
	}
}

/** Files of a group are read in the order of their names, whatever their directories. */
function groupOf(path: string, rulesDirectory: string | undefined): string | undefined {
	const directory = directoryOf(path);
	if (directory === "/etc/hotplugd/rules.d" || directory === rulesDirectory) return "rules";
	return /\/(?:modprobe|modules-load)\.d$/.test(directory) ? baseName(directory) : undefined;
}

const directoryOf = (path: string): string => path.slice(0, -baseName(path).length - 1);
