import { gzipSync } from "node:zlib";
import test from "ava";
import { recogniseCapture } from "../../../src/agent/importing/recognise-capture.js";
import { UnreadableReport } from "../../../src/agent/importing/unreadable-report.js";
import { tarArchive } from "../../support/worlds/tar-archive.js";

const recognise = (content: string | Buffer) =>
	recogniseCapture(typeof content === "string" ? Buffer.from(content, "latin1") : content);

test("each kind of file is told by its content", (t) => {
	t.is(recognise('{"hotplugdCapture":1}'), "capture");
	t.is(recognise('\xef\xbb\xbf \n{ "devices": [], "hotplugdCapture": 1, "hardware": [] }'), "capture");
	t.is(recognise('{"version":1,"hardware":{}}'), "nixos-facter report");
	t.is(recognise("P: /devices/x\nE: A=1\n"), "udev export");
	t.is(recognise("Here you are:\r\n\r\nP: /devices/x\r\n"), "udev export");
	t.is(recognise("\x1b[0;1;39mP: /module/x\x1b[0m\n"), "udev export");
	t.is(recognise(tarArchive([{ name: "sys/", type: "5" }])), "tar");
	t.is(recognise(Buffer.alloc(1024)), "tar");
});

test("any other content is refused, with what was expected and what it looks like", (t) => {
	const expected =
		/^it is none of these: a capture of hotplugd, the output of udevadm info --export-db, a tar archive of \/sys, or a report of nixos-facter; /;
	const refused = (content: string | Buffer): string => {
		const { message } = t.throws(() => recognise(content), { instanceOf: UnreadableReport });
		t.regex(message, expected);
		return message.replace(expected, "");
	};
	t.is(refused(""), "it is empty");
	t.is(refused(gzipSync("x")), "it is compressed by gzip once more");
	t.is(refused("BZh91AY&SY"), "it is compressed by bzip2, which is not supported");
	t.is(refused("PK\x03\x04rest"), "it looks like an archive of zip");
	t.is(refused("070701AAAA"), "it looks like an archive of cpio");
	t.is(refused('{"a":1}'), "it is JSON, and has neither the field hotplugdCapture nor the field hardware");
	t.is(refused('[{"id":"x"}]'), "it looks like a list of JSON, such as of lshw -json or lsblk -J");
	t.is(refused("00:00.0 Host bridge: Intel\x1b[31m\n"), 'it begins with "00:00.0 Host bridge: Intel\\x1b[31m"');
	t.is(refused(Buffer.alloc(100)), `it begins with "${"\\x00".repeat(32)}"`);
});
