// The files of an initramfs as the port Files: modprobe's configuration and depmod's indexes are read from an image by the same
// code as from a disk.

import { type Bound, bounds, explainTooLarge } from "../../libkmod/kernel/bounds.js";
import { type Files, Refusal } from "../../libkmod/kernel/kernel.js";
import type { ImageTree } from "./image-tree.js";

/** Nothing outside the tree is looked at: links lead within it alone. */
export function filesOfImage(tree: ImageTree): Files {
	return {
		read(path, bound: Bound = bounds.small) {
			const node = tree.find(path)?.node;
			if (node === undefined) return undefined;
			if (node.kind === "directory") throw new Refusal({ operation: "read", subject: path, code: "EISDIR" });
			if (node.kind !== "file")
				throw new Refusal({ operation: "read", subject: path, code: "EINVAL", reason: "it is no regular file" });
			if (node.bytes > bound.bytes)
				throw new Refusal({ operation: "read", subject: path, code: "EFBIG", reason: explainTooLarge(bound) });
			if (node.bytes === 0) return Buffer.alloc(0);
			if (node.content === undefined)
				throw new Refusal({ operation: "read", subject: path, code: "EINVAL", reason: "its content was not kept" });
			return node.content;
		},
		list(path) {
			const node = tree.find(path)?.node;
			return node?.kind === "directory" ? [...node.names.keys()] : undefined;
		},
		stamp(path) {
			const node = tree.find(path)?.node;
			return node && (node.kind === "file" ? `file of ${node.bytes} bytes` : node.kind);
		},
	};
}
