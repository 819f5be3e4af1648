// Places in a text that tell what stands there: what stays whatever it is, and slots, which hold the name of a host, a disk or a
// user whatever it is (docs/capture.md, rules 1 and 10). All expressions are matched with what is before a word. Pure.

/** The text is a line of a file of modprobe.d. */
export type MaskedPlace = "modprobe.d" | "elsewhere";

const STAYS: readonly RegExp[] = [
	/\/lib\/modules\/[^ \t"']*$/,
	/(?:^|[\][ \t"'(),=])(?:acpi|auxiliary|dmi|hid|i2c|ishtp|mei|of|pci|platform|tee|usb|vmbus|wmi):[^ \t"']*$/,
	/(?:^|[ \t"])(?:modprobe\.blacklist|module_blacklist|rd\.driver\.[a-z]+)=[^ \t]*$/,
];

/** The words of a line that name modules and aliases. */
const STAYS_IN_MODPROBE: readonly RegExp[] = [
	/^[ \t]*(?:blacklist|options|install|remove)[ \t]+[^ \t]*$/,
	/^[ \t]*alias[ \t]+[^ \t]*$/,
	/^[ \t]*alias[ \t]+[^ \t]+[ \t]+[^ \t]*$/,
	/^[ \t]*(?:softdep|weakdep)[ \t]/,
];

export function staysBehind(before: string, place: MaskedPlace): boolean {
	const matches = (expression: RegExp): boolean => expression.test(before);
	return STAYS.some(matches) || (place === "modprobe.d" && STAYS_IN_MODPROBE.some(matches));
}

const PATHS =
	/(?:\/home\/|\/media\/|\/media\/[^/ \t]+\/|\/dev\/mapper\/|\/dev\/md\/|\/dev\/disk\/by-(?:id|label|partlabel|uuid|partuuid)\/)[-@.+%~_]*$/;
const KEYS =
	/(?:^|[^a-z0-9])(?:label|partlabel|partname|uuid|partuuid|ptuuid|hostname|host|user|username|pass|password|passwd|passphrase|secret|token|psk|ssid|essid|serial|serialnumber|serial_number|iserial|iserialnumber|uniq|zfs)[ \t]*=[ \t]*["']?[-@.+%~_]*$/;
/** The fifth field of ip=, the name of the host (Documentation/admin-guide/nfs/nfsroot.rst). */
const HOST_IN_IP = /(?:^|[ \t])"?ip=(?:(?:[^\][: \t]|\[[^\] \t]*\])*:){4}[^\][: \t]*$/;

/** Whether the word is in a slot, whatever the word. */
export function isInSlot(before: string): boolean {
	return PATHS.test(before) || KEYS.test(before.toLowerCase()) || HOST_IN_IP.test(before);
}

const PRIVATE_PARAMETERS =
	/(?:^|[ \t])"?(?:rd\.luks[^ =]*|rd\.lvm[^ =]*|rd\.md[^ =]*|rd\.iscsi[^ =]*|rd\.nvmf[^ =]*|rd\.zfcp|rd\.znet|luks[^ =]*|zfs|root=ZFS|cryptdevice|cryptkey|crypto|iscsi[^ =]*|netroot|nfsroot|nfsaddrs|fcoe|dm[-_]mod\.create|systemd\.hostname|systemd\.mount-extra)=[^ \t]*$/;

/** Whether the word is in the value of a parameter of the kernel command line whose value is all names. */
export const isInPrivateParameter = (before: string): boolean => PRIVATE_PARAMETERS.test(before);

/** What the value of a slot is made of. */
export const SLOT_VALUE = /[^ \t\r\n"'`,;:/=()<>|&$]+/y;
