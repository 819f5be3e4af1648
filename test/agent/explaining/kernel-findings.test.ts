import test from "ava";
import {
	findingsAboutDevice,
	findingsAboutModule,
	type KernelFinding,
} from "../../../src/agent/explaining/kernel-findings.js";
import { listFindings } from "../../../src/agent/explaining/kernel-log.js";

const findings = listFindings(
	[
		"snd_hda_intel: unknown parameter 'x' ignored",
		"snd_hda_intel 0000:00:1b.0: Direct firmware load for a.bin failed with error -2",
		"e1000: probe of 0000:00:1b.0 failed with error -5",
		"rtl 0000:00:03.0: probe with driver rtl failed with error -5",
		"Loading of unsigned module is rejected",
	].map((text, n) => ({ microseconds: n, text })),
);
const texts = (some: readonly KernelFinding[]) =>
	some.map(({ text }) => findings.findIndex((one) => one.text === text));

test("a module's findings name it, or one of its drivers, however it is spelled", (t) => {
	t.deepEqual(texts(findingsAboutModule(findings, "snd-hda-intel")), [0, 1]);
	t.deepEqual(texts(findingsAboutModule(findings, "r8169", ["rtl"])), [3]);
	t.deepEqual(texts(findingsAboutModule(findings, "e1000e")), []);
});

test("a device's findings have the last name of its path", (t) => {
	t.deepEqual(texts(findingsAboutDevice(findings, "/devices/pci0000:00/0000:00:1b.0")), [1, 2]);
	t.deepEqual(texts(findingsAboutDevice(findings, "/devices/pci0000:00/0000:00:1b.0/sound")), []);
});
