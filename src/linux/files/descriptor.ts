// Closing what was only read, or is whole already: close(2) may say EIO or EINTR, and the descriptor is gone all the same. What was
// done with it stays done, and is not to be told as a failure.

import { closeSync } from "node:fs";

export function closeQuietly(fd: number): void {
	try {
		closeSync(fd);
	} catch {
		// See above.
	}
}
