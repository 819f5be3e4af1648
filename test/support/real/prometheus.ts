// A strict parser of Prometheus' text format, version 0.0.4: it throws for everything that could fail in a scraper.

export type Sample = {
	readonly name: string;
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
};

export type Family = { readonly type: string; readonly help: string; readonly samples: readonly Sample[] };

export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
	if (!text.endsWith("\n")) throw new Error("the last line does not end");
	const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
	let family = "";
	for (const line of text.slice(0, -1).split("\n")) {
		if (line === "") continue;
		const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line) ?? [];
		const known = families.get(name || family);
		if (keyword === "HELP") {
			if (known !== undefined) throw new Error(`${name} comes twice`);
			families.set(name, { type: "", help: unescapeText(rest, /\\(?![\\n])/), samples: [] });
			family = name;
		} else if (keyword === "TYPE") {
			if (name !== family || known === undefined || known.type !== "" || known.samples.length > 0)
				throw new Error(`the type of ${name} stands in the wrong place`);
			if (!/^(?:counter|gauge|histogram|summary|untyped)$/.test(rest)) throw new Error(`${name} is a ${rest}`);
			known.type = rest;
		} else if (line.startsWith("#")) throw new Error(`strange comment: ${line}`);
		else addSample(known, family, parseSample(line));
	}
	for (const [name, { type, samples }] of families) {
		if (type === "") throw new Error(`${name} has no type`);
		if (type === "histogram") checkHistogram(name, samples);
		else if (type === "counter" && samples.some(({ value }) => !(value >= 0))) throw new Error(`${name} is below 0`);
	}
	return families;
}

function addSample(family: { type: string; samples: Sample[] } | undefined, name: string, sample: Sample): void {
	const allowed = family?.type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name];
	if (family === undefined || !allowed.includes(sample.name)) throw new Error(`${sample.name} stands under ${name}`);
	const identity = ({ name: of, labels }: Sample) => `${of}${JSON.stringify(Object.entries(labels).sort())}`;
	if (family.samples.some((other) => identity(other) === identity(sample)))
		throw new Error(`${sample.name} comes twice`);
	family.samples.push(sample);
}

function parseSample(line: string): Sample {
	const [whole, name, inBraces = "", value = ""] =
		/^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (-?(?:[0-9.]+(?:e[+-]?\d+)?|\+?Inf|NaN))$/.exec(
			line,
		) ?? [];
	if (whole === undefined || name === undefined) throw new Error(`no sample: ${line}`);
	const labels: Record<string, string> = {};
	for (const [, label = "", text = ""] of inBraces.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
		if (label in labels) throw new Error(`${label} comes twice: ${line}`);
		labels[label] = unescapeText(text, /\\(?![\\n"])/);
	}
	const number = Number(value);
	if (Number.isNaN(number)) throw new Error(`no number: ${line}`);
	return { name, labels, value: number };
}

function unescapeText(text: string, wrong: RegExp): string {
	if (wrong.test(text.replaceAll("\\\\", ""))) throw new Error(`strange escape: ${text}`);
	return text.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
	const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
	const bounds = buckets.map(({ labels }) => (labels.le === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels.le)));
	if (bounds.length < 2 || bounds.at(-1) !== Number.POSITIVE_INFINITY) throw new Error(`${name} lacks buckets`);
	for (const [place, bound] of bounds.entries()) {
		if (place > 0 && !(bound > bounds[place - 1]!)) throw new Error(`bounds of ${name} do not grow`);
		if (place > 0 && buckets[place]!.value < buckets[place - 1]!.value) throw new Error(`${name} is not cumulative`);
	}
	const count = samples.find((sample) => sample.name === `${name}_count`)?.value;
	if (count === undefined || count !== buckets.at(-1)?.value)
		throw new Error(`the count of ${name} is not its last bucket`);
	if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name} has no sum`);
}
