// The null device, told by its number.

import type { Stats } from "node:fs";

/** /dev/null: major 1, minor 3, as Linux encodes them in a device number. */
const NULL_DEVICE = 0x103;

export const isNullDevice = (stat: Stats): boolean => stat.isCharacterDevice() && stat.rdev === NULL_DEVICE;
