// Waits for what others bring about, by looking again and again: with an end, whose failure says what never came.
import { setTimeout } from "node:timers/promises";

/** Milliseconds: less than the minute that the test runner waits, who cannot say for what. */
const PATIENCE = 50_000;

/**
 * @param pause between two looks
 * @throws Error if it is not so within 50 seconds
 */
export async function until(
	isSo: () => boolean | Promise<boolean>,
	pause: () => Promise<unknown> = () => setTimeout(5),
): Promise<void> {
	const over = performance.now() + PATIENCE;
	while (!(await isSo())) {
		if (performance.now() > over) throw new Error(`it never came true: ${isSo}`);
		await pause();
	}
}
