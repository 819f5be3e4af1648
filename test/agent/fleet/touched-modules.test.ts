import test from "ava";
import { TouchedNumbers } from "../../../src/agent/fleet/touched-modules.js";

test("an answer is asked for once while no other number has its place", (t) => {
	const touched = new TouchedNumbers();
	let asked = 0;
	const ask = (number: number): boolean =>
		touched.ask(number, () => {
			asked++;
			return number % 3 === 0;
		});
	const numbers = Array.from({ length: 3000 }, (_, at) => at * 7);
	for (let round = 0; round < 2; round++) for (const number of numbers) t.is(ask(number), number % 3 === 0);
	t.is(asked, numbers.length);
});

test("numbers that share a place are told apart, however large they are", (t) => {
	const touched = new TouchedNumbers();
	const numbers = [0, 2 ** 15, 2 ** 16, 2 ** 31 - 2 ** 15, 2 ** 31, 2 ** 32, 2 ** 40];
	for (let round = 0; round < 3; round++)
		for (const [at, number] of numbers.entries())
			t.is(
				touched.ask(number, () => (at + round) % 2 === 0),
				(at + round) % 2 === 0,
			);
});
