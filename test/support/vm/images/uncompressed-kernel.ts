// The uncompressed kernel (vmlinux), which QEMU starts by its PVH entry. A bzImage unpacks itself, which takes seconds under
// emulation. Its place in the bzImage: Documentation/arch/x86/boot.rst, payload_offset and payload_length.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../machines/command.js";
import { asset } from "./cache.js";
import type { KernelPackage } from "./kernel-package.js";

/** Programs that unpack a format, by the first bytes of its files. */
const formats: readonly { readonly magic: Buffer; readonly unpack: string }[] = [
	{ magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), unpack: "xz -dc" },
	{ magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), unpack: "zstd -dcq" },
];

export async function uncompressedKernel({ root, release, version }: KernelPackage): Promise<string> {
	return await asset(`vmlinux-${release}_${version}`, async (draft) => {
		const path = join(root, "boot", `vmlinuz-${release}`);
		const image = readFileSync(path);
		const start = (image.readUInt8(0x1f1) + 1) * 512 + image.readUInt32LE(0x248);
		// The last four bytes of the payload are the length of the unpacked kernel.
		const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
		const format = formats.find(({ magic }) => payload.subarray(0, magic.length).equals(magic));
		if (format === undefined) throw new Error(`${path} is compressed in a way that is not known here`);
		writeFileSync(`${draft}.packed`, payload);
		await shell(`${format.unpack} <"$1.packed" >"$1"; rm "$1.packed"`, draft);
	});
}
