// Closes a file descriptor whose file was only read, or is complete already. close(2) may fail with EIO or EINTR, and
// closes the descriptor all the same: the work on the file is done, and the error must not make it a failure.

import { closeSync } from "node:fs";

export function closeQuietly(fd: number): void {
	try {
		closeSync(fd);
	} catch {
		// See above.
	}
}
