// Places in a text that tell what stands there: what stays whatever it is, and slots, which hold the name of a host, a disk or a
// user whatever it is (docs/capture.md, rules 1 and 10). A line is surveyed once, so that its words take time in proportion to its
// length. Pure.

/** The text is a line of a file of modprobe.d. */
export type MaskedPlace = "modprobe.d" | "elsewhere";

/** A place goes from the end of each match of `from` to the next of the characters `to`, or to the line's end where there is none. */
type Place = { readonly from: RegExp; readonly to: string };

const STAYS: readonly Place[] = [
	{ from: /\/lib\/modules\//g, to: " \t\"'" },
	{
		from: /(?:^|[\][ \t"'(),=])(?:acpi|auxiliary|dmi|hid|i2c|ishtp|mei|of|pci|platform|tee|usb|vmbus|wmi):/g,
		to: " \t\"'",
	},
	{ from: /(?:^|[ \t"])(?:modprobe\.blacklist|module_blacklist|rd\.driver\.[a-z]+)=/g, to: " \t" },
];

/** The words of a line that name modules and aliases. */
const STAYS_IN_MODPROBE: readonly Place[] = [
	{ from: /^[ \t]*(?:blacklist|options|install|remove)[ \t]+/g, to: " \t" },
	{ from: /^[ \t]*alias[ \t]+/g, to: " \t" },
	{ from: /^[ \t]*alias[ \t]+[^ \t]+[ \t]+/g, to: " \t" },
	{ from: /^[ \t]*(?:softdep|weakdep)[ \t]/g, to: "" },
];

/** The fifth field of ip=, the name of the host (Documentation/admin-guide/nfs/nfsroot.rst). */
const HOST_IN_IP: Place = { from: /(?:^|[ \t])"?ip=(?:(?:[^\][: \t]|\[[^\] \t]*\])*:){4}/g, to: "][: \t" };

/** A password may have any character. */
const SECRETS: Place = {
	from: /(?:^|[^a-z0-9])(?:pass|password|passwd|passphrase|secret|token|psk)[ \t]*=[ \t]*["']?/gi,
	to: " \t\"'",
};

/** Parameters of the kernel command line whose values are all names. */
const PRIVATE_PARAMETERS: Place = {
	from: /(?:^|[ \t])"?(?:rd\.luks[^ \t=]*|rd\.lvm[^ \t=]*|rd\.md[^ \t=]*|rd\.iscsi[^ \t=]*|rd\.nvmf[^ \t=]*|rd\.zfcp|rd\.znet|luks[^ \t=]*|zfs|root=ZFS|cryptdevice|cryptkey|crypto|iscsi[^ \t=]*|netroot|nfsroot|nfsaddrs|fcoe|dm[-_]mod\.create|systemd\.hostname|systemd\.mount-extra)=/g,
	to: " \t",
};

/** What the places of one line tell of the word that begins at an index. The indexes must grow from call to call. */
export type LinePlaces = {
	/** Whether the word stays, whatever it is. */
	stays(at: number): boolean;
	/** Whether the word is in a slot, whatever the word. */
	isInSlot(at: number): boolean;
	/** Whether the word is in the value of a parameter whose value is all names. */
	isInPrivateParameter(at: number): boolean;
};

export function surveyLine(line: string, place: MaskedPlace): LinePlaces {
	const stays = findPlaces(line, place === "modprobe.d" ? [...STAYS, ...STAYS_IN_MODPROBE] : STAYS);
	const slots = findPlaces(line, [HOST_IN_IP, SECRETS]);
	return {
		stays,
		isInSlot: (at) => slots(at) || isBehindPathOrKey(line, at),
		isInPrivateParameter: findPlaces(line, [PRIVATE_PARAMETERS]),
	};
}

function findPlaces(line: string, places: readonly Place[]): (at: number) => boolean {
	const found = places
		.flatMap(({ from, to }) =>
			Array.from(line.matchAll(from), ({ index, 0: whole }) => {
				const start = index + whole.length;
				return { start, end: endOf(line, start, to) };
			}),
		)
		.sort((a, b) => a.start - b.start);
	let next = 0;
	let end = -1;
	return (at) => {
		for (; next < found.length && found[next]!.start <= at; next++) end = Math.max(end, found[next]!.end);
		return at <= end;
	};
}

function endOf(line: string, start: number, to: string): number {
	let end = start;
	while (end < line.length && !to.includes(line[end]!)) end++;
	return end;
}

const PATHS: readonly string[] = [
	...["/home/", "/media/", "/dev/mapper/", "/dev/md/"],
	...["id", "label", "partlabel", "uuid", "partuuid"].map((by) => `/dev/disk/by-${by}/`),
];

const KEY =
	/(?:^|[^a-z0-9])(?:label|partlabel|partname|uuid|partuuid|ptuuid|hostname|host|user|username|ssid|essid|serial|serialno|serialnumber|serial_number|iserial|iserialnumber|uniq|zfs)$/i;
/** Of a key and what is before it: longer than any key. */
const KEY_CHARACTERS = 16;

/** Whether what is before a word, without what may begin a value, ends in one of the paths, or in a key and `=`. */
function isBehindPathOrKey(line: string, at: number): boolean {
	let end = skipBack(line, at, "-@.+%~_");
	if (line[end - 1] === "/") return PATHS.some((path) => line.endsWith(path, end)) || isBehindMedia(line, end);
	if (line[end - 1] === '"' || line[end - 1] === "'") end--;
	end = skipBack(line, end, " \t");
	if (line[end - 1] !== "=") return false;
	end = skipBack(line, end - 1, " \t");
	return KEY.test(line.slice(Math.max(0, end - KEY_CHARACTERS), end));
}

function skipBack(line: string, from: number, characters: string): number {
	let end = from;
	while (end > 0 && characters.includes(line[end - 1]!)) end--;
	return end;
}

/** /media/USER/LABEL */
function isBehindMedia(line: string, end: number): boolean {
	const start = line.lastIndexOf("/", end - 2) + 1;
	return start < end - 1 && line.endsWith("/media/", start) && !/[ \t]/.test(line.slice(start, end - 1));
}

/** What the value of a slot is made of. */
export const SLOT_VALUE = /[^ \t\r\n"'`,;:/=()<>|&$]+/y;
