// KEY=VALUE strings as the kernel tells them of a device: in a uevent each behind a NUL, in the file `uevent` of /sys each a line
// (lib/kobject_uevent.c, Documentation/ABI/testing/sysfs-uevent). Searched when one is asked for: most never are.

/** What is known of a device beside its path. Of several values of one key the last counts, as for udev. */
export type Properties = {
	/** A byte a character. */
	get(key: string): string | undefined;
	/** Every key with its value, in their order. */
	[Symbol.iterator](): Iterator<readonly [key: string, value: string]>;
};

/** @param separator stands between two strings; what stands before the first one is none. */
export function parseProperties(text: string, separator: "\0" | "\n"): Properties {
	return new SearchedText(text, separator);
}

class SearchedText implements Properties {
	readonly #text: string;
	readonly #separator: string;

	constructor(text: string, separator: string) {
		this.#text = text;
		this.#separator = separator;
	}

	get(key: string): string | undefined {
		const sought = `${this.#separator}${key}=`;
		let found = this.#text.indexOf(sought);
		if (found < 0) return undefined;
		// Forward, which is several times as quick as lastIndexOf.
		for (let next = found; next >= 0; next = this.#text.indexOf(sought, next + 1)) found = next;
		const start = found + sought.length;
		const end = this.#text.indexOf(this.#separator, start);
		return this.#text.slice(start, end < 0 ? undefined : end);
	}

	*[Symbol.iterator](): Generator<readonly [key: string, value: string]> {
		const values = new Map<string, string>();
		for (const string of this.#text.split(this.#separator).slice(1)) {
			const equals = string.indexOf("=");
			if (equals > 0) values.set(string.slice(0, equals), string.slice(equals + 1));
		}
		yield* values;
	}
}
