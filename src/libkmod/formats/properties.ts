// A device's KEY=VALUE strings from the kernel: separated by NULs in a uevent, one a line in the file `uevent` of /sys
// (lib/kobject_uevent.c, Documentation/ABI/testing/sysfs-uevent). The text is searched on demand, since most keys are never
// asked for.

/** The properties of a device. When a key has several values, the last one counts, as in udev. */
export type Properties = {
	/** The value of a key, one byte a character. Undefined when the device has no such key. */
	get(key: string): string | undefined;
	/** All keys with their values, in order. */
	[Symbol.iterator](): Iterator<readonly [key: string, value: string]>;
};

/** @param separator stands between two strings; the text before the first separator is not a property */
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
		// A forward search is several times as fast as lastIndexOf.
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
