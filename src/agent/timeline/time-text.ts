// Durations and times of a timeline in words: finer than those of the status, since a driver's init may take a millisecond.

const units = [
	{ name: "d", milliseconds: 86_400_000 },
	{ name: "h", milliseconds: 3_600_000 },
	{ name: "min", milliseconds: 60_000 },
	{ name: "s", milliseconds: 1000 },
] as const;

/** Formats milliseconds with three or four digits, or in two units: 0.4 ms, 42 ms, 1.234 s, 3 min 5 s, 2 d 0 h. */
export function formatSpan(milliseconds: number): string {
	if (milliseconds < 9.95) return `${trimZero(milliseconds.toFixed(1))} ms`;
	if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
	if (milliseconds < 59_999.5) return `${(milliseconds / 1000).toFixed(milliseconds < 9999.5 ? 3 : 2)} s`;
	const whole = Math.round(milliseconds / 1000) * 1000;
	const greatest = units.findIndex((unit) => whole >= unit.milliseconds);
	const [unit, next] = units.slice(greatest, greatest + 2);
	if (unit === undefined || next === undefined) return `${Math.round(milliseconds)} ms`;
	const rest = Math.floor((whole % unit.milliseconds) / next.milliseconds);
	return `${Math.floor(whole / unit.milliseconds)} ${unit.name} ${rest} ${next.name}`;
}

/** Formats a time of an axis whose ticks are `step` milliseconds apart: 0, 50 ms, 1.25 s, 3 min 5 s. */
export function formatTick(milliseconds: number, step: number): string {
	if (milliseconds === 0) return "0";
	if (milliseconds < 1000) return `${trimZero(milliseconds.toFixed(step < 1 ? 1 : 0))} ms`;
	if (milliseconds < 60_000) {
		const digits = Math.max(0, Math.min(3, 3 - Math.floor(Math.log10(step))));
		return `${(milliseconds / 1000).toFixed(digits)} s`;
	}
	return formatSpan(milliseconds);
}

const trimZero = (number: string): string => number.replace(/\.0$/, "");
