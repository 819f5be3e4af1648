// The script of a thread of hotplugd compare --fleet.

import { answerBatches, threadTask } from "./linux/fleet/batch-thread.js";
import { thisMachine } from "./this-machine.js";
import { type FleetTask, openFleetWork } from "./tools/compare/fleet-work.js";

answerBatches(openFleetWork(threadTask() as FleetTask, thisMachine));
