// An index of a kernel's modules as a capture holds it. Pure but for the port.

import type { CaptureFiles } from "../../ports/capture-files.js";
import type { CapturedIndex } from "./capture.js";

/** The port's functions that put indexes into a capture. */
export type IndexPacking = Pick<CaptureFiles, "gzip" | "sha256">;

/** @param withContent false for the digest alone */
export function packIndex(content: Buffer, { gzip, sha256 }: IndexPacking, withContent = true): CapturedIndex {
	return {
		bytes: content.length,
		sha256: sha256(content),
		...(withContent && { gzip: gzip(content).toString("base64") }),
	};
}
