// All formats that the fuzz driver knows. test/fuzz.test.ts checks that every reader in src has its entry here.
import type { FuzzFormat } from "./format.js";
import { captureFormats } from "./formats/captures.js";
import { commandLineFormats } from "./formats/command-lines.js";
import { compressionFormats } from "./formats/compressions.js";
import { configurationFormats } from "./formats/configuration.js";
import { deviceFormats } from "./formats/devices.js";
import { importFormats } from "./formats/imports.js";
import { indexFormats } from "./formats/indexes.js";
import { initramfsFormats } from "./formats/initramfs.js";
import { inspectionFormats } from "./formats/inspections.js";
import { moduleFormats } from "./formats/modules.js";
import { requestFormats } from "./formats/requests.js";
import { settingsFormats } from "./formats/settings.js";
import { signatureFormats } from "./formats/signatures.js";
import { takingFormats } from "./formats/takings.js";

export const fuzzFormats: readonly FuzzFormat[] = [
	...[indexFormats, moduleFormats, signatureFormats, compressionFormats, configurationFormats, deviceFormats],
	...[
		requestFormats,
		commandLineFormats,
		settingsFormats,
		inspectionFormats,
		captureFormats,
		initramfsFormats,
		importFormats,
		takingFormats,
	],
].flat();
