import test from "ava";
import type { Command } from "../../../src/agent/commands/command-pool.js";
import { concernOf, makeCommands } from "../../../src/agent/commands/commands.js";
import { parseUevent, type Uevent } from "../../../src/agent/devices/uevent.js";
import { noPolicy, type Policy } from "../../../src/agent/policy/policy.js";
import { parsePolicy } from "../../../src/agent/policy/policy-file.js";
import type { DeviceSources, PresentDevice } from "../../../src/ports/devices.js";

const rules = `[[run]]
action = ["add", "remove"]
subsystem = "net"
command = ["/bin/net", "x y"]
timeout_seconds = 2

[[run]]
action = "add"
command = ["/bin/any"]

[[run]]
action = "change"
command = ["/bin/change"]

[[ignore]]
devpath = "*/ignored"
`;

const policyOf = (text: string): Policy => parsePolicy("p", text).value.policy;

function pretend(text: string = rules) {
	const added: Command[] = [];
	let policy = policyOf(text);
	const commands = makeCommands(() => policy, { add: (command) => void added.push(command) });
	const told = () => added.splice(0).map(({ command, device, action }) => `${action} ${device} ${command[0]}`);
	const sources = (...names: readonly string[]): DeviceSources => ({
		*present() {
			for (const name of names) yield deviceNamed(name);
		},
		identify: () => ({ subsystem: undefined, number: undefined, ifindex: undefined }),
		listen: () => Promise.reject(new Error("no test listens")),
	});
	return {
		told,
		added,
		hear: (...messages: readonly string[]) => commands.hear(messages.map(ueventOf)),
		hearOf: (uevent: Uevent) => commands.hear([uevent]),
		look: (...names: readonly string[]) => [...commands.watch(sources(...names)).present()],
		use: (anew: Policy) => {
			policy = anew;
		},
	};
}

/** A uevent from a text: "add net/eth0" has the action, the subsystem and the device's name. Further variables follow them. */
function ueventOf(message: string) {
	const [action = "", name = "", ...keys] = message.split(" ");
	const subsystem = name.split("/")[0];
	const text = [
		`${action}@/devices/${name}`,
		`ACTION=${action}`,
		`DEVPATH=/devices/${name}`,
		`SUBSYSTEM=${subsystem}`,
		...keys,
	];
	return parseUevent(Buffer.from(text.map((string) => `${string}\0`).join("")))!;
}

const deviceNamed = (name: string): PresentDevice => ({
	devpath: `/devices/${name}`,
	aliases: [],
	properties: new Map([["SUBSYSTEM", name.split("/")[0]!]]),
});

test("what happened to a device runs the commands of the rules about it, in the rules' order", (t) => {
	const { hear, told, added } = pretend();
	hear("add net/eth0 INTERFACE=eth0");
	t.deepEqual(added[0], {
		device: "/devices/net/eth0",
		action: "add",
		rule: { file: "p", line: 1 },
		command: ["/bin/net", "x y"],
		environment: {
			ACTION: "add",
			DEVPATH: "/devices/net/eth0",
			SUBSYSTEM: "net",
			INTERFACE: "eth0",
			PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		},
		timeoutMilliseconds: 2000,
	});
	t.deepEqual(told(), ["add /devices/net/eth0 /bin/net", "add /devices/net/eth0 /bin/any"]);
	hear("change net/eth0", "bind net/eth0", "remove net/eth0", "remove usb/1", "add usb/ignored");
	t.deepEqual(told(), ["change /devices/net/eth0 /bin/change", "remove /devices/net/eth0 /bin/net"]);
});

test("for a device that udev wants left alone nothing is run", (t) => {
	const { hearOf, told } = pretend();
	hearOf({ ...ueventOf("add net/eth0"), leftAlone: "rule" });
	t.deepEqual(told(), []);
	hearOf(ueventOf("add net/eth0"));
	t.deepEqual(told().length, 2);
});

test("looking again runs commands only for devices that were not seen yet", (t) => {
	const { hear, look, told } = pretend();
	t.is(look("usb/1", "net/eth0").length, 2);
	t.deepEqual(told(), [
		"add /devices/usb/1 /bin/any",
		"add /devices/net/eth0 /bin/net",
		"add /devices/net/eth0 /bin/any",
	]);
	hear("add usb/2");
	told();
	look("usb/1", "net/eth0", "usb/2", "usb/3");
	t.deepEqual(told(), ["add /devices/usb/3 /bin/any"]);
});

test("a device that is both found and announced came up once", (t) => {
	const { hear, look, told } = pretend();
	look("usb/1");
	told();
	hear("add usb/1");
	t.deepEqual(told(), []);
	hear("remove usb/1", "add usb/1");
	t.deepEqual(told(), ["add /devices/usb/1 /bin/any"]);
});

test("a uevent that somebody asked for runs commands again", (t) => {
	const { hear, look, told } = pretend();
	look("usb/1");
	told();
	hear("add usb/1 SYNTH_UUID=0");
	t.deepEqual(told(), ["add /devices/usb/1 /bin/any"]);
});

test("a device that was renamed is still seen", (t) => {
	const { hear, look, told } = pretend();
	hear("add net/eth0", "move net/lan DEVPATH_OLD=/devices/net/eth0");
	told();
	look("net/lan");
	t.deepEqual(told(), []);
});

test("the rules that count are those of now", (t) => {
	const { hear, look, told, use } = pretend();
	look("usb/1");
	told();
	use(noPolicy);
	hear("add net/eth0", "remove usb/1");
	look("net/eth0");
	t.deepEqual(told(), []);
	use(policyOf(rules));
	look("usb/1");
	t.deepEqual(told(), ["add /devices/usb/1 /bin/any"]);
});

test("devices without an alias are asked for where a rule about those that come up needs them", (t) => {
	t.is(concernOf(noPolicy), undefined);
	t.is(concernOf(policyOf('[[run]]\naction = "remove"\ncommand = ["/bin/x"]')), undefined);
	const concerns = concernOf(policyOf('[[run]]\naction = "add"\nsubsystem = "tty"\ncommand = ["/bin/x"]'));
	t.true(concerns?.("tty"));
	t.false(concerns?.("memory"));
});
