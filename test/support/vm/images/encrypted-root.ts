// A root on LUKS, made on this machine without its device-mapper: cryptsetup encrypts the image of a file system in place.
import { basename } from "node:path";
import { shell } from "../machines/command.js";
import { asset, digest } from "./cache.js";
import { unpackedPackages } from "./unpacked-packages.js";

/** What an initrd needs to open the root, and the libraries with which cryptsetup runs here. */
export function cryptsetupPackages(): Promise<string> {
	return unpackedPackages([
		...["cryptsetup", "cryptsetup-bin", "cryptsetup-initramfs", "dmsetup", "libpopt0"],
		...["libcryptsetup12", "libdevmapper1.02.1", "libargon2-1", "libjson-c5"],
	]);
}

/** The passphrase of every such root. */
export const passphrase = "a passphrase";

/**
 * sh. LUKS2 moves the file system by twice its header's size, for which there is room behind it. The fewest iterations that LUKS takes:
 * emulation opens it in no time.
 */
const encrypt = `cp --sparse=always "$1" "$2.luks"
blocks=$(dumpe2fs -h "$1" 2>/dev/null | sed -n "s/^Block count: *//p")
truncate -s $((blocks * 4096 + 16 * 1024 * 1024)) "$2.luks"
printf %s "$4" >"$2.key"
LD_LIBRARY_PATH="$3/usr/lib/x86_64-linux-gnu" "$3/usr/sbin/cryptsetup" reencrypt --encrypt --type luks2 --batch-mode \\
	--disable-locks --key-file "$2.key" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --reduce-device-size 8M \\
	--luks2-metadata-size 16k --luks2-keyslots-size 256k "$2.luks" >&2
rm "$2.key"
mv "$2.luks" "$2"`;

/** The image, of LUKS2 with that file system in it. @param plain the path of an image that makeDiskImage has written */
export async function encryptedImage(plain: string): Promise<string> {
	const packages = await cryptsetupPackages();
	const key = digest(basename(plain), basename(packages), passphrase, encrypt);
	return await asset(`encrypted-${key}.img`, (draft) => shell(encrypt, plain, draft, packages, passphrase));
}
