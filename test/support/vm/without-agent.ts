// What may keep the agent from its work on a machine without systemd, for one machine after the other: each is done, the example's
// service is begun anew with its drivers unloaded, and then undone.
import type { ExecutionContext } from "ava";

export type Hindrance = {
	readonly name: string;
	/** sh, both. */
	readonly begin: string;
	readonly end: string;
	/** What is said of it, before ": modprobe loads the drivers instead". */
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
 * sh: prints a section for each, named so behind `prefix`: what `anew` prints, the live modules, the kernel's log of it, and what
 * serves the kernel's requests.
 * @param down ends the service, if what begins it anew does not. @param anew begins it, and ends when the drivers are there.
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

/** sh, for a machine's `before`: what is loaded before the example begins anything. */
export const recordBase = "sed 's/ .*//' /proc/modules >/base";

/** Whether the drivers are live and modprobe was said to have loaded them, in each section of `hinder`'s. */
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
