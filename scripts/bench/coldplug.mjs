// coldplug against udev in a virtual machine with some thirty devices: the time from the start of the program until the last init
// of a module has returned. The kernel's trace events give the times for both.
import { readFileSync } from "node:fs";
import { boot, coldplugDevices } from "../../dist/test/support/vm/vm.js";

const ROUNDS = Number(process.env.BENCH_ROUNDS) || 3;

const observed = (prepare, command) => `. /vm/functions
cd /sys/kernel/tracing 2>/dev/null || { mount -t tracefs none /sys/kernel/tracing; cd /sys/kernel/tracing; }
echo mono >trace_clock; echo 8192 >buffer_size_kb; echo 1 >events/initcall/initcall_finish/enable
present=$(live_modules | wc -l)
${prepare}
echo begin >trace_marker
${command}
stand_still
grep -E 'tracing_mark_write: begin|initcall_finish: .* ret=0$' trace
echo "peak: $(cat /run/peak 2>/dev/null)"
echo "modules: $(($(live_modules | wc -l) - present))"`;

// The files are in the page cache, as those of an initramfs are.
const cachePages = "cat /usr/bin/node $(find /opt/hotplugd -type f) /usr/lib/x86_64-linux-gnu/lib*.so* >/dev/null";
const dropPages = "sync; echo 3 >/proc/sys/vm/drop_caches";

const contestants = {
	"udevd, trigger, settle": observed(dropPages, "udev_coldplug >&2"),
	"coldplug, node cached": observed(`${dropPages}; ${cachePages}`, "coldplug >&2"),
	"coldplug, node cold": observed(
		dropPages,
		"node --require /vm/report-peak.cjs /opt/hotplugd/dist/main.js coldplug 3>/run/peak >&2",
	),
};

async function measure(script) {
	const files = { "/vm/report-peak.cjs": readFileSync(`${import.meta.dirname}/report-peak.cjs`) };
	const { stdout, stderr, status } = await boot({ devices: coldplugDevices, files, script, seconds: 600 });
	if (status !== 0) throw new Error(`status ${status}: ${stderr}`);
	const text = stdout.toString();
	const stamps = [...text.matchAll(/ (\d+\.\d+): (tracing_mark_write|initcall_finish)/g)];
	const begin = Number(stamps.find(([, , event]) => event === "tracing_mark_write")?.[1]);
	const last = Number(stamps.at(-1)?.[1]);
	const peak = /^peak: (\d+)/m.exec(text)?.[1];
	return { seconds: last - begin, modules: Number(/^modules: (\d+)$/m.exec(text)?.[1]), peak: Number(peak) / 1024 };
}

export async function benchColdplug() {
	const results = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
	for (let round = 0; round < ROUNDS; round++)
		for (const [name, script] of Object.entries(contestants)) results[name].push(await measure(script));
	const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
	const udev = median(results["udevd, trigger, settle"].map(({ seconds }) => seconds));
	console.log(`coldplug in the virtual machine, medians of ${ROUNDS} boots each`);
	console.table(
		Object.entries(results).map(([name, runs]) => ({
			who: name,
			modules: [...new Set(runs.map(({ modules }) => modules))].join(", "),
			seconds: median(runs.map(({ seconds }) => seconds)).toFixed(2),
			all: runs.map(({ seconds }) => seconds.toFixed(1)).join(" "),
			"of udev": (median(runs.map(({ seconds }) => seconds)) / udev).toFixed(2),
			"peak MB": runs.some(({ peak }) => peak > 0) ? median(runs.map(({ peak }) => peak)).toFixed(1) : "",
		})),
	);
}
