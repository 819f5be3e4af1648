// Waits for what others bring about, by looking again and again: with an end, whose failure says what never came.
import { setImmediate, setTimeout } from "node:timers/promises";

/** Milliseconds: less than the minute that the test runner waits, who cannot say for what. */
const PATIENCE = 50_000;
/** What is in this process mostly comes within so many looks; after them nobody is to turn the event loop for seconds. */
const LOOKS = 50;

/** @throws Error if it is not so within 50 seconds, or so many milliseconds */
export async function until(isSo: () => boolean | Promise<boolean>, patience = PATIENCE): Promise<void> {
	const over = performance.now() + patience;
	for (let look = 0; !(await isSo()); look++) {
		if (performance.now() > over) throw new Error(`it never came true: ${isSo}`);
		// What has come true may have begun more, as the end of an insertion that has begun.
		await (look < LOOKS ? heard() : setTimeout(5).then(heard));
	}
}

/** When everything that follows from what has happened, without time passing, has happened too: places are given a turn later. */
export async function heard(): Promise<void> {
	for (let turn = 0; turn < 3; turn++) await setImmediate();
}
