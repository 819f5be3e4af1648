// crypttab(5) in an initramfs: whether a person has to type a passphrase. Debian's cryptsetup-initramfs and systemd write there only
// the devices that the boot opens.

import { bounds } from "../../libkmod/kernel/bounds.js";
import type { Files } from "../../libkmod/kernel/kernel.js";
import { ifReadable } from "../../libkmod/kernel/presence.js";

export type CrypttabLine = {
	/** The name of the opened device. */
	readonly name: string;
	/** Whether the key comes from a file, a program, a TPM, or a token, so that nobody types it. */
	readonly hasKey: boolean;
};

const PLACES = ["/cryptroot/crypttab", "/etc/crypttab"];
const NO_KEY_FILE: ReadonlySet<string> = new Set(["none", "-", ""]);
const KEY_OPTION = /(?:^|,)(?:keyscript|tpm2-device|fido2-device|pkcs11-uri)=/;

/** Lines NAME DEVICE [KEY [OPTIONS]]. Comments and lines of one word are passed by. */
export function parseCrypttab(text: string): readonly CrypttabLine[] {
	return text.split("\n").flatMap((line) => {
		const [name = "", device, key = "", options = ""] = line.split(/[ \t]+/).filter((word) => word !== "");
		if (device === undefined || name.startsWith("#")) return [];
		return [{ name, hasKey: !NO_KEY_FILE.has(key) || KEY_OPTION.test(options) }];
	});
}

/** Whether a passphrase is typed at the boot with an image: so it is where no crypttab tells of another key for every device. */
export function needsPassphrase(files: Files): boolean {
	const lines = PLACES.flatMap((place) =>
		parseCrypttab(ifReadable(() => files.read(place, bounds.configuration)?.toString("latin1")) ?? ""),
	);
	return lines.length === 0 || lines.some(({ hasKey }) => !hasKey);
}
