import test from "ava";
import { needsPassphrase, parseCrypttab } from "../../../src/agent/initramfs/crypttab.js";
import { filesOfImage } from "../../../src/agent/initramfs/image-files.js";
import { imageOf } from "../../support/worlds/boot-world.js";

test("a line has a key where it names a file, a program, a TPM or a token", (t) => {
	const lines = [
		"# comment",
		"root UUID=1 none luks,discard",
		"data\tUUID=2\t/key luks",
		"tpm UUID=3 - tpm2-device=auto",
		"script UUID=4 none luks,keyscript=/bin/x",
		"short UUID=5",
		"word",
	];
	t.deepEqual(
		parseCrypttab(lines.join("\n")).map(({ name, hasKey }) => `${name} ${hasKey}`),
		["root false", "data true", "tpm true", "script true", "short false"],
	);
});

test("a passphrase is typed unless every device has another key", async (t) => {
	const asks = async (text: string): Promise<boolean> => {
		const image = await imageOf(new Map([["cryptroot/crypttab", Buffer.from(text)]]));
		return needsPassphrase(filesOfImage(image.tree));
	};
	t.true(await asks(""));
	t.true(await asks("a UUID=1 /key luks\nb UUID=2 none luks\n"));
	t.false(await asks("a UUID=1 /key luks\n"));
});
