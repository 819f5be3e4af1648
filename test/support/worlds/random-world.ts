// Worlds that nobody would write by hand: circles of softdeps, install lines beside them, names in every spelling.
import type { Random } from "./random-numbers.js";
import type { World } from "./world.js";

const spellings = ["-", "_"];

/** Makes a world. `world.modules` never form a circle; the configuration may. */
export function randomWorld(random: Random): World {
	const names = Array.from({ length: 3 + random.below(8) }, (_, n) => `hp${random.pick(spellings)}m${n}`);
	const builtin = ["hp_b0", "hp-b1"];
	const modules = Object.fromEntries(
		names.map((name, place) => [name, names.slice(0, place).filter(() => random.below(4) === 0)]),
	);
	const respelt = (name: string): string => name.replaceAll(/[-_]/g, () => random.pick(spellings));
	const aliases = Object.fromEntries(
		names.map((name, place) => [`hp:${name}-*`, [name, names[(place + 1) % names.length]!]]),
	);
	const asked = (): string => {
		const name = random.pick(names);
		return random.pick([
			respelt(name),
			respelt(name),
			respelt(`hp:${name}-x`),
			respelt(random.pick(builtin)),
			"hp_none",
		]);
	};
	const several = (): string => Array.from({ length: random.below(3) }, asked).join(" ");
	const line = (): string => {
		const name = respelt(random.pick(names));
		return random.pick([
			`softdep ${name} pre: ${several()} post: ${several()}`,
			`softdep ${name} post: ${several()} pre: ${several()}`,
			`softdep ${name} ${several()} pre: ${several()}`,
			`softdep ${random.pick(["hp*0", "hp?m1"])} pre: ${asked()}`,
			`install ${name} ${random.pick(["/bin/false", "echo $CMDLINE_OPTS  x"])}`,
			`options ${name} p${random.below(9)}=${random.below(9)}\ty`,
			`options ${respelt(`hp:${random.pick(names)}-x`)} q=${random.below(9)}`,
			`alias ${respelt(`hp:${random.pick(names)}-y*`)} ${respelt(random.pick(names))}`,
		]);
	};
	const config = Array.from({ length: random.below(14) }, () => `${line().replaceAll(/ +/g, " ").trim()}\n`).join("");
	return { modules, aliases, builtin, config };
}

/** Requests for names of the world, in random order. */
export function randomRequests(random: Random, { modules }: World): string[] {
	return Array.from({ length: 1 + random.below(4) }, () => {
		const name = random.pick(Object.keys(modules));
		return random.pick([name, name, `hp:${name}-x`, `hp:${name}-y1`, "hp_b0"]);
	});
}
