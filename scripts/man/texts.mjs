// Texts of the manual pages besides the options, by the name of the command. `backticks` mark literal text, *stars* emphasis.

const STATUS_OF_KMOD = ["0 if everything succeeded, 1 otherwise."];

const moduleFiles = [
	{ term: "`/lib/modules/`*RELEASE*", text: "The modules of a kernel, and the indexes that depmod has made of them." },
	{
		term: "`/etc/modprobe.d`, `/run/modprobe.d`, `/usr/local/lib/modprobe.d`, `/usr/lib/modprobe.d`, `/lib/modprobe.d`",
		text: "The configuration, described by modprobe.d(5). A file hides those of its name in later directories, and so does a link to /dev/null; a dangling symbolic link is an error and hides no file.",
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
	{ term: "1", text: "The agent could not, or did not answer: one line on standard error says why." },
	{ term: "2", text: "Options were wrong." },
];

const timelineStatuses = [
	{ term: "0", text: "The timeline was printed or written." },
	{
		term: "1",
		text: "There is no timeline, it could not be written, or it lacks the module: one line on standard error says why.",
	},
	{ term: "2", text: "Options were wrong, or the name of the file ends in another way." },
];

const controlFiles = [
	{
		term: "`/run/hotplugd/control`",
		text: "The socket of the agent: each line is a JSON object, a request or the reply to it. Only root may enter the directory of the socket.",
	},
];

const explain = {
	description: [
		"The first line about each *SUBJECT* is the answer, with its cause and its place: a place is *FILE*`:`*LINE*. The chain that led to the answer follows as a tree: the device, its aliases, the pattern that matches with the index or the line that has it, the modules that match the same alias and their order, what each module needs, its softdeps, its options, and what keeps it out. The command needs no privilege and changes nothing.",
		"A *SUBJECT* is a module, by its name or the path of its file; an alias; a device, by its path with or without `/sys`, by its node below `/dev`, or by the name of a network interface; an address on PCI or USB, such as `0000:00:1f.2`, `00:1f.2`, `1-1.2` or `usb 1-1.2`; or the ids of a vendor and a product, such as `8086:100e`, which stand for every device that has them. For a device without an alias, such as a disk, the device above it is told that has one.",
		"A word that could be a module and an interface is taken for the module, and the answer says so. A word that is nothing gets the names that are nearest.",
		"With `-d`, `-S`, `-C` and `--sysfs` the answer is about another machine, as with `coldplug --dry-run`: which of its modules are live is then not known. With `--machine` *FILE* it is about the machine that *FILE* has captured, live modules included: nothing of this machine counts then but what an option names, and `-d` *DIR* takes only the modules below *DIR*`/lib/modules`.",
		"What the kernel answered when a module was last tried comes from the running agent, or from a log that `--log` names.",
	],
	more: {
		"Exit status": [
			"That of the worst subject, in this order:",
			{ term: "0", text: "Loaded and bound, built in, or live without a device." },
			{ term: "3", text: "The module would be loaded." },
			{ term: "4", text: "A module is loaded, or its driver built in, and has not bound the device." },
			{ term: "5", text: "The module is kept out, or could not be loaded." },
			{ term: "6", text: "No module has a pattern for the device, or nothing asks for the module." },
			{ term: "1", text: "There is no such module, alias or device, or something could not be read." },
			{ term: "2", text: "Options were wrong." },
		],
		Examples: [
			{
				lines: ["hotplugd explain e1000e", "hotplugd explain 0000:00:1f.2", "hotplugd explain /dev/sda eth0 8086:100e"],
			},
		],
		Files: agentFiles,
	},
	seeAlso: ["hotplugd(8)", "coldplug(8)", "hotplugd-run(8)", "modprobe.d(5)"],
};

const compare = {
	description: [
		"Says which devices gain, lose or change a driver from *A* to *B*, and why. *A* and *B* are machines: each a capture (hotplugd capture), `-` for one on standard input, or the root directory of a machine; without *A* this machine counts. With `--kernel`, `--config` or `--policy` one machine is compared with itself under another kernel, configuration or policy.",
		"The modules of a device are those that its aliases ask for and that would really be inserted: modules that a blacklist, an install line, a rule of policy, the kernel command line or a missing file keeps out do not count, and drivers that are built in do. Nothing counts as loaded already, on either side. Where several modules match a device, the kernel lets the first that fits bind it: the device loses its driver when none of them is left. The features of a processor and the handlers of input devices are different: there each module serves by itself, and one less is a loss.",
		"Devices are paired by their path, and one that has moved by its aliases and its subsystem.",
		"With `--initramfs` the machine is compared with the image that is to boot it: which device on the way to its root disk has no driver in the image, and which file system, checksum, cipher, mapping, level of md or keyboard has no module.",
		"The first line says what is lost. A table of the devices follows, each with its modules on both sides and the cause with its place, *FILE*`:`*LINE*; then the modules that come or go though no device asks for them (dependencies and softdeps), and those with other options.",
		"`hotplugd compare --fleet` *FILE* reads one capture a line, from a file, a pipe or (`-`) standard input, also compressed by gzip or zstd, and compares each machine under two kernels: those of two options `--kernel`, or the machine's own and that of one. The machine's own kernel comes with its capture, or from `lib/modules/`*RELEASE* below the directory that `-d` names. A summary follows: how many machines lose a driver, and the causes, each with the number of its machines and the first line that has it. With `--json` each line has a record instead, in the order of the input and while that still grows. A line that cannot be compared has a record that says why, and the rest goes on. There is a thread for each processor, and memory does not grow with the fleet.",
		"With `--fleet`, `--csv` *FILE* and `--parquet` *FILE* write the results as a table too, with a row for each device that changes, and one for a machine of which none does. Each file appears when it is whole, and an old one stays until then.",
	],
	more: {
		"Exit status": [
			{ term: "0", text: "No device loses a driver." },
			{
				term: "1",
				text: "A side could not be read, or a part of it was skipped: one line on standard error says why. With `--fleet`: a line could not be compared, and no machine loses a driver.",
			},
			{ term: "2", text: "Options were wrong, or an operand names no machine." },
			{ term: "3", text: "A device loses its driver, with `--fleet` one of some machine; or lacks it in the image." },
		],
		Examples: [
			{
				lines: [
					"hotplugd compare --kernel /lib/modules/6.12.9-amd64",
					"hotplugd compare --config ./modprobe.d",
					"hotplugd compare /mnt/before /mnt/after --json",
					"hotplugd compare --initramfs /boot/initrd.img-6.12.9-amd64",
					"hotplugd compare --fleet fleet.ndjson --kernel /srv/kernels/6.1 --kernel /srv/kernels/6.12 --csv fleet.csv",
				],
			},
		],
		Files: agentFiles,
	},
	seeAlso: ["hotplugd(8)", "hotplugd-capture(8)", "hotplugd-explain(8)", "coldplug(8)", "modprobe.d(5)"],
};

export const texts = {
	explain,
	compare,
	why: explain,
	hotplugd: {
		description: [
			"`hotplugd` loads the kernel modules that a machine's devices ask for, and is also a replacement for kmod: one executable with many names. The name by which the executable is called, such as that of a symlink, or else the first argument, selects the command: `hotplugd lsmod` is `lsmod`.",
			"`hotplugd --help` lists the commands. Each has a page of its own.",
		],
		more: { Files: agentFiles },
		seeAlso: ["coldplug(8)", "hotplugd-run(8)", "kmod(8)", "modprobe.d(5)"],
	},
	coldplug: {
		description: [
			"Loads the modules that the devices present ask for by their aliases in `/sys`, and those of the devices that come up meanwhile, and ends when no device has come up for a while. Modules are inserted concurrently, each after its dependencies. Modules that match the same alias are inserted one after the other, in the order of the index, since the first one takes the device.",
			"When the kernel was booted with `hotplugd=off`, `coldplug` loads nothing, says so in one line and exits with 0: udev or modprobe load the modules. The last word `hotplugd=` of the kernel command line counts: `hotplugd=on` cancels an earlier `hotplugd=off`.",
			"A separate process (`insertion-process.js`) inserts the modules, since no process ends before its last thread, and a driver's init may sleep where no signal reaches it. A driver whose init has not ended after `hung_seconds` of the settings hangs: `coldplug` does not wait for that driver, names it and leaves it to the separate process. At SIGTERM and SIGINT `coldplug` waits for the drivers that do not hang yet, and begins no others.",
			"`coldplug --dry-run` prints what would be loaded, and why: numbers and exceptions first, such as devices without a driver and modules that are kept out, then a table by device. `--order` prints every module in order instead, `--tree` and `--dot` what modules need. Operands name the modules, devices or subsystems that are shown; without any, all are. A dry run needs no privilege and changes nothing. With `-d`, `-S`, `-C` and `--sysfs` it plans for any other machine whose files are at hand, and with `--machine` *FILE* for the one that *FILE* has captured. There, `-d` *DIR* takes only the modules below *DIR*`/lib/modules`, and what is live on that machine is loaded already, unless `--cold` is given.",
			"`--timeline` *FILE* writes, at the end, when each module was wanted, began and ended, and what it waited for: as a picture (`.svg`), a page (`.html`) or data (`.json`), as hotplugd-timeline(8) does for a running agent. When the file cannot be written, everything is loaded all the same, and the exit status is 1 instead of 0.",
			"`-d` *DIR* is the root of that machine: modules, modprobe.d, settings, rules, `/proc/cmdline` and `/sys` are read below *DIR*, and symbolic links are resolved as on that machine. Files of this machine count only if another option names them: `--sysfs /sys` names the devices of this machine, `-C /etc/modprobe.d` its configuration. With `--sysfs` alone, or `-S`, modules and configuration are those of this machine. No module counts as live in either case. modprobe(8) differs: its `-d` does not apply to the configuration. When modules are really loaded, devices, live modules and command line are those of the kernel that loads them.",
		],
		more: {
			"Exit status": [
				{
					term: "0",
					text: "Every wanted module is live, built in, blacklisted, masked, without a match, or found no hardware.",
				},
				{
					term: "1",
					text: "`coldplug` could not begin, without usable indexes or `/sys` for example; or a part was skipped, such as a device that cannot be read; or everything was loaded, but the file of `--timeline` could not be written.",
				},
				{ term: "2", text: "Options or settings were wrong." },
				{ term: "3", text: "A driver failed; all others were loaded." },
				{
					term: "4",
					text: "No module at all may be loaded: CAP_SYS_MODULE is missing, or kernel.modules_disabled is set.",
				},
				{ term: "5", text: "This kernel cannot load modules." },
				{ term: "6", text: "A signal ended `coldplug` before everything was loaded." },
				{
					term: "7",
					text: "A driver hangs, or `--timeout` was over before the devices were settled. The modules in flight are named and left to end; all others were loaded.",
				},
			],
			Files: agentFiles,
		},
		seeAlso: ["hotplugd(8)", "hotplugd-run(8)", "modprobe(8)", "modprobe.d(5)"],
	},
	run: {
		description: [
			"Does what coldplug(8) does, and then goes on: the agent loads the modules of every device that is plugged in, until SIGTERM or SIGINT. Then no further module or command begins. The agent names those that run in the log, and ends when each has ended or hangs.",
			"When the kernel was booted with `hotplugd=off`, the agent says so in one line and exits with 0 at once, as coldplug(8) does.",
			"The log goes to standard output, one JSON object a line: one for each outcome, with its batch, its module and the reason for which the module was wanted.",
			"When there are no usable indexes yet, since `/lib/modules/`*RELEASE* or an index in it is absent, damaged or cannot be read, the agent says so once and stays. It answers requests to load with `refused`, so that the client may load the module itself. The file `/run/hotplugd/listening` does not exist meanwhile, and udev loads what it can. Once the indexes are mounted or written, the agent looks at all devices. On a kernel without modules it waits for ever.",
		],
		more: {
			"Control socket": [
				'On the socket `control` in its run directory, which only root may enter, the agent answers each line, a JSON object, with another line, in the order of the requests. The answer to a request that could not be carried out is `{"ok":false,"error":"a sentence"}`. A line is UTF-8 and at most 64 KiB long. A byte that is not UTF-8, in an alias for example, is a lone surrogate in requests and answers: `\\udce9` is the byte E9.',
				{ term: '`{"command":"status"}`', text: '`{"ok":true,"status":{...}}`' },
				{
					term: '`{"command":"settle","timeout_milliseconds":120000}`',
					text: '`{"ok":true,"settled":false,"waiting_for":["e1000"]}`: sent when everything is settled or the time is over. `not_waited_for`, if present, names commands of which the client is a descendant; `"stopping":true` says that the agent is being stopped, and therefore answered at once. A `note` is a sentence for people.',
				},
				{ term: '`{"command":"reload"}`', text: '`{"ok":true,"problems":0}`' },
				{
					term: '`{"command":"load","alias":"fs-xfs","for":"user","wait":true}`',
					text: '`{"ok":true,"result":"done","explanation":"..."}`: the result is `done`, `nothing` (to load), `failed`, `taken` (without `wait`), or `refused` by an agent that is stopping, has no usable indexes yet, or could not plan the request. A request of the `kernel` does not wait for a free permit to insert.',
				},
				{ term: '`{"command":"stop"}`', text: '`{"ok":true}`' },
				{ term: '`{"command":"metrics"}`', text: '`{"ok":true,"text":"..."}`' },
				{
					term: '`{"command":"timeline"}`',
					text: '`{"ok":true,"timeline":{...}}`: when each module was wanted, began and ended, and why; described in `docs/timeline.md` of the package.',
				},
				"The agent closes the connection of a client that for more than ten seconds has sent no line while no answer to it is under way, has not completed a line, or has not read an answer. There may be 64 clients at once.",
			],
			Files: [...agentFiles, ...controlFiles],
		},
		seeAlso: ["hotplugd(8)", "coldplug(8)", "hotplugd-status(8)", "hotplugd-settle(8)", "modprobe.d(5)"],
	},
	status: {
		description: [
			"Prints the status of the running agent (`hotplugd run`): what the agent is doing and since when, its counts, the modules in flight, the last outcomes with their reasons, the indexes and the configuration in use, and the last problem.",
			"*Dropped* uevents were left out because the agent's queue was full. *Refused* uevents came from another sender than the kernel or udev. *Overruns* are uevents for which the kernel found no room in the receive buffer; the agent then looks at all devices again. *Skipped* are devices that cannot be read, and rules and decisions that failed: the log names each once, with the reason.",
			"With `--json` the status is one object, whose times are milliseconds. A later version may add keys, but changes none.",
		],
		more: { "Exit status": agentStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-run(8)", "hotplugd-settle(8)", "hotplugd-metrics(8)"],
	},
	settle: {
		description: [
			"Waits until the agent has handled all uevents that were sent before the request, has looked for lost ones, no module is in flight any more, and the commands of policy rules for the devices of these uevents have ended. Modules whose init hangs are not waited for, nor modules that have just failed and are in their back-off.",
			"Called from below a command of a policy rule, or an install command of modprobe.d, `settle` does not wait for that command, for commands queued behind it, or for another command that waits for the agent likewise, and says so. The process of `settle`, its ancestors and their sessions tell whether it is below a command.",
			"A unit that is to run when the drivers are loaded can call `settle` as its first command.",
			"An agent without usable indexes tries once more to read them. If that fails, everything counts as settled, and a line on standard error says so: a kernel without modules holds up no boot.",
		],
		more: {
			"Exit status": [
				...agentStatuses,
				{
					term: "3",
					text: "The agent had not settled in time, or is stopping: a line on standard error names what was waited for.",
				},
			],
			Examples: [{ lines: ["hotplugd settle --timeout 30 && mount /dev/sdb1 /mnt"] }],
			Files: controlFiles,
		},
		seeAlso: ["hotplugd-run(8)", "hotplugd-status(8)", "udevadm(8)"],
	},
	reload: {
		description: [
			"Has the agent reload the indexes of depmod and the configuration, as SIGHUP does, and waits until that is done. Insertions in flight are finished first. When the files cannot be read, the earlier indexes and configuration still count; once the files can be read again, the agent looks at all devices again.",
			"Devices for which no module was known are then looked up once more. A module that a blacklist or a rule had kept out stays out until its device comes up again, even if neither keeps it out any more: an administrator may edit such a line for the next boot.",
		],
		more: { "Exit status": agentStatuses, Files: [...agentFiles, ...controlFiles] },
		seeAlso: ["hotplugd-run(8)", "depmod(8)", "modprobe.d(5)"],
	},
	load: {
		description: [
			"Has the agent load the modules that an alias stands for, as if a device had that alias: the configuration and the policy count. The command waits until the modules are live or have failed, however long that takes.",
		],
		more: {
			"Exit status": [
				{ term: "0", text: "The modules are live or built in; with `--no-wait`, the agent has taken the request." },
				{ term: "1", text: "There is no module for the alias, or a module failed, or the agent did not answer." },
				{ term: "2", text: "Options were wrong." },
			],
			Examples: [{ lines: ["hotplugd load fs-xfs", "hotplugd load 'pci:v00008086d0000100Esv*'"] }],
			Files: controlFiles,
		},
		seeAlso: ["hotplugd-run(8)", "modprobe(8)"],
	},
	stop: {
		description: [
			"Has the agent end as SIGTERM does: no further module or command begins, and the agent waits for those that run. This command does not wait for the end of the agent.",
			"A service manager may start the agent again at once: under systemd, `systemctl stop hotplugd` stops it for good.",
		],
		more: { "Exit status": agentStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-run(8)", "systemctl(1)"],
	},
	metrics: {
		description: [
			"Prints the metrics of the agent in the text format of Prometheus: uevents, aliases and modules by outcome, the length of the queue, and the durations of insertions. `hotplugd_indexes_missing` is 1 if the indexes could not be read at the last attempt.",
		],
		more: { "Exit status": agentStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-run(8)", "hotplugd-status(8)"],
	},
	timeline: {
		description: [
			"Draws what the running agent (`hotplugd run`) has done since it began: a bar for each module, from when it was wanted until it was live, its waits for other modules and for a permit apart from its init. Its cause is shown on hover. Modules that failed, hang, were rivals or needed no init are marked, and so are batches and the critical path, the chain of waits that ended last.",
			"The format follows from the name of the file: `.svg` is a picture, without a script; `.html` a page with the same picture and a field to search in; `.json` the timeline itself, which `--from` reads again. Without a file, the picture goes to standard output. A file is written whole or not at all.",
			"Long times in which nothing begins or ends are cut out of the picture. The agent keeps the last 2,000 tries of modules, and of one module the first and the last three.",
			"`coldplug --timeline` *FILE* writes such a file about its own run.",
		],
		more: {
			"Exit status": timelineStatuses,
			Examples: [{ lines: ["hotplugd timeline boot.svg", "hotplugd timeline --from boot.json boot.html"] }],
			Files: controlFiles,
		},
		seeAlso: ["hotplugd-blame(8)", "hotplugd-critical-chain(8)", "hotplugd-run(8)", "coldplug(8)"],
	},
	blame: {
		description: [
			"Lists the modules that the running agent has inserted, or tried to, by the time that the init of each took. A module whose init has not ended is listed with its time so far. The time that a module waited for others does not count. A module that took long need not have delayed anything: hotplugd-critical-chain(8) shows what did.",
			"With `--json` each line is an object: `module`, `try`, `milliseconds` of its init, `waited` (the milliseconds from when it was wanted until it began), `begun` (the milliseconds from the begin of the agent), `result` if it has ended, `hung`, and `why`, its cause in a sentence. A later version may add keys, but changes none.",
		],
		more: { "Exit status": timelineStatuses, Files: controlFiles },
		seeAlso: ["hotplugd-timeline(8)", "hotplugd-critical-chain(8)", "systemd-analyze(1)"],
	},
	"critical-chain": {
		description: [
			"Shows what *MODULE* waited for, as a tree; without *MODULE* that of the module whose init ended last before the devices had settled. Below each module stand those that it waited for, the one that ended last first: only that one has delayed it. A module begins when its dependencies are live, its softdeps and the rivals before it have been tried, and fewer modules than `parallel` of the settings are in their init: for such a permit, the module that had it before is named, if that can be told.",
			"A module that had ended before this one was wanted was not waited for, and is not shown.",
		],
		more: {
			"Exit status": timelineStatuses,
			Examples: [{ lines: ["hotplugd critical-chain e1000e"] }],
			Files: controlFiles,
		},
		seeAlso: ["hotplugd-timeline(8)", "hotplugd-blame(8)", "systemd-analyze(1)"],
	},
	"run-install-command": {
		description: [
			"Is not called by people: systemd starts this command by `hotplugd-command@.service` for each connection to `hotplugd-command.socket`. The command reads a line `install` *MODULE*, runs the `install` command that modprobe.d(5) has for that module, and answers its exit status. So an agent that systemd keeps in a sandbox can have such commands run outside the sandbox, but cannot choose what they are: the agent sends a name, and the command stands in files of root.",
			"A line `rule` names the file and line of a rule of policy in the same way, and what the uevent says of the device; the rule has to be about such a device. The environment of the command is made anew: a PATH, `MODPROBE_MODULE` for an `install` command, and for a rule's command those keys of the uevent that are data or that the rule's `environment` lists. Nothing that a shell, the dynamic linker, an interpreter or kmod heeds is passed on.",
		],
		more: {
			Files: [
				...moduleFiles,
				{ term: "`/run/hotplugd-command/socket`", text: "The socket for requests. Only root may enter its directory." },
			],
			"Exit status": [
				{ term: "0", text: "The command was run, however it ended." },
				{ term: "1", text: "There is no such command, the command could not be run, or the request was malformed." },
				{ term: "2", text: "systemd passed no connection, or options were wrong." },
			],
		},
		seeAlso: ["hotplugd-run(8)", "modprobe.d(5)"],
	},
	capture: {
		description: [
			"Writes into *FILE*, or to standard output where *FILE* is `-` or missing, one JSON object: the devices with their aliases, drivers and those properties that decide something; the live modules; modprobe's configuration, settings and policy without their comments; the kernel command line; the indexes of the kernel's modules; what the kernel's log tells of modules, drivers and firmware; and what came of each module the last time it was tried. A *FILE* that ends in `.gz` is compressed. *FILE* is written whole or not at all.",
			"Serials, MAC addresses, UUIDs, IP addresses and names of host, disk and user are replaced by placeholders, the same value by the same placeholder, wherever they stand: in paths of devices, on the command line, in parameters and in names of files. What names a type stays. `--unmasked` replaces nothing.",
			"`hotplugd capture` needs no privilege and changes nothing. What this user may not read is named at standard error, and in the field `lacks`.",
		],
		more: {
			"Exit status": [
				{ term: "0", text: "The capture was written." },
				{ term: "1", text: "There are no devices to look at, or the capture could not be written." },
				{ term: "2", text: "Options were wrong." },
			],
			Examples: [
				{
					lines: [
						"hotplugd capture machine.json.gz",
						"coldplug --dry-run --cold --machine machine.json.gz",
						"hotplugd compare machine.json.gz",
					],
				},
			],
			Files: agentFiles,
		},
		seeAlso: ["hotplugd-compare(8)", "hotplugd-explain(8)", "coldplug(8)", "modprobe.d(5)"],
	},
	check: {
		description: [
			"Reads all files that hotplugd-run(8) and coldplug(8) would read, and prints each problem in a line with file and line number: the settings; the rules of policy; modprobe's configuration, including lines that do not count; and depmod's indexes. `check` needs no privilege and changes nothing.",
			"Every entry of each index is read. `modules.dep.bin` must have all modules that other indexes and its own lines name, all modules whose files exist and that depmod.d(5) does not exclude, and no module whose file does not exist: otherwise depmod(8) has to be run. depmod(8) also has to be run when the files are of two runs: an index and its text, such as `modules.alias`, differ; an interrupted depmod has left drafts; or only some files have the modification time that `hotplugd`'s depmod gives all files of a run.",
			"With *FILE* only these files are checked: settings are in a file named `hotplugd.toml` or named by `--config`, policy in others that end in `.toml`, modprobe's configuration in `.conf`, indexes in `.bin`. A file that is named may be a pipe.",
		],
		more: {
			"Exit status": ["0 if there is no problem, 1 if there are problems, 2 if options were wrong."],
			Files: [
				...agentFiles,
				{
					term: "`/etc/hotplugd/rules.d/`*NAME*`.toml`",
					text: "The administrator's rules. A file hides the package's own file of the same name. With `-d`, both are files of that root.",
				},
			],
		},
		seeAlso: ["hotplugd(8)", "hotplugd-run(8)", "coldplug(8)", "modprobe.d(5)", "depmod(8)"],
	},
	kmod: {
		description: [
			"`kmod` is all tools for kernel modules in one executable. The name of the symlink by which it is called, or else the first argument, selects the tool. `kmod` also has commands of its own.",
		],
		commands: async () => {
			const { commands } = await import("../../dist/src/tools/kmod/kmod.js");
			const { help: _, ...others } = commands;
			return Promise.all(Object.values(others).map((load) => load()));
		},
		more: {
			"Formats of static-nodes": [
				{ term: "human", text: "For people, not for programs. This is the default." },
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
			"Prints the modules that the kernel has, the one inserted last first: name, bytes of memory, reference count, and the modules that need it. The figures are those of `/proc/modules` and `/sys/module`; a figure that the kernel does not tell is printed as a negative number.",
		],
		more: {
			JSON: [
				"With `--json` each line is an object:",
				{ term: "module", text: "The name, with underscores." },
				{ term: "size", text: "Bytes of memory. Absent if the kernel does not tell." },
				{
					term: "references",
					text: "The reference count: how often the module is in use. Absent if the kernel does not tell.",
				},
				{ term: "holders", text: "An array of the names of modules that need this one." },
				{ term: "state", text: '"live", "coming" while its init runs, or "going" while it is removed.' },
			],
			"Exit status": STATUS_OF_KMOD,
			Files: [
				{ term: "`/proc/modules`", text: "The kernel's list of modules." },
				{ term: "`/sys/module`", text: "The kernel's directory of each module." },
			],
		},
		seeAlso: ["kmod(8)", "modinfo(8)", "modprobe(8)", "rmmod(8)"],
	},
	insmod: {
		description: [
			"Inserts one module file, which may be compressed by gzip, xz or zstd. `insmod` looks neither at the modules that this one needs nor at the configuration: most people want modprobe(8), which does.",
			"The arguments after the file are parameters of the module. If the kernel refuses the module, `insmod` says so in one line, and explains the answer in a second one. The kernel's log often says more.",
		],
		more: {
			"Exit status": STATUS_OF_KMOD,
			Examples: [{ lines: ["insmod ./loop.ko max_loop=16"] }],
		},
		seeAlso: ["kmod(8)", "modprobe(8)", "rmmod(8)", "dmesg(1)"],
	},
	rmmod: {
		description: [
			"Removes modules, each by its name or by the file that it came from. A module in use is not removed, and the dependencies of a removed module stay: `modprobe -r` removes them too.",
			"When one module cannot be removed, `rmmod` goes on with the next one.",
		],
		more: { "Exit status": STATUS_OF_KMOD },
		seeAlso: ["kmod(8)", "lsmod(8)", "modprobe(8)", "insmod(8)"],
	},
	modprobe: {
		description: [
			"Inserts modules with their dependencies, or removes them, as the configuration says. A module is given by its name, by one of its aliases, or by a file whose path begins with `/` or `./`; a dash in a name is an underscore. The arguments after the name are parameters of the module.",
			"A blacklisted module is not inserted when an alias asks for it. When its name asks for it, the module is inserted, unless `-b` is given.",
		],
		more: {
			Environment: [
				{ term: "`MODPROBE_OPTIONS`", text: "Options that are put before those of the command line." },
				{ term: "`MODPROBE_MODULE`", text: "Set for install and remove commands: the module that they are for." },
			],
			"Exit status": STATUS_OF_KMOD,
			Files: moduleFiles,
		},
		seeAlso: ["modprobe.d(5)", "insmod(8)", "rmmod(8)", "lsmod(8)", "modinfo(8)", "depmod(8)", "kmod(8)"],
	},
	modinfo: {
		description: [
			"Prints the information that a module file contains: author, description, licence, parameters, aliases, dependencies and signature. A module is given by its name, an alias or its file. The module need not be in the kernel, and may be built into the kernel.",
		],
		more: { "Exit status": STATUS_OF_KMOD, Files: moduleFiles },
		seeAlso: ["kmod(8)", "modprobe(8)", "depmod(8)"],
	},
	depmod: {
		description: [
			"Reads every module of a kernel and writes the indexes by which modprobe(8) finds modules: which module needs which, and the aliases of each. `depmod` is run when modules are installed, for the running kernel unless another release is given.",
			"Each file is replaced as a whole or not at all. If a file cannot be written, `depmod` fails and the old files stay.",
			"`depmod` locks the directory that it writes to, by flock(2), until it ends; `depmod -n` takes no lock. If another process has the lock, `depmod` says so and waits for at most 60 seconds. If there is no lock to be had, as on a file system without locks, `depmod` says so and goes on. All files get one modification time, somewhat before they were made. A `depmod` that is killed between two files leaves one new and the other old, and leaves drafts named `.modules.`*NAME*`.`*DIGITS*`.new` and `.old` beside them, by which `hotplugd check` and the agent recognise the mixture. The next `depmod`, with `-A` too, makes all files again and removes the drafts.",
		],
		more: {
			"Exit status": STATUS_OF_KMOD,
			Files: [
				...moduleFiles.slice(0, 1),
				{
					term: "`/etc/depmod.d`, `/run/depmod.d`, `/usr/local/lib/depmod.d`, `/usr/lib/depmod.d`, `/lib/depmod.d`",
					text: "Where to look for modules, and which of several modules of one name counts: described by depmod.d(5).",
				},
			],
		},
		seeAlso: ["depmod.d(5)", "modprobe(8)", "modinfo(8)", "kmod(8)"],
	},
};
