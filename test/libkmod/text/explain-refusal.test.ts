// Explanations of the kernel's errnos.
import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { explainFailure, explainRefusal } from "../../../src/libkmod/text/explain-refusal.js";

const FILE = "/lib/modules/6.1.0/kernel/e1000.ko.xz";

const says = test.macro({
	exec(t, operation: string, code: string, sentence: string) {
		t.is(explainFailure(new Refusal({ operation, subject: FILE, code, errno: 1 })), sentence);
	},
	title: (_, operation, code) => `${code} from ${operation} is explained`,
});

test(says, "open", "ENOENT", `${FILE} is gone; run depmod (ENOENT)`);
test(says, "open", "EACCES", `${FILE} may not be read (EACCES)`);
test(says, "decompress", "EINVAL", `${FILE} cannot be decompressed: it is damaged (EINVAL)`);
test(says, "insert", "ENOENT", "it needs a symbol that no live module has; see dmesg, and run depmod (ENOENT)");
test(says, "insert", "EIO", "insert failed with EIO; see dmesg");
test(says, "run", "ENOENT", "run failed with ENOENT; see dmesg");

test("what is no refusal is told in its own words", (t) => {
	t.is(explainFailure(new Error("it broke")), "it broke");
	t.is(explainFailure(undefined), "it failed");
});

test("a refusal is told by what was refused and by the given reason", (t) => {
	const refusal = new Refusal({ operation: "list", subject: "/x", code: "EACCES" });
	t.is(explainRefusal(refusal, refusal.why), "could not list /x: EACCES");
	t.is(explainRefusal(refusal, "Permission denied"), "could not list /x: Permission denied");
});

test("what was refused for a reason of its own is told by it, and by the errno", (t) => {
	const reason = "it is a pipe";
	const refuse = (operation: string) => new Refusal({ operation, subject: FILE, code: "EINVAL", reason });
	t.is(explainFailure(refuse("open")), `could not open ${FILE}: it is a pipe (EINVAL)`);
	t.is(explainFailure(refuse("decompress")), `${FILE} cannot be decompressed: it is a pipe (EINVAL)`);
});
