// npm run bench: every measurement, each with its peer in the same run. Arguments choose measurements by name.
import "./no-debugger.mjs";
import { benchColdplug } from "./bench/coldplug.mjs";
import { benchDepmod } from "./bench/depmod.mjs";
import { benchFleet } from "./bench/fleet.mjs";
import { benchLookups } from "./bench/lookups.mjs";
import { benchStartup } from "./bench/startup.mjs";
import { benchStorm } from "./bench/storm.mjs";
import { benchThinHelper } from "./bench/thin-helper.mjs";

const benches = {
	startup: benchStartup,
	lookups: benchLookups,
	depmod: benchDepmod,
	storm: benchStorm,
	"thin-helper": benchThinHelper,
	coldplug: benchColdplug,
	fleet: benchFleet,
};

const wanted = process.argv.slice(2);
for (const [name, bench] of Object.entries(benches)) if (wanted.length === 0 || wanted.includes(name)) await bench();
