// Texts of the manual pages besides the options, by the name of the command. `backticks` mark literal text, *stars* emphasis.

const STATUS_OF_KMOD = ["0 where all went well, 1 otherwise."];

const moduleFiles = [
	{ term: "`/lib/modules/`*RELEASE*", text: "The modules of a kernel, and the indexes that depmod has made of them." },
	{
		term: "`/etc/modprobe.d`, `/run/modprobe.d`, `/usr/local/lib/modprobe.d`, `/usr/lib/modprobe.d`, `/lib/modprobe.d`",
		text: "The configuration, described by modprobe.d(5). A file hides those of its name in later directories, and so does a link to /dev/null; a link to nowhere is an error and hides none.",
	},
];

const agentFiles = [
	...moduleFiles,
	{
		term: "`/etc/hotplugd.toml`",
		text: "The settings. The package has a reference file with every key and its default.",
	},
];

const agentStatuses = [
	{ term: "0", text: "The agent did as it was asked." },
	{ term: "1", text: "It could not, or there was no answer: one line on standard error says why." },
	{ term: "2", text: "Options were wrong." },
];

const controlFiles = [
	{
		term: "`/run/hotplugd/control`",
		text: "The socket of the agent: a JSON object a line, a request and the reply to it. Its directory lets nobody in but root.",
	},
];

