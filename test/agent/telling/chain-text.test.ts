import test from "ava";
import type { ChainNode } from "../../../src/agent/explaining/explanation.js";
import { layOutChain } from "../../../src/agent/telling/chain-text.js";

const directory = "/lib/modules/6.0.0";
const lay = (chain: readonly ChainNode[], whole = false) =>
	layOutChain(chain, { whole, directory }).map(({ depth, label, text }) => `${depth} ${label}: ${text}`);

const remark = (text: string): ChainNode => ({ node: "remark", text });

test("many nodes of one kind are cut, unless the whole chain is asked for", (t) => {
	const chain = Array.from({ length: 9 }, (_, n) => remark(`${n}`));
	t.deepEqual(lay(chain), ["0 note: 0", "0 note: 1", "0 note: 2", "0 note: and 6 more (-v shows all)"]);
	t.is(lay(chain, true).length, 9);
	t.is(lay(chain.slice(0, 4)).length, 4);
});

test("dependencies in one state share a line, and what is below a node stands behind it", (t) => {
	const module: ChainNode = {
		node: "module",
		module: "card",
		standing: "live",
		path: `${directory}/kernel/card.ko`,
		children: [
			{ node: "dependency", module: "base", standing: "live" },
			{ node: "dependency", module: "extra", standing: "not loaded" },
			{ node: "dependency", module: "core", standing: "live" },
		],
	};
	t.deepEqual(lay([module, remark("end")]), [
		"0 module: card: live, kernel/card.ko",
		"1 needs: base, core (live)",
		"1 needs: extra (not loaded)",
		"0 note: end",
	]);
});

test("what keeps a module out names the module", (t) => {
	const source = { file: "/proc/cmdline", line: 0 };
	const listed: ChainNode = { node: "obstacle", obstacle: { kind: "blacklisted", source } };
	const expected = "1 kept out: blacklisted by the kernel command line (modprobe.blacklist=card in /proc/cmdline)";
	const module: ChainNode = { node: "module", module: "card", standing: "not loaded", children: [listed] };
	t.is(lay([module])[1], expected);
});

test("a chain of any depth is laid out without recursion", (t) => {
	let node = remark("deepest");
	for (let depth = 0; depth < 20_000; depth++) node = { node: "alias", alias: "x", children: [node] };
	t.is(lay([node]).length, 20_001);
});
