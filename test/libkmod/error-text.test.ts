import test from "ava";
import koffi from "koffi";
import { formatErrno } from "../../src/libkmod/error-text.js";
import { openSyscalls } from "../../src/linux/syscalls.js";

test("every errno has the C library's words", async (t) => {
	const strerror = koffi.load(null).func("const char *strerror(int number)");
	const { errnoName } = await openSyscalls();
	for (let errno = 1; errno <= 140; errno++) t.is(formatErrno({ code: errnoName(errno), errno }), strerror(errno));
	t.is(formatErrno({ code: errnoName(524), errno: 524 }), strerror(524));
});