export const texts = {
	hotplugd: {
		description: [
			"`hotplugd` loads the kernel modules that a machine's devices ask for, and is a kmod beside that: one executable with many names. A command is found by the name that it is called by, such as that of a symlink, or by the first argument: `hotplugd lsmod` is `lsmod`.",
			"`hotplugd --help` lists the commands. Each has a page of its own.",
		],
		more: { Files: agentFiles },
		seeAlso: ["coldplug(8)", "hotplugd-run(8)", "kmod(8)", "modprobe.d(5)"],
	},
	coldplug: {
		description: [
			"Loads the modules that the devices present ask for by their aliases in `/sys`, and those of the devices that come up meanwhile, and ends when nothing has come for a while. Modules are inserted side by side, each after those that it needs; those that match one alias one after the other, in the index's order, since the first one has the device.",
			"Where the kernel was booted with `hotplugd=off` it loads nothing, says so in one line and ends with 0: udev or modprobe load. The last word `hotplugd=` of the kernel command line counts; `hotplugd=on` takes it back.",
			"They are inserted by a process of its own (`insertion-process.js`), since no process ends before its last thread, and a driver's init may sleep where no signal reaches it. A driver that has not ended after `hung_seconds` of the settings hangs: `coldplug` does not wait for it, names it and leaves it to that process. SIGTERM and SIGINT let what does not hang yet end.",
			"`coldplug --dry-run` prints what would be loaded, in order, and why. It needs no privilege and changes nothing, and by `-d`, `-S`, `-C` and `--sysfs` it tells of any other machine whose files are at hand.",
			"`-d` *DIR* is the root of that machine: its modules, modprobe.d, settings, rules, `/proc/cmdline` and `/sys` are looked for in it, links lead where they lead there, and no file of this machine counts that no other option names: `--sysfs /sys` names its devices, `-C /etc/modprobe.d` its configuration. With `--sysfs` alone, or `-S`, modules and configuration are this machine's. Nothing counts as live in either case. This differs from modprobe(8), of whose `-d` the configuration is no part. Where modules are really loaded, devices, live modules and command line are those of the kernel that loads them.",
		],
		more: {
			"Exit status": [
				{
					term: "0",
					text: "Every wanted module is live, built in, blacklisted, masked, without a match, or found no hardware.",
				},
				{
					term: "1",
					text: "It could not begin: there are no usable indexes or no `/sys`; or something was passed over, such as a device that cannot be read.",
				},
				{ term: "2", text: "Options or settings were wrong." },
				{ term: "3", text: "A driver failed; all others were loaded." },
				{ term: "4", text: "No module could be inserted for want of permission." },
				{ term: "5", text: "This kernel cannot load modules." },
				{ term: "6", text: "A signal ended it before everything was loaded." },
				{
					term: "7",
					text: "A driver hangs, or `--timeout` was over before things were settled. What is in flight is named and left to end; all else was loaded.",
				},
			],
			Files: agentFiles,
		},
		seeAlso: ["hotplugd(8)", "hotplugd-run(8)", "modprobe(8)", "modprobe.d(5)"],
	},
	run: {
		description: [
			"Does what coldplug(8) does, and then goes on: it loads the modules of every device that is plugged in, until SIGTERM or SIGINT ends it. Then nothing more begins, and what runs is named in the log and awaited until it has ended or hangs.",
			"Where the kernel was booted with `hotplugd=off` it says so in one line and ends with 0 at once, as coldplug(8) does.",
			"The log goes to standard output, a JSON object a line: one for each outcome, with its batch, its module and why it was wanted.",
			"Where there is nothing to look in yet, since `/lib/modules/`*RELEASE* or an index in it is absent, damaged or cannot be read, it says so once, stays, and takes requests to load for `refused`, so that whoever asks may do it himself; `/run/hotplugd/listening` is not there meanwhile, and udev loads what it can. When the indexes are there, mounted or written, it looks at all devices. On a kernel without modules that never comes.",
		],
		more: {
			"Control socket": [
				'On the socket `control` in its run directory, which lets nobody in but root, the agent answers one JSON object a line by another, in their order. What could not be done is `{"ok":false,"error":"a sentence"}`. A line is UTF-8 and at most 64 KiB long. A byte that is no UTF-8, in an alias say, is a lone surrogate both ways: `\\udce9` is the byte E9.',
				{ term: '`{"command":"status"}`', text: '`{"ok":true,"status":{...}}`' },
				{
					term: '`{"command":"settle","timeout_milliseconds":120000}`',
					text: '`{"ok":true,"settled":false,"waiting_for":["e1000"]}`: settled or not, once it has or the time is over. `not_waited_for`, where it is there, names commands that whoever asks is below; `"stopping":true` says that the agent is being stopped, so that it answered at once. A `note` is a sentence for people.',
				},
				{ term: '`{"command":"reload"}`', text: '`{"ok":true,"problems":0}`' },
				{
					term: '`{"command":"load","alias":"fs-xfs","for":"user","wait":true}`',
					text: '`{"ok":true,"result":"done","explanation":"..."}`: done, nothing to load, failed, taken where nobody waits, or refused, by an agent that is stopping or has nothing yet to look it up in. What the `kernel` asks for awaits no place among others.',
				},
				{ term: '`{"command":"stop"}`', text: '`{"ok":true}`' },
				{ term: '`{"command":"metrics"}`', text: '`{"ok":true,"text":"..."}`' },
				"A client is left that owes a line, the rest of one, or the reading of an answer for more than ten seconds. There may be 64 at once.",
			],
			Files: [...agentFiles, ...controlFiles],
		},
		seeAlso: ["hotplugd(8)", "coldplug(8)", "hotplugd-status(8)", "hotplugd-settle(8)", "modprobe.d(5)"],
	},
	status: {
		description: [
			"Prints how the agent fares that `hotplugd run` is: what it is doing and since when, what it has counted, what is in flight, the last outcomes with their reasons, which indexes and configuration it goes by, and the last problem.",
			"Uevents that were *dropped* are those that it left out because its queue was full; *refused* ones were not sent by whom it listens to; *overruns* are uevents for which the kernel found no room in the receive buffer, after which it looks at all devices again. *Passed over* are devices that cannot be read, and rules and decisions that failed: the log names each once, with the reason.",
			"With `--json` it is one object, whose times are milliseconds. What a later version adds has names of its own.",
		],
		more: { "Exit status": agentStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-run(8)", "hotplugd-settle(8)", "hotplugd-metrics(8)"],
	},
	settle: {
		description: [
			"Waits until the agent has handled all uevents that had been sent when it was asked, has looked for those that were lost, nothing is in flight any more, and policy's commands for what had come up have ended. Modules whose init hangs are not waited for, nor what failed a moment ago and is left alone for now.",
			"Below a command of policy's, or an install command of modprobe.d, it does not wait for that command, for what comes after it, or for another that waits likewise, and says so. Whether it is below one is told by its process, that one's parents and their sessions.",
			"A unit that is to run when the drivers are there can have it as a command of its own.",
			"Where the agent has no indexes to look in, it looks once more whether they have come; if not, things are settled, which is said in a line on standard error: a kernel without modules holds up no boot.",
		],
		more: {
			"Exit status": [
				...agentStatuses,
				{ term: "3", text: "Things had not settled in time, or the agent is stopping: it says what was waited for." },
			],
			Examples: [{ lines: ["hotplugd settle --timeout 30 && mount /dev/sdb1 /mnt"] }],
			Files: controlFiles,
		},
		seeAlso: ["hotplugd-run(8)", "hotplugd-status(8)", "udevadm(8)"],
	},
	reload: {
		description: [
			"Has the agent read the indexes of depmod and the configuration anew, as SIGHUP does, and waits until it has. What is in flight is finished first. Where they cannot be read, what was known still counts; when they can be, it looks at all devices again.",
			"Devices that no module was known for are then looked up once more. What a blacklist or a rule had kept out stays out, even where neither does so any more, until its device comes up again: whoever edits such a line may do so for the next boot.",
		],
		more: { "Exit status": agentStatuses, Files: [...agentFiles, ...controlFiles] },
		seeAlso: ["hotplugd-run(8)", "depmod(8)", "modprobe.d(5)"],
	},
	load: {
		description: [
			"Has the agent load the modules that an alias stands for, as if a device had it: the configuration and the policy count. It waits until they are live or have failed, however long that takes.",
		],
		more: {
			"Exit status": [
				{ term: "0", text: "They are live or built in; with `--no-wait`, the agent will see to it." },
				{ term: "1", text: "There is nothing to load for the alias, or a module failed, or there was no answer." },
				{ term: "2", text: "Options were wrong." },
			],
			Examples: [{ lines: ["hotplugd load fs-xfs", "hotplugd load 'pci:v00008086d0000100Esv*'"] }],
			Files: controlFiles,
		},
		seeAlso: ["hotplugd-run(8)", "modprobe(8)"],
	},
	stop: {
		description: [
			"Has the agent end as SIGTERM does: nothing more begins, and what runs is awaited. The command does not wait for that.",
			"A service manager may start it again at once: under systemd, `systemctl stop hotplugd` is what stops it.",
		],
		more: { "Exit status": agentStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-run(8)", "systemctl(1)"],
	},
	metrics: {
		description: [
			"Prints the metrics of the agent in the text format of Prometheus: uevents, aliases and modules by what came of them, what waits, and how long insertions took. `hotplugd_indexes_missing` is 1 where there were no indexes to read when it was tried last.",
		],
		more: { "Exit status": agentStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-run(8)", "hotplugd-status(8)"],
	},
	"run-install-command": {
		description: [
			"Is not called by people: systemd starts it by `hotplugd-command@.service` for each connection to `hotplugd-command.socket`. It reads a line `install` *MODULE*, runs the `install` command that modprobe.d(5) has for that module, and answers its exit status. So an agent that systemd keeps in a sandbox has such commands run outside it without being able to say what they are: it is told a name, and what is run stands in files of root.",
			"A line `rule` names the file and line of a rule of policy in the same way, and what the uevent says of the device; the rule has to be about such a device. The environment of what is run is made anew: a PATH, `MODPROBE_MODULE` for an `install` command, and for a rule's command those keys of the uevent that are data or that the rule's `environment` lists. Nothing that a shell, the dynamic linker, an interpreter or kmod heeds is passed on.",
		],
		more: {
			Files: [
				...moduleFiles,
				{ term: "`/run/hotplugd-command/socket`", text: "Its socket. Its directory lets nobody in but root." },
			],
			"Exit status": [
				{ term: "0", text: "The command was run, however it ended." },
				{ term: "1", text: "There is no such command, it could not be run, or the request was none." },
				{ term: "2", text: "No connection was passed to it, or options were wrong." },
			],
		},
		seeAlso: ["hotplugd-run(8)", "modprobe.d(5)"],
	},
	check: {
		description: [
			"Reads all that hotplugd-run(8) and coldplug(8) would read and prints what is wrong with it, a line each with file and line: the settings; the rules of policy; modprobe's configuration, lines included that count for nothing; and depmod's indexes. It needs no privilege and changes nothing.",
			"Of each index every entry is read. `modules.dep.bin` has to have all modules that other indexes and its own lines name, all whose files are there and depmod.d(5) does not exclude, and none whose file is not: otherwise depmod(8) has to be run. So it has where files are of two of its runs: where an index and its text, such as `modules.alias`, differ, a depmod that was interrupted has left drafts, or only some bear the time that `hotplugd`'s depmod gives all files of a run.",
			"With *FILE* only that is checked: settings are in a file named `hotplugd.toml` or named by `--config`, policy in others that end in `.toml`, modprobe's configuration in `.conf`, indexes in `.bin`. A file that is named may be a pipe.",
		],
		more: {
			"Exit status": ["0 where nothing is wrong, 1 where something is, 2 where the options were wrong."],
			Files: [
				...agentFiles,
				{
					term: "`/etc/hotplugd/rules.d/`*NAME*`.toml`",
					text: "The administrator's rules. A file hides the package's own one of the same name. With `-d`, both are those of that root.",
				},
			],
		},
		seeAlso: ["hotplugd(8)", "hotplugd-run(8)", "coldplug(8)", "modprobe.d(5)", "depmod(8)"],
	},
	kmod: {
		description: [
			"`kmod` is all of the tools for kernel modules in one. It is the tool that it is called as, by a symlink or by its first argument, and has commands of its own beside them.",
		],
		commands: async () => {
			const { commands } = await import("../../dist/src/tools/kmod/kmod.js");
			const { help: _, ...others } = commands;
			return Promise.all(Object.values(others).map((load) => load()));
		},
		more: {
			"Formats of static-nodes": [
				{ term: "human", text: "For people. It is the default, and nothing to parse." },
				{ term: "tmpfiles", text: "For systemd-tmpfiles, as tmpfiles.d(5) describes it." },
				{
					term: "devname",
					text: "As in `modules.devname` itself: module, name, and type with major and minor number.",
				},
			],
			"Exit status": STATUS_OF_KMOD,
			Files: moduleFiles,
		},
		seeAlso: ["lsmod(8)", "rmmod(8)", "insmod(8)", "modinfo(8)", "modprobe(8)", "depmod(8)", "hotplugd(8)"],
	},
	lsmod: {
		description: [
			"Prints the modules that the kernel has, the one inserted last first: name, bytes of memory, how often it is in use, and the modules that need it. The figures are those of `/proc/modules` and `/sys/module`; one that the kernel does not tell is printed as a negative number.",
		],
		more: {
			JSON: [
				"With `--json` each line is an object:",
				{ term: "module", text: "The name, with underscores." },
				{ term: "size", text: "Bytes of memory. Left out where the kernel does not tell." },
				{ term: "references", text: "How often it is in use. Left out where the kernel does not tell." },
				{ term: "holders", text: "An array of the names of modules that need this one." },
				{ term: "state", text: '"live", "coming" while its init runs, or "going" while it is removed.' },
			],
			"Exit status": STATUS_OF_KMOD,
			Files: [
				{ term: "`/proc/modules`", text: "The kernel's list." },
				{ term: "`/sys/module`", text: "What it says of each." },
			],
		},
		seeAlso: ["kmod(8)", "modinfo(8)", "modprobe(8)", "rmmod(8)"],
	},
	insmod: {
		description: [
			"Inserts one module file, which may be compressed by gzip, xz or zstd. Neither the modules that it needs nor the configuration are looked at: modprobe(8) does that, and is what most people want.",
			"What follows the file are parameters of the module. If the kernel refuses the module, `insmod` says so in a line, in a second one what the answer means, and the kernel's log often says more.",
		],
		more: {
			"Exit status": STATUS_OF_KMOD,
			Examples: [{ lines: ["insmod ./loop.ko max_loop=16"] }],
		},
		seeAlso: ["kmod(8)", "modprobe(8)", "rmmod(8)", "dmesg(1)"],
	},
	rmmod: {
		description: [
			"Removes modules, each by its name or by the file that it came from. What is in use is not removed, and what the removed one needed stays: `modprobe -r` removes that too.",
			"Where one module cannot be removed the next one is tried.",
		],
		more: { "Exit status": STATUS_OF_KMOD },
		seeAlso: ["kmod(8)", "lsmod(8)", "modprobe(8)", "insmod(8)"],
	},
	modprobe: {
		description: [
			"Inserts modules with those that they need, or removes them, as the configuration says. A module is asked for by its name, by one of its aliases, or by a file whose path begins with `/` or `./`; a dash in a name is an underscore. What follows the name are parameters of the module.",
			"A module that is asked for by an alias is not inserted if it is blacklisted; one that is asked for by its name is, unless `-b` is given.",
		],
		more: {
			Environment: [
				{ term: "`MODPROBE_OPTIONS`", text: "Options that are put before those given." },
				{ term: "`MODPROBE_MODULE`", text: "Set for install and remove commands: the module that they are for." },
			],
			"Exit status": STATUS_OF_KMOD,
			Files: moduleFiles,
		},
		seeAlso: ["modprobe.d(5)", "insmod(8)", "rmmod(8)", "lsmod(8)", "modinfo(8)", "depmod(8)", "kmod(8)"],
	},
	modinfo: {
		description: [
			"Prints what a module file says of itself: author, description, licence, parameters, aliases, what it needs, and its signature. A module is named, or found by its file; it need not be in the kernel, and may be built into it.",
		],
		more: { "Exit status": STATUS_OF_KMOD, Files: moduleFiles },
		seeAlso: ["kmod(8)", "modprobe(8)", "depmod(8)"],
	},
	depmod: {
		description: [
			"Reads every module of a kernel and writes the indexes by which modprobe(8) finds modules: which needs which, and what each is also called. It is run when modules are installed, for the running kernel unless another one is given.",
			"Each file is replaced as a whole or not at all, and where one cannot be written `depmod` fails and the old ones stay.",
			"It locks the directory that it writes to, by flock(2), until it has ended; `-n` does not. Where another process has the lock it says so and waits, for 60 seconds at most. Without a lock, as on a file system that has none, it says so and goes on. All files bear one time, somewhat before they were made. Killed between two files it leaves the one new and the other old, and drafts named `.modules.`*NAME*`.`*DIGITS*`.new` and `.old` beside them, by which `hotplugd check` and the agent tell; the next `depmod`, with `-A` too, makes all files anew and removes the drafts.",
		],
		more: {
			"Exit status": STATUS_OF_KMOD,
			Files: [
				...moduleFiles.slice(0, 1),
				{
					term: "`/etc/depmod.d`, `/run/depmod.d`, `/usr/local/lib/depmod.d`, `/usr/lib/depmod.d`, `/lib/depmod.d`",
					text: "Where to look for modules, and which of several of one name counts: described by depmod.d(5).",
				},
			],
		},
		seeAlso: ["depmod.d(5)", "modprobe(8)", "modinfo(8)", "kmod(8)"],
	},
};
