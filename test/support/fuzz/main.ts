// The program of `npm run fuzz`: fuzz [--inputs COUNT] [--seed NUMBER] [--only WORDS] [--folder DIRECTORY].
import { parseArgs } from "node:util";
import { fuzz } from "./driver.js";

const { values } = parseArgs({
	options: {
		inputs: { type: "string", default: "1000000" },
		seed: { type: "string", default: String(1 + Math.floor(Math.random() * 1_000_000_000)) },
		only: { type: "string", default: "" },
		folder: { type: "string", default: "fuzz-findings" },
	},
});
const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
if (!(Number.isInteger(inputs) && inputs > 0 && Number.isInteger(seed))) {
	console.error("fuzz: --inputs and --seed take whole numbers");
	process.exit(2);
}
process.exitCode = (await fuzz({ inputs, seed, only: values.only, folder: values.folder, say: console.log })) ? 0 : 1;
