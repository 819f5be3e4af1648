// Every difference between our tools and Debian's kmod 30, each with the fact behind it. A test case that differs names its
// row; no other difference is allowed.

export type Difference = {
	/** The tool, or "every". */
	readonly tool: string;
	readonly what: string;
	/** The behaviour of newer kmods, or the feature that kmod lacks. */
	readonly fact: string;
};

export const differences: readonly Difference[] = [
	{
		tool: "every",
		what: "lines that name kmod's sources are left out",
		fact: "Debian builds libkmod to prefix its own messages with file, line and function; each precedes a line of the tool's that says it too",
	},
	{
		tool: "every",
		what: "help is worded anew",
		fact: "the options are the same, the text is not kmod's; it goes where kmod's goes and exits as kmod's does",
	},
	{
		tool: "every",
		what: "the version names kmod and hotplugd",
		fact: "scripts look for `kmod version` and the compressions",
	},
	{
		tool: "every",
		what: "what the kernel means is explained in a second line",
		fact: "'Exec format error' and 'Key was rejected by service' reach people as they are in kmod",
	},
	{
		tool: "lsmod",
		what: "there are options",
		fact: "-s, -v, -V and -h are there since kmod 34, and a message for other words; before, any made it print its usage and fail",
	},
	{
		tool: "lsmod without modules",
		what: "its messages look like those of the other tools",
		fact: "-s came with kmod 34, and its messages go the way of all others since",
	},
	{
		tool: "insmod",
		what: "there are more options",
		fact: "--force, --force-modversion, --force-vermagic and -v are there since kmod 34, and -s, which kmod 30 takes and passes over, is heeded",
	},
	{
		tool: "insmod",
		what: "-p is no option",
		fact: "it has gone from the table of newer kmods, and meant nothing before",
	},
	{
		tool: "insmod",
		what: "what keeps a file from being decompressed is told",
		fact: "kmod calls its parameters invalid",
	},
	{
		tool: "insmod",
		what: "gzip is read",
		fact: "Debian's kmod is built without zlib, and hands a .ko.gz to the kernel as it is",
	},
	{
		tool: "insmod",
		what: "the kernel judges files that are too short to be modules",
		fact: "kmod wants six bytes to tell how a file is compressed, and calls the parameters invalid where there are fewer",
	},
	{
		tool: "rmmod",
		what: "what holds a module stands in the log with the module",
		fact: "kmod 30 writes the names to standard error even with -s",
	},
	{
		tool: "rmmod",
		what: "-w is no option",
		fact: "it has gone from the table long ago, and kmod 30 still lets getopt take the letter",
	},
	{
		tool: "rmmod",
		what: "a name that cannot be used is a failure",
		fact: "kmod stops there; kmod 30 exits 0, and overflows its buffer where the name is too long",
	},
	{
		tool: "kmod",
		what: "the tools are commands of kmod too",
		fact: "one executable with many names finds a tool by its first argument as well",
	},
	{
		tool: "kmod",
		what: "the words behind -- are a command's own",
		fact: "kmod 30 hands a command its words from -- on: it takes that for its own name, and list its name for an operand",
	},
	{
		tool: "static-nodes",
		what: "it says why there is no directory",
		fact: "kmod 30 says `Success` there",
	},
	{
		tool: "static-nodes numbers",
		what: "numbers that no device can have are bad entries",
		fact: "kmod takes what is left of them in 32 bits",
	},
	{
		tool: "static-nodes",
		what: "it fails where it cannot write",
		fact: "kmod never asks whether its output was written",
	},
	{
		tool: "static-nodes",
		what: "-V is an option",
		fact: "every command here has --version",
	},
	{
		tool: "modinfo",
		what: "the build id is shown",
		fact: "newer kmods print build-id behind the strings of .modinfo",
	},
	{
		tool: "modinfo",
		what: "a key of more than 15 letters stands right before its value",
		fact: "kmod 30 pads such keys by as much as they are too long, newer ones do not",
	},
	{
		tool: "modinfo",
		what: "what is wrong with a file is told in a second line",
		fact: "kmod says 'Invalid argument' of everything that it cannot read as a module",
	},
	{
		tool: "modinfo",
		what: "what keeps a file from being decompressed is told",
		fact: "kmod says 'Invalid argument' of a file whose end is missing, and of a .zst 'Exec format error'",
	},
	{
		tool: "modinfo",
		what: "gzip is read",
		fact: "Debian's kmod is built without zlib",
	},
	{
		tool: "modinfo",
		what: "what is built in may say nothing of itself",
		fact: "so it is since kmod 34; kmod 30 says 'Function not implemented' of a module that modules.builtin.modinfo does not name",
	},
	{
		tool: "modinfo",
		what: "a signature that is not understood is one",
		fact: "kmod 30 shows none where it does not know the hash or cannot read the message, as if the module were not signed",
	},
	{
		tool: "modinfo",
		what: "a module without a section says that there are no data",
		fact: "so it is since kmod 31: 'No such file or directory' was read as if the module were missing",
	},
	{
		tool: "modinfo",
		what: "it prints JSON",
		fact: "kmod has no --json",
	},
	{
		tool: "depmod",
		what: "weak dependencies have a file of their own",
		fact: "depmod writes modules.weakdep since kmod 33",
	},
	{
		tool: "depmod",
		what: "-m and -o are options",
		fact: "--outdir is there since kmod 31, --moduledir since 34",
	},
	{
		tool: "depmod",
		what: "a configuration that is not there is an error",
		fact: "kmod says nothing of a file given by -C that it cannot find",
	},
	{
		tool: "depmod",
		what: "what is wrong with a file is told",
		fact: "kmod says 'Exec format error' or 'Invalid argument' of all that it cannot read as a module",
	},
	{
		tool: "depmod",
		what: "a link to nowhere is named by its path",
		fact: "kmod gives the number of a file descriptor in place of the directory",
	},
	{
		tool: "depmod",
		what: "links to nowhere are errors, and hide nothing",
		fact: "so it is since kmod 34; kmod 30 passes over them without a word, and over the files of their names behind them",
	},
	{
		tool: "depmod of circles",
		what: "a circle is told once, and ends",
		fact: "where circles share modules, or one leads to another, kmod goes round them until an assertion of its own fails, or for ever",
	},
	{
		tool: "depmod of circles",
		what: "a module below a circle is in none",
		fact: "kmod prints the module's name as a circle of its own, unless that one needs nothing",
	},
	{
		tool: "depmod",
		what: "it fails where it cannot write, and the old files stay",
		fact: "kmod exits 0 where the directory is read only, and on a full disk it leaves files cut short",
	},
	{
		tool: "depmod",
		what: "gzip is read",
		fact: "Debian's kmod is built without zlib",
	},
	{
		tool: "depmod of trees",
		what: "what cannot be read is named by its path, and is a failure",
		fact: "kmod gives the number of a file descriptor in place of the directory, and exits 0 with indexes that lack its modules",
	},
	{
		tool: "modprobe",
		what: "options are those of newer kmods",
		fact: "--show-alias is there since kmod 34, and --resolve-alias, --showconfig, --dump-modversions, --remove-dependencies and --show are deprecated",
	},
	{
		tool: "modprobe",
		what: "a dry run prints without -v",
		fact: "kmod's master does, since a dry run that says nothing is of no use",
	},
	{
		tool: "modprobe",
		what: "--remove-holders removes",
		fact: "it implies -r in newer kmods; kmod 30 takes it for nothing then, and inserts",
	},
	{
		tool: "modprobe",
		what: "a path is a module file",
		fact: "modprobe takes paths that begin with / or ./ since kmod 31, and has a message of its own for those that lead nowhere",
	},
	{
		tool: "modprobe",
		what: "symbols are those of a module by its name, too",
		fact: "--show-modversions and --show-exports take a name since kmod 35",
	},
	{
		tool: "modprobe",
		what: "a module without a section says that there are no data",
		fact: "so it is since kmod 31: 'No such file or directory' was read as if the module were missing",
	},
	{
		tool: "modprobe",
		what: "-w gives up when its time is over",
		fact: "kmod 30 exits 0 then, or never ends: it depends on the number",
	},
	{
		tool: "modprobe",
		what: "a module that went with its holder is gone",
		fact: "nobody needs it then; kmod 30 tries to remove it once more, and fails",
	},
	{
		tool: "modprobe",
		what: "MODPROBE_OPTIONS is split at blanks, quoted or not",
		fact: "kmod 30 makes an empty word of a second blank or of one behind a quote, and mixes words up where two are quoted",
	},
	{
		tool: "modprobe",
		what: "a command that a signal has killed has failed",
		fact: "kmod looks at the exit status alone, which is 0 then",
	},
	{
		tool: "modprobe",
		what: "softdep lines count with two blanks",
		fact: "kmod 30 does not know the first word behind the second blank, and passes over `pre:` there",
	},
	{
		tool: "modprobe",
		what: "softdeps are printed with a blank before post:",
		fact: "kmod 30 forgets it",
	},
	{
		tool: "modprobe",
		what: "weakdep lines count",
		fact: "they came with kmod 33; kmod 30 calls them bad",
	},
	{
		tool: "modprobe",
		what: "modprobe.blacklist= takes dashes and quotes",
		fact: "kmod compares names with underscores to what stands there as it stands, and finds none",
	},
	{
		tool: "modprobe",
		what: "lines that count for nothing are warned of",
		fact: "kmod passes over an install line of a module with softdeps, and over softdeps behind the first, without a word",
	},
	{
		tool: "modprobe",
		what: "links to nowhere are errors, and hide nothing",
		fact: "so it is since kmod 34; kmod 30 passes over them without a word, and over the files of their names behind them",
	},
	{
		tool: "modprobe",
		what: "what cannot be used is said",
		fact: "kmod passes over a configuration that is not there, and over an index that is damaged, without a word",
	},
	{
		tool: "modprobe",
		what: "gzip is read",
		fact: "Debian's kmod is built without zlib",
	},
	{
		tool: "modprobe",
		what: "it prints JSON",
		fact: "kmod has no --json",
	},
	{
		tool: "modprobe",
		what: "a removal ends where softdeps stand in circles",
		fact: "kmod 30 follows them until its stack is full",
	},
	{
		tool: "modprobe as a process",
		what: "a closed standard error is silence",
		fact: "kmod logs to syslog then; node opens /dev/null in its place before anything of ours runs, as whoever wants silence does",
	},
	{
		tool: "modprobe in worlds",
		what: "the fifth directory counts",
		fact: "newer kmods read /usr/lib/modprobe.d too, where it is not /lib/modprobe.d by another name",
	},
	{
		tool: "depmod in worlds",
		what: "of equal priority by path",
		fact: "kmod takes the file that it reads first, so that the directory's order decides, which differs between file systems",
	},
];
