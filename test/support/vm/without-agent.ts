// Faults that keep the agent from its work on a machine without systemd. Each fault is set up, the example's service is started
// anew with its drivers unloaded, and the fault is undone.
import type { ExecutionContext } from "ava";

export type Hindrance = {
	readonly name: string;
	/** sh that sets the fault up, and sh that undoes it. */
	readonly begin: string;
	readonly end: string;
	/** The reason in the log, which precedes ": modprobe loads the drivers instead". */
	readonly said: string;
};

const another = (program: string) => ({
	begin: `rm /usr/bin/hotplugd; printf '#!/usr/bin/node\\n${program}\\n' >/usr/bin/hotplugd; chmod 755 /usr/bin/hotplugd`,
	end: "rm /usr/bin/hotplugd; ln -s /usr/local/bin/hotplugd /usr/bin/hotplugd",
});

export const hindrances: readonly Hindrance[] = [
	{
		name: "settings",
		begin: "echo 'no_such_key = 1' >/etc/hotplugd.toml",
		end: "rm /etc/hotplugd.toml",
		said: "the agent ended with status 2",
	},
	{
		name: "node",
		begin: "mv /usr/bin/node /usr/bin/node.away",
		end: "mv /usr/bin/node.away /usr/bin/node",
		said: "the agent ended with status 127",
	},
	{ name: "dies", ...another("process.exit(1);"), said: "the agent ended with status 1" },
	{
		name: "off",
		begin: 'echo "$(cat /proc/cmdline) hotplugd=off" >/run/cmdline; mount --bind /run/cmdline /proc/cmdline',
		end: "umount /proc/cmdline",
		said: "hotplugd=off is on the kernel command line",
	},
];

/**
 * sh that prints a section for each fault, with the section's name behind `prefix`: the output of `anew`, the live modules, the
 * message in the kernel's log, and the program that the kernel calls for modules.
 * @param down stops the service, unless `anew` does
 * @param anew starts the service, and ends when the drivers are there
 */
export function hinder(prefix: string, { down, anew }: { readonly down: string; readonly anew: string }): string {
	const one = ({ name, begin, end }: Hindrance) => `${begin}
${down}
unload_all_but /base
dmesg -c >/dev/null
echo "== ${prefix} ${name}"
${anew}
live_modules
dmesg | grep -o 'hotplugd: .*instead'
cat /proc/sys/kernel/modprobe
${end}`;
	return `. /vm/functions\n${hindrances.map(one).join("\n")}\n`;
}

/** sh, for a machine's `before`: records the modules that are loaded before the example starts. */
export const recordBase = "sed 's/ .*//' /proc/modules >/base";

/** Asserts that, in each section of `hinder`, the drivers are live and the log says that modprobe loaded them. */
export function isLoadedByModprobe(
	t: ExecutionContext,
	asked: Readonly<Record<string, readonly string[]>>,
	prefix: string,
	drivers: readonly string[],
): void {
	for (const { name, said } of hindrances) {
		const lines = asked[`${prefix} ${name}`] ?? [];
		const missing = drivers.filter((driver) => !lines.includes(driver));
		t.deepEqual(missing, [], `${prefix} ${name}: ${lines.join("\n")}`);
		t.true(
			lines.includes(`hotplugd: ${said}: modprobe loads the drivers instead`),
			`${prefix} ${name}: ${lines.join("\n")}`,
		);
		if (name === "off") t.is(lines.at(-1), "/sbin/modprobe");
	}
}
