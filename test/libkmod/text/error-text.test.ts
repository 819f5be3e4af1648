import test from "ava";
import koffi from "koffi";
import { formatErrno } from "../../../src/libkmod/text/error-text.js";
import { openSyscalls } from "../../../src/linux/native/syscalls.js";

test("every errno has the C library's words", async (t) => {
	const { errnoName } = await openSyscalls();
	const strerror = koffi.load(null).func("const char *strerror(int number)");
	for (const errno of [...Array.from({ length: 140 }, (_, i) => i + 1), 524, 4095])
		t.is(formatErrno({ code: errnoName(errno), errno }), strerror(errno));
});
