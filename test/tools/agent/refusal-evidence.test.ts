import test from "ava";
import { Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { searchEvidence } from "../../../src/tools/agent/refusal-evidence.js";
import { makeFakeKernel } from "../../support/fakes/fake-kernel.js";

const bound = new Map([["/proc/self/status", Buffer.from("CapEff:\t0000000000000000\n")]]);
const module = { module: "a", path: "/a.ko" };
const refusal = new Refusal({ operation: "insert", subject: "/a.ko", code: "EPERM" });

test("the state of this machine's kernel counts, and not that of the machine whose modules are inserted", async (t) => {
	const find = searchEvidence(makeFakeKernel({ files: bound }), { kernel: async () => makeFakeKernel() })();
	t.is(await find(module, refusal), undefined);
	const other = searchEvidence(makeFakeKernel(), { kernel: async () => makeFakeKernel({ files: bound }) })();
	t.deepEqual(await other(module, refusal), { kind: "no capability" });
});

test("a round asks for the kernel's state once, and the next round again", async (t) => {
	let asked = 0;
	const machine = {
		async kernel() {
			asked++;
			return makeFakeKernel({ files: bound });
		},
	};
	const open = searchEvidence(makeFakeKernel(), machine);
	const find = open();
	t.is(asked, 0);
	await Promise.all([find(module, refusal), find(module, refusal)]);
	t.is(asked, 1);
	await open()(module, refusal);
	t.is(asked, 2);
});
