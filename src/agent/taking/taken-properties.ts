// The lines of a device's `uevent` that are taken: those whose keys decide something, here or in a rule of policy (docs/capture.md).
// A key may hold the name of its owner's headphones. Pure.

/** Keys whose values are of the machine's type, and hold nothing of its own. */
const OF_THE_TYPE: ReadonlySet<string> = new Set(
	"MODALIAS DEVTYPE DRIVER MAJOR MINOR IFINDEX PRODUCT TYPE EV KEY REL ABS MSC LED SND FF SW PROP HID_ID".split(" "),
);
const WITH_NAMES: ReadonlySet<string> = new Set(["DEVNAME", "INTERFACE"]);

const keyOf = (line: string): string => line.split("=", 1)[0] ?? "";
const isOfTheType = (key: string): boolean => OF_THE_TYPE.has(key) || /^(?:PCI_|OF_)/.test(key);

/** The lines that are taken. @param more keys that rules of policy name */
export function takeProperties(uevent: string, more: ReadonlySet<string>): string {
	return uevent
		.split("\n")
		.filter((line) => {
			const key = keyOf(line);
			return key !== line && (isOfTheType(key) || WITH_NAMES.has(key) || more.has(key));
		})
		.join("\n");
}

/** Whether masking reads a line. */
export const isMaskedProperty = (line: string): boolean => !isOfTheType(keyOf(line));

/** Every word in files of rules, which are without comments: a superset of the keys that the rules name. */
export function listRuleWords(rules: Iterable<string>): ReadonlySet<string> {
	const words = new Set<string>();
	for (const text of rules) for (const [word] of text.matchAll(/[A-Za-z0-9_]+/g)) words.add(word);
	return words;
}
