// All formats that the fuzz driver knows. A new reader in src has its entry here: test/fuzz.test.ts looks.
import type { FuzzFormat } from "./format.js";
import { configurationFormats } from "./formats/configuration.js";
import { deviceFormats } from "./formats/devices.js";
import { indexFormats } from "./formats/indexes.js";
import { moduleFormats } from "./formats/modules.js";
import { requestFormats } from "./formats/requests.js";
import { settingsFormats } from "./formats/settings.js";

export const fuzzFormats: readonly FuzzFormat[] = [
	...[
		...indexFormats,
		...moduleFormats,
		...configurationFormats,
		...deviceFormats,
		...requestFormats,
		...settingsFormats,
	],
];
