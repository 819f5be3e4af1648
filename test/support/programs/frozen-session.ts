// Boots a machine with as many MiB of memory as the argument says (for frozen-machine.test.ts).
import { boot } from "../vm/vm.js";

const { stdout } = await boot({ memory: Number(process.argv[2]), script: "echo fine" });
process.stdout.write(stdout);
