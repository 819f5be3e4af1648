// Waits for a condition by polling. The wait has a limit, and its error names the condition.
import { setImmediate, setTimeout } from "node:timers/promises";

/** Less than the minute of the test runner's own timeout, whose message does not name the condition. */
const UNTIL_TIMEOUT_MILLISECONDS = 50_000;
/**
 * The number of polls without a delay. Most conditions within this process come true within so many; later polls are spaced by
 * milliseconds, so that the event loop does not spin for seconds.
 */
const LOOKS = 50;

/** Resolves when the condition is true. @throws Error if the condition is still false after the timeout */
export async function until(
	isSo: () => boolean | Promise<boolean>,
	timeoutMilliseconds = UNTIL_TIMEOUT_MILLISECONDS,
): Promise<void> {
	const deadline = performance.now() + timeoutMilliseconds;
	for (let look = 0; !(await isSo()); look++) {
		if (performance.now() > deadline) throw new Error(`it never came true: ${isSo}`);
		// A condition that came true may have started further work, such as an insertion; `heard` lets it happen first.
		await (look < LOOKS ? heard() : setTimeout(5).then(heard));
	}
}

/**
 * Resolves when all immediate consequences of the events so far have happened. A freed slot is given to the next one a turn of
 * the event loop later.
 */
export async function heard(): Promise<void> {
	for (let turn = 0; turn < 3; turn++) await setImmediate();
}
