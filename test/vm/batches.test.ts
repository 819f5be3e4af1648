// Batches on a real kernel: how many of them a burst of events makes, and that a slow module of one batch does not delay the
// next. The kernel sends the events, for devices that do not exist; the drivers are Debian's, and a slow one of ours.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../support/running/c-program.js";
import { formatRecords, formatUevent } from "../support/running/uevent-injector.js";
import { kernelPackage } from "../support/vm/images/kernel-package.js";
import { boot } from "../support/vm/vm.js";
import { vmTest } from "../support/vm/vm-test.js";

type Outcome = {
	readonly time: string;
	readonly batch: number;
	readonly module: string;
	readonly result: string;
	readonly milliseconds: number;
};

const EVENTS = 50;
/** Milliseconds: other modules must be inserted meanwhile, even on a slow machine. */
const SLOW_MILLISECONDS = 15_000;

/** Drivers of USB devices, each with an alias that a device could have. */
async function listDrivers(count: number): Promise<ReadonlyMap<string, string>> {
	const { root, release } = await kernelPackage();
	const read = (name: string) => readFileSync(join(root, "lib/modules", release, name), "latin1");
	const small = new Set(
		[...read("modules.dep").matchAll(/^kernel\/drivers\/(?:usb|input|hid)\/.*?([^/]+)\.ko:/gm)].map(([, name = ""]) =>
			name.replaceAll("-", "_"),
		),
	);
	const drivers = new Map<string, string>();
	for (const [, pattern = "", module = ""] of read("modules.alias").matchAll(/^alias (usb:v[^\s[\]]*) (\w+)$/gm))
		if (small.has(module)) drivers.set(module, pattern.replaceAll("*", "0"));
	return new Map([...drivers].slice(0, count));
}

/** Input for uevent-injector: the event of one device for each alias. */
function makeEvents(name: string, aliases: Iterable<string>): Buffer {
	return formatRecords(
		[...aliases].map((alias, index) => {
			const devpath = `/devices/${name}-${index}`;
			return formatUevent("add", devpath, [
				["SUBSYSTEM", "usb"],
				["MODALIAS", alias],
			]);
		}),
	);
}

const script = `
hotplugd run >/run/log & daemon=$!
until grep -q '"settled"' /run/log; do sleep 0.1; done
/vm/inject kernel </vm/first
until [ "$(cat /sys/module/hotplugd_slow/initstate 2>/dev/null)" = coming ]; do sleep 0.1; done
/vm/inject kernel </vm/second
until [ "$(cat /sys/module/hotplugd_slow/initstate)" = live ]; do sleep 0.1; done
/vm/inject kernel </vm/burst
until [ "$(grep -c -F -f /vm/outcomes /run/log)" -ge ${EVENTS} ]; do sleep 1; done
hotplugd settle --timeout 1200
kill -TERM $daemon
wait $daemon
cat /run/log
`;

vmTest(
	"fifty events together make fewer than ten batches, and a slow module of one delays nobody in the next",
	async (t) => {
		const drivers = await listDrivers(EVENTS + 1);
		t.is(drivers.size, EVENTS + 1);
		const [[unrelated, alias] = ["", ""], ...others] = [...drivers].reverse();
		const { stdout, status } = await boot({
			testModules: true,
			files: {
				"/etc/modprobe.d/slow.conf": `options hotplugd_slow delay_ms=${SLOW_MILLISECONDS}\n`,
				"/vm/inject": readFileSync(compile("uevent-injector")),
				"/vm/first": makeEvents("first", ["platform:hotplugd-slow"]),
				"/vm/second": makeEvents("second", [alias]),
				"/vm/outcomes": others.map(([name]) => `"module":"${name}","result":\n`).join(""),
				"/vm/burst": makeEvents(
					"burst",
					others.map(([, other]) => other),
				),
			},
			script,
			seconds: 600,
		});
		t.is(status, 0);
		const outcomes = stdout
			.trimEnd()
			.split("\n")
			.map((line) => JSON.parse(line) as Partial<Outcome>)
			.filter((line): line is Outcome => line.result !== undefined);

		const slow = outcomes.findIndex(({ module }) => module === "hotplugd_slow");
		const second = outcomes.findIndex(({ module }) => module === unrelated);
		t.log(JSON.stringify(outcomes[second]));
		t.log(JSON.stringify(outcomes[slow]));
		t.like(outcomes[slow], { result: "inserted" });
		t.like(outcomes[second], { result: "inserted" });
		t.true((outcomes[slow]?.milliseconds ?? 0) >= SLOW_MILLISECONDS);
		t.true((outcomes[second]?.batch ?? 0) > (outcomes[slow]?.batch ?? 0));
		t.true(second < slow, "the later batch waited for the slow module of the earlier one");

		const burst = outcomes.filter(({ module }) => others.some(([name]) => name === module));
		t.is(burst.length, EVENTS);
		t.deepEqual(
			burst.filter(({ result }) => result !== "inserted"),
			[],
		);
		const batches = new Set(burst.map(({ batch }) => batch));
		t.log(`${EVENTS} events in ${batches.size} batches`);
		t.true(batches.size < 10, `${batches.size} batches`);
	},
);
