import test from "ava";
import { LONGEST_RECORD_BYTES, parseKmsg, parseKmsgFile } from "../../../src/libkmod/formats/kmsg.js";

test("a record has who wrote it, its time since boot, and its text", (t) => {
	t.deepEqual(
		parseKmsg("4,1017,5632123,-;iwlwifi 0000:02:00.0: no suitable firmware\n SUBSYSTEM=pci\n DEVICE=+pci:x\n"),
		{
			facility: 0,
			microseconds: 5_632_123,
			text: "iwlwifi 0000:02:00.0: no suitable firmware",
		},
	);
	t.like(parseKmsg("30,1018,5632124,-;systemd[1]: started"), { facility: 3 });
});

test("fields that a kernel adds before the text are passed over, and the text may hold semicolons", (t) => {
	t.like(parseKmsg("6,1,2,-,caller=T1,more;a;b"), { microseconds: 2, text: "a;b" });
	t.like(parseKmsg("6,1,2,c;"), { text: "" });
});

test("escaped bytes are the bytes again, whatever they are", (t) => {
	t.is(parseKmsg("6,1,2,-;\\x1b[2Jcaf\\xc3\\xa9\\x0aline\\x5cx41\\x00")?.text, "\x1b[2Jcaf\xc3\xa9\nline\\x41\0");
	t.is(parseKmsg("6,1,2,-;\\xZZ \\x4")?.text, "\\xZZ \\x4");
});

test("what is no record is undefined", (t) => {
	for (const text of ["", ";", "6,1,2;x", "6,1,-;x", "a,1,2,-;x", "6,1,2,-", "-6,1,2,-;x", " 6,1,2,-;x", "6,1,2,-\n;x"])
		t.is(parseKmsg(text), undefined, text);
	t.is(parseKmsg("6,1,99999999999999999999,-;x"), undefined);
});

test("a record is read up to the length that no kernel exceeds", (t) => {
	const head = "6,1,2,-;";
	t.is(
		parseKmsg(head + "x".repeat(LONGEST_RECORD_BYTES - head.length))?.text.length,
		LONGEST_RECORD_BYTES - head.length,
	);
	t.is(parseKmsg(head + "x".repeat(LONGEST_RECORD_BYTES - head.length + 1)), undefined);
});

test("a file of records has each once, and what is cut is left out", (t) => {
	const texts = (file: string) => parseKmsgFile(file).map(({ text }) => text);
	t.deepEqual(texts("6,1,2,-;one\n SUBSYSTEM=pci\n DEVICE=+pci:0\n6,2,3,-;two\n"), ["one", "two"]);
	t.deepEqual(texts("ut off\n6,2,3,-;two\n6,3"), ["two"]);
	t.deepEqual(texts(""), []);
});
