// Places in a text that tell what stands there: what stays whatever it is, and slots, which hold the name of a host, a disk or a
// user whatever it is (docs/capture.md, rules 1 and 10). All expressions are matched with what is before a word. Pure.

/** The text is a line of a file of modprobe.d. */
export type MaskedPlace = "modprobe.d" | "elsewhere";

/** An expression, and one that is cheap and holds in every line in which the first can: most lines have none of these words. */
type Rule = { readonly needs: RegExp; readonly matches: RegExp };

const STAYS: readonly Rule[] = [
	{ needs: /\/lib\/modules\//, matches: /\/lib\/modules\/[^ \t"']*$/ },
	{
		needs: /[a-z2]:/,
		matches:
			/(?:^|[\][ \t"'(),=])(?:acpi|auxiliary|dmi|hid|i2c|ishtp|mei|of|pci|platform|tee|usb|vmbus|wmi):[^ \t"']*$/,
	},
	{
		needs: /blacklist=|rd\.driver/,
		matches: /(?:^|[ \t"])(?:modprobe\.blacklist|module_blacklist|rd\.driver\.[a-z]+)=[^ \t]*$/,
	},
];

/** The words of a line that name modules and aliases. */
const STAYS_IN_MODPROBE: readonly RegExp[] = [
	/^[ \t]*(?:blacklist|options|install|remove)[ \t]+[^ \t]*$/,
	/^[ \t]*alias[ \t]+[^ \t]*$/,
	/^[ \t]*alias[ \t]+[^ \t]+[ \t]+[^ \t]*$/,
	/^[ \t]*(?:softdep|weakdep)[ \t]/,
];

const PATHS =
	/(?:\/home\/|\/media\/|\/media\/[^/ \t]+\/|\/dev\/mapper\/|\/dev\/md\/|\/dev\/disk\/by-(?:id|label|partlabel|uuid|partuuid)\/)[-@.+%~_]*$/;
const KEYS =
	/(?:^|[^a-z0-9])(?:label|partlabel|partname|uuid|partuuid|ptuuid|hostname|host|user|username|pass|password|passwd|passphrase|secret|token|psk|ssid|essid|serial|serialnumber|serial_number|iserial|iserialnumber|uniq|zfs)[ \t]*=[ \t]*["']?[-@.+%~_]*$/;
const SLOTS: readonly Rule[] = [
	// The fifth field of ip=, the name of the host (Documentation/admin-guide/nfs/nfsroot.rst).
	{ needs: /ip=/, matches: /(?:^|[ \t])"?ip=(?:(?:[^\][: \t]|\[[^\] \t]*\])*:){4}[^\][: \t]*$/ },
];
/** Parameters of the kernel command line whose values are all names. */
const PRIVATE_PARAMETERS: readonly Rule[] = [
	{
		needs: /(?:rd\.|luks|zfs|ZFS|crypt|iscsi|netroot|nfs|fcoe|mod\.create|systemd\.)[^ =]*=/,
		matches:
			/(?:^|[ \t])"?(?:rd\.luks[^ =]*|rd\.lvm[^ =]*|rd\.md[^ =]*|rd\.iscsi[^ =]*|rd\.nvmf[^ =]*|rd\.zfcp|rd\.znet|luks[^ =]*|zfs|root=ZFS|cryptdevice|cryptkey|crypto|iscsi[^ =]*|netroot|nfsroot|nfsaddrs|fcoe|dm[-_]mod\.create|systemd\.hostname|systemd\.mount-extra)=[^ \t]*$/,
	},
];

/** What the places of one line tell. Each function is given what is before a word. */
export type LinePlaces = {
	/** Whether the word stays, whatever it is. */
	stays(before: string): boolean;
	/** Whether the word is in a slot, whatever the word. */
	isInSlot(before: string): boolean;
	/** Whether the word is in the value of a parameter whose value is all names. */
	isInPrivateParameter(before: string): boolean;
};

export function surveyLine(line: string, place: MaskedPlace): LinePlaces {
	const possible = (rules: readonly Rule[]): readonly RegExp[] =>
		rules.filter(({ needs }) => needs.test(line)).map(({ matches }) => matches);
	const stays = [...possible(STAYS), ...(place === "modprobe.d" ? STAYS_IN_MODPROBE : [])];
	const slots = possible(SLOTS);
	const parameters = possible(PRIVATE_PARAMETERS);
	return {
		stays: (before) => stays.some((expression) => expression.test(before)),
		isInSlot: (before) => isInPathOrKey(before) || slots.some((expression) => expression.test(before)),
		isInPrivateParameter: (before) => parameters.some((expression) => expression.test(before)),
	};
}

/** The last character other than those that may begin a value tells which expression can match. */
function isInPathOrKey(before: string): boolean {
	let end = before.length;
	while (end > 0 && "-@.+%~_".includes(before[end - 1]!)) end--;
	if (before[end - 1] === "/") return PATHS.test(before);
	while (end > 0 && " \t\"'".includes(before[end - 1]!)) end--;
	return before[end - 1] === "=" && KEYS.test(before.toLowerCase());
}

/** What the value of a slot is made of. */
export const SLOT_VALUE = /[^ \t\r\n"'`,;:/=()<>|&$]+/y;
