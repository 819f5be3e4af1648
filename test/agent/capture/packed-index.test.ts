// An index in a capture: its size, its digest and, unless left out, its content.
import test from "ava";
import { packIndex } from "../../../src/agent/capture/packed-index.js";

const packing = { gzip: (content: Uint8Array) => Buffer.from([...content].reverse()), sha256: () => "digest" };

test("an index is its size, its digest and its compressed content", (t) => {
	t.deepEqual(packIndex(Buffer.from("abc"), packing), {
		bytes: 3,
		sha256: "digest",
		gzip: Buffer.from("cba").toString("base64"),
	});
});

test("without its content an index is its size and its digest", (t) => {
	t.deepEqual(packIndex(Buffer.from("abc"), packing, false), { bytes: 3, sha256: "digest" });
});
