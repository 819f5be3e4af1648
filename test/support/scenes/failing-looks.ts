// A machine whose second look at the devices fails, and whose third finds a device that cannot be read.
import type { FakeMachine } from "../fakes/fake-machine.js";

export function withFailingLooks(machine: FakeMachine): FakeMachine {
	let looks = 0;
	return {
		...machine,
		async devices(...where) {
			const sources = await machine.devices(...where);
			return {
				...sources,
				present(concerns, onSkipped) {
					if (++looks === 2) throw new Error("too many open files");
					if (looks === 3) onSkipped?.("/devices/odd", new Error("it cannot be read"));
					return sources.present(concerns, onSkipped);
				},
			};
		},
	};
}
