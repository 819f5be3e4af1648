// Makes fixtures/uevents: messages of the kernel (kernel.bin) and of udev (udev.bin) about devices with an alias, recorded while
// the test suite's virtual machine brings its devices up, and udev's database afterwards (database.json). In both .bin files each
// message follows its length: 32 bits, least significant byte first.
import "./no-debugger.mjs";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { compile } from "../dist/test/support/running/c-program.js";
import { formatRecords, formatUevent } from "../dist/test/support/running/uevent-injector.js";
import { coldplugDevices, start } from "../dist/test/support/vm/vm.js";

const rules = `
ENV{MODALIAS}=="pci:v00008086d0000100E*", ENV{HOTPLUGD}="ignore"
ENV{MODALIAS}=="pci:v000010ECd00008139*", ENV{MODALIAS}="pci:changed by a rule"
ENV{MODALIAS}=="pci:v00001022d00002000*", ENV{MODALIAS}=""
KERNEL=="failing", PROGRAM="/bin/sh -c 'kill -9 $$PPID'"
`;

const two = [
	["SUBSYSTEM", "acpi"],
	["MODALIAS", "acpi:PRP0001:"],
	["MODALIAS", "of:NsensorT(null)Cvendor,sensor"],
];
const injected = [
	formatUevent("add", "/devices/LNXSYSTM:00/PRP0001:00", two),
	formatUevent("add", "/devices/platform/failing", [
		["SUBSYSTEM", "platform"],
		["MODALIAS", "platform:failing"],
	]),
	formatUevent("remove", "/devices/LNXSYSTM:00/PRP0001:00", two),
];

const listener = `
import { appendFileSync } from "node:fs";
import { loadUeventSocket } from "/opt/hotplugd/dist/src/linux/devices/uevent-socket.js";
const open = await loadUeventSocket();
const fail = (what) => () => { throw new Error(what); };
for (const source of ["kernel", "udev"])
	open({
		onDrain: (messages) => messages.forEach((message) =>
			appendFileSync("/run/from-" + source, message.toString("base64") + "\\n")),
		onRefused: fail("refused"), onTruncated: fail("truncated"), onError: fail("error"),
	}, { source });
appendFileSync("/run/listening", "");
process.on("SIGTERM", () => process.exit(0));
`;

// A row for each device: its path, udev's id for it, the output of udevadm about it, and its aliases; in base64, with tabs
// between.
const database = `cd /sys; find devices -name uevent | LC_ALL=C sort | while read -r file; do
	device=\${file%/uevent}
	aliases=$(cat $device/modalias; sed -n 's/^MODALIAS=//p' $file) 2>/dev/null
	[ -n "$aliases" ] || continue
	subsystem=$(basename "$(readlink $device/subsystem)")
	properties=$(udevadm info -q property -p /$device)
	for field in "/$device" "$subsystem" "$(cat $file)" "$properties" "$aliases"; do printf '%s\\t' "$(printf %s "$field" | base64 -w0)"; done
	echo
done`;

const vm = await start({
	devices: coldplugDevices,
	files: {
		"/etc/udev/rules.d/70-capture.rules": rules,
		"/vm/listener.mjs": listener,
		"/vm/injector": readFileSync(compile("uevent-injector")),
		"/vm/injected": formatRecords(injected),
		"/vm/database": database,
	},
});
try {
	const run = async (line) => {
		const { stdout, stderr, status } = await vm.run(line, 600);
		if (status !== 0) throw new Error(`${line}: ${stderr}`);
		return stdout.trim().split("\n");
	};
	const listening = vm.run("echo $$ >/run/listener; exec node /vm/listener.mjs", 900);
	await run("until [ -e /run/listening ]; do sleep 1; done");
	await run(". /vm/functions; udev_coldplug; stand_still; /vm/injector kernel </vm/injected; sleep 5; udevadm settle");
	await vm.run("kill $(cat /run/listener)");
	const { stderr } = await listening;
	if (stderr !== "") throw new Error(`the listener: ${stderr}`);
	const of = async (source) => (await run(`cat /run/from-${source}`)).map((line) => Buffer.from(line, "base64"));
	save(await of("kernel"), await of("udev"));
	saveDatabase(
		await run("sh /vm/database"),
		await run('cd /run/udev/data; for file in *; do sed "s|^|$file\t|" "$file"; done'),
	);
} finally {
	await vm.stop();
}

function save(kernel, udev) {
	const numberOf = (message) => Number(/\0SEQNUM=(\d+)\0/.exec(message.toString("latin1"))?.[1]);
	const wanted = kernel.filter((message) => message.includes("\0MODALIAS=")).map(numberOf);
	mkdirSync("fixtures/uevents", { recursive: true });
	for (const [name, messages] of Object.entries({ kernel, udev })) {
		const some = messages.filter((message) => wanted.includes(numberOf(message)));
		some.sort((a, b) => numberOf(a) - numberOf(b));
		writeFileSync(`fixtures/uevents/${name}.bin`, formatRecords(some));
		console.log(`${name}: ${some.length} of ${messages.length} messages`);
	}
}

/** Saves each device with its record: the database file with the time that udevadm reports for the device. */
function saveDatabase(rows, lines) {
	const records = new Map();
	for (const line of lines) {
		const [name, text] = line.split("\t");
		records.set(name, `${records.get(name) ?? ""}${text}\n`);
	}
	const devices = rows.map((row) => {
		const [devpath, subsystem, uevent, properties, aliases] = row
			.split("\t")
			.map((field) => Buffer.from(field, "base64").toString("latin1"));
		const property = (key, text = properties) => new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1];
		const time = property("USEC_INITIALIZED");
		const found = [...records].filter(([, text]) => time !== undefined && text.includes(`I:${time}\n`));
		const major = property("MAJOR", uevent);
		return {
			devpath,
			identity: {
				subsystem: subsystem || undefined,
				number: major && `${major}:${property("MINOR", uevent)}`,
				ifindex: property("IFINDEX", uevent),
			},
			aliases: [...new Set(aliases.split("\n"))],
			modalias: property("MODALIAS"),
			...(found.length === 1 && { id: found[0][0], record: found[0][1] }),
		};
	});
	writeFileSync(
		"fixtures/uevents/database.json",
		`${devices
			.map((row) => JSON.stringify(row))
			.join(",\n")
			.replace(/^/, "[\n")}\n]\n`,
	);
	console.log(`database: ${devices.length} devices, ${devices.filter(({ id }) => id).length} of them with a record`);
}
