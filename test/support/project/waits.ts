// Every place of src and systemd that waits, with the end of each wait and the tests that show it. test/project/waits.test.ts
// searches the sources for everything that makes a program wait (timers, promises that others resolve, events, a shell's
// sleep). It fails for a place that is missing here, for a row whose place has gone, and for a test that does not exist.
//
// A row has the file; in `at` the words of each waiting line, as they stand there, enough to tell it from the file's other
// lines (two equal lines need two entries); the thing that is waited for; the end of the wait even when nothing comes: a bound
// with its figure, a stop, or an event that must come; and the test's file with its title as in the source, with … in place of
// a template's values. Lines that wait for the same thing share a row. A wait without an end must not be entered: the code has
// to give it one.

export type Wait = {
	readonly file: string;
	readonly at: readonly string[];
	readonly waitsFor: string;
	readonly ends: string;
	readonly tests: readonly (readonly [file: string, title: string])[];
};

const pipeline: readonly Wait[] = [
	{
		file: "src/agent/pipeline/outcome-evidence.ts",
		at: ["firstValueFrom(", "timer(this.#patience", "timer(milliseconds, scheduler)"],
		waitsFor: "the evidence of why the kernel refused a module, before the outcome is told",
		ends: "the search's end; ten seconds after the failure; half a second after a stop; at once when given up",
		tests: [
			[
				"test/agent/pipeline/outcome-evidence.test.ts",
				"from a stop on, outcomes wait half a second for their evidence",
			],
			[
				"test/agent/pipeline/outcome-evidence.test.ts",
				"where all searches are given up, their outcomes are told in their order, and later ones at once",
			],
			[
				"test/agent/pipeline/outcome-evidence.test.ts",
				"a search that does not end holds up its own outcome for ten seconds, and no other",
			],
			[
				"test/agent/pipeline/outcome-evidence.test.ts",
				"two searches run at once, and those that wait for their turn too long are given up",
			],
		],
	},
	{
		file: "src/agent/pipeline/quiet.ts",
		at: ["switchMap(() => timer(0, scheduler)),"],
		waitsFor: "what follows from an outcome, once it is to end",
		ends: "a turn of the event loop; when what runs has ended or hangs, after hung_seconds at most, it ends",
		tests: [
			["test/tools/coldplug/coldplug-hung.test.ts", "a stop signal waits for what runs until it hangs, and no longer"],
			["test/tools/coldplug/coldplug-hung.test.ts", "a stop signal ends it at once beside what hangs, which it names"],
		],
	},
	{
		file: "src/tools/coldplug/coldplug-run.ts",
		at: ["setTimeout(over, "],
		waitsFor: "the end of the time that --timeout gives coldplug",
		ends: "that time; coldplug's own end before",
		tests: [
			[
				"test/tools/coldplug/coldplug-hung.test.ts",
				"--timeout ends it whatever is in flight, and it says what it waited for",
			],
			["test/tools/coldplug/coldplug-hung.test.ts", "--timeout does nothing where all is settled before"],
		],
	},
	{
		file: "src/tools/coldplug/coldplug-progress.ts",
		at: ["setTimeout(() => {"],
		waitsFor: "the next line of progress at a terminal",
		ends: "a quarter of a second; coldplug's own end before, which the timer does not put off (unref)",
		tests: [
			[
				"test/tools/coldplug/coldplug-progress.test.ts",
				"at a terminal the executable rewrites a line while a driver takes long, and ends as soon as the driver has",
			],
		],
	},
	{
		file: "src/linux/modules/insertion-process.ts",
		at: ['child?.once("error", lose)', 'socket?.once("close", lose)', "new Promise((settle, reject)"],
		waitsFor: "an insertion by the process that inserts for coldplug",
		ends: "the driver's init; coldplug's end, after hung_seconds, a stop signal or --timeout; where the process has gone, it is begun again here",
		tests: [
			[
				"test/tools/coldplug/coldplug-hung.test.ts",
				"beside a driver that hangs it ends once all else is settled, names it, and says what waits for it",
			],
			["test/linux/modules/insertion-process.test.ts", "where it is not there, or ends at once, its asker inserts"],
			[
				"test/linux/modules/insertion-process.test.ts",
				"killed, what was in flight begins again at its asker's, and what comes later goes on there",
			],
		],
	},
	{
		file: "src/linux/modules/insertion-process.ts",
		at: ["setInterval(() => this.#look(), LOOK_MILLISECONDS)"],
		waitsFor: "half a second between two looks whether that process was killed",
		ends: "when nothing is in flight there; coldplug's end",
		tests: [
			[
				"test/vm/hung.test.ts",
				"beside drivers that nothing can end, coldplug and the agent end, and whoever waits for coldplug sees it",
			],
		],
	},
	{
		file: "src/linux/modules/insertion-process.ts",
		at: ['child.once("exit", end)', "setTimeout(over, milliseconds)"],
		waitsFor: "the end of that process, when nothing is in flight",
		ends: "its end, by SIGKILL; a second",
		tests: [
			[
				"test/linux/modules/insertion-process.test.ts",
				"what comes of an insertion is what would come of it here, whatever its parameters and its file",
			],
		],
	},
	{
		file: "src/agent/pipeline/quiet.ts",
		at: ["debounceTime(quietMilliseconds, scheduler)"],
		waitsFor: "quiet: nothing came up and nothing ended",
		ends: "quiet_milliseconds after the last of it; a stop",
		tests: [
			["test/agent/pipeline/hotplug.test.ts", "a machine without devices is settled after the quiet time"],
			["test/agent/pipeline/hotplug.test.ts", "told to stop with nothing begun, it ends at once"],
			[
				"test/tools/agent/clock.test.ts",
				"the clock is set … while coldplug waits for quiet: it waits as long as it was told",
			],
		],
	},
	{
		file: "src/agent/pipeline/quiet.ts",
		at: ["timer(0, scheduler).pipe(takeUntil(active))"],
		waitsFor: "a turn of the event loop behind the quiet",
		ends: "the turn; something that is heard in it",
		tests: [
			[
				"test/agent/pipeline/hotplug.test.ts",
				"what waits in the socket while the event loop is busy is heard before things count as settled",
			],
		],
	},
	{
		file: "src/agent/pipeline/quiet.ts",
		at: ["auditTime(quietMilliseconds, scheduler)"],
		waitsFor: "the question what was lost, behind an event that loads nothing",
		ends: "quiet_milliseconds, whatever else comes; a stop",
		tests: [
			["test/agent/pipeline/hotplug.test.ts", "a loss is noticed even where nothing was heard but what loads nothing"],
			["test/agent/pipeline/hotplug.test.ts", "a loss is noticed even while refused messages never cease"],
		],
	},
	{
		file: "src/agent/pipeline/hear.ts",
		at: ["throttleTime(pauseMilliseconds, scheduler"],
		waitsFor: "the next word about refused messages",
		ends: "a second; a stop",
		tests: [["test/agent/pipeline/hotplug.test.ts", "many refused messages are told once a pause"]],
	},
	{
		file: "src/agent/pipeline/hear.ts",
		at: ["timer(pauseMilliseconds, scheduler)"],
		waitsFor: "another socket in place of one that failed",
		ends: "a second; a stop; coldplug goes on without one after four",
		tests: [
			[
				"test/agent/pipeline/hotplug.test.ts",
				"a socket that fails is opened again, and what it missed is looked after",
			],
			["test/agent/pipeline/hotplug.test.ts", "coldplug does not wait for ever for a socket that cannot be opened"],
		],
	},
	{
		file: "src/agent/pipeline/look.ts",
		at: ["timer(pauseMilliseconds * Math.min("],
		waitsFor: "another look at /sys",
		ends: "a second, and up to 64 where events go on being lost; a stop",
		tests: [
			["test/agent/pipeline/hotplug.test.ts", "losses during a walk make one more look, however many there are"],
			["test/agent/pipeline/hotplug.test.ts", "told to stop while it waits to look again, it ends at once"],
		],
	},
	{
		file: "src/agent/pipeline/resting-devices.ts",
		at: ["timer(this.#backOff.wait(module), this.#scheduler)"],
		waitsFor: "another attempt at a module that has failed",
		ends: "a quarter of a second, twice as long after each failure, a minute at most; a stop",
		tests: [
			[
				"test/tools/agent/run-service.test.ts",
				"a module that failed is tried again for another device, later and later, and not for the same one",
			],
			["test/agent/pipeline/hotplug.test.ts", "told to stop while a module that failed is left alone, it ends at once"],
			["test/agent/pipeline/clock.test.ts", "while a module that has failed is left alone"],
		],
	},
	{
		file: "src/agent/devices/slices.ts",
		at: ["new Promise((resolve) => setImmediate(resolve))"],
		waitsFor: "a turn of the event loop between two slices of the walk",
		ends: "the turn",
		tests: [["test/agent/devices/slices.test.ts", "between slices the event loop turns"]],
	},
	{
		file: "src/agent/devices/slices.ts",
		at: ["for await (const devices of lists)"],
		waitsFor: "the next devices of a walk on threads, that a slice is full",
		ends: "the walk's end, or an empty list a tenth of a second after the last: see src/linux/devices/threaded-walk.ts",
		tests: [
			[
				"test/agent/devices/slices.test.ts",
				"what comes by and by is sliced alike, and an empty list lets go what there is",
			],
		],
	},
	{
		file: "src/agent/commands/commands.ts",
		at: ["for await (const devices of lists)"],
		waitsFor: "the next devices of a walk on threads, for commands",
		ends: "the walk's end: see src/linux/devices/threaded-walk.ts",
		tests: [
			[
				"test/tools/agent/run-attributes.test.ts",
				"a read that never ends is given up and told, things are settled, and the agent ends when it is told to",
			],
		],
	},
	{
		file: "src/tools/capture/capture-machine.ts",
		at: ["for await (const devices of looked)"],
		waitsFor: "the next devices of a walk on threads, all of which a capture takes",
		ends: "the walk's end, where a read is given up after five seconds: see src/linux/devices/threaded-walk.ts",
		tests: [
			[
				"test/tools/capture/capture.test.ts",
				"an attribute that does not answer is given up, and the capture says what it lacks",
			],
		],
	},
	{
		file: "src/agent/devices/udev-walk.ts",
		at: ["for await (const slice of slices)"],
		waitsFor: "the next devices of a walk on threads",
		ends: "the walk's end: see src/linux/devices/threaded-walk.ts",
		tests: [
			[
				"test/tools/agent/run-attributes.test.ts",
				"a read that never ends is given up and told, things are settled, and the agent ends when it is told to",
			],
		],
	},
	{
		file: "src/linux/devices/threaded-walk.ts",
		at: ["setInterval(() => this.#tick(), PATIENCE_MILLISECONDS)", "new Promise<void>((resolve)"],
		waitsFor: "an attribute that is read on a thread",
		ends: "a tenth of a second for the devices behind it, of 64 that do not end for each; hung_seconds for itself; the process's end, which waits for none",
		tests: [
			[
				"test/tools/agent/run-attributes.test.ts",
				"however many attributes are slow, the devices behind them are not held up",
			],
			[
				"test/tools/agent/run-attributes.test.ts",
				"beside many that never end the others have their drivers, and the bound of threads is told of where it is reached",
			],
			[
				"test/tools/agent/run-attributes.test.ts",
				"while attributes are being read others' drivers are loaded, uevents heard and questions answered",
			],
			["test/tools/agent/run-attributes.test.ts", "coldplug ends beside one, with 1"],
			["test/tools/agent/run-attributes.test.ts", "told to stop, coldplug does not wait for an attribute"],
		],
	},
	{
		file: "src/linux/devices/threaded-walk.ts",
		at: ["await setTimeout(Math.min(FIRST_PAUSE_MILLISECONDS"],
		waitsFor: "a descriptor, where none is left",
		ends: "eight tries, some five seconds in all",
		tests: [
			[
				"test/linux/devices/threaded-walk.test.ts",
				"where descriptors have run out it waits for some, and not for ever",
			],
		],
	},
	{
		file: "src/agent/pipeline/absent-file-waits.ts",
		at: ["timer(milliseconds, this.#options.scheduler)"],
		waitsFor: "the file of a driver, which is gone",
		ends: "an hour after it was missed; indexes that are written anew; a stop",
		tests: [
			["test/agent/decisions/absent-files.test.ts", "the looks for a file become rarer, and end"],
			[
				"test/tools/agent/run-attributes.test.ts",
				"a driver whose file was gone is loaded when it is back, and so is one that needs such a driver",
			],
		],
	},
	{
		file: "src/agent/pipeline/pipeline.ts",
		at: ["lastValueFrom("],
		waitsFor: "the end of the pipeline: a stop, or where coldplug runs quiet, and the end of all that was begun",
		ends: "the kernel's answer to each insertion that was begun, or hung_seconds; coldplug's --timeout",
		tests: [
			["test/tools/coldplug/coldplug-hung.test.ts", "a stop signal waits for what runs until it hangs, and no longer"],
			["test/agent/pipeline/hotplug.test.ts", "told to stop, it listens no more and awaits what it has begun"],
			[
				"test/tools/coldplug/coldplug.test.ts",
				"a signal ends it when what runs has ended, and it says what it waits for",
			],
		],
	},
];

const insertions: readonly Wait[] = [
	{
		file: "src/libkmod/insertion/planned-steps.ts",
		at: ["const outcome = new Promise<Outcome>("],
		waitsFor: "what a module waits for: what it needs, its softdeps, and rivals that go first",
		ends: "each has ended, well or not; what waits for a hung one alone keeps nobody waiting; a stop",
		tests: [
			[
				"test/libkmod/insertion/inserter.test.ts",
				"what fails blocks those that need it, which all name it as their cause",
			],
			["test/libkmod/insertion/inserter.test.ts", "what waits for a hung module alone does not count as busy"],
			[
				"test/libkmod/insertion/inserter.test.ts",
				"a rival of what hangs waits and is named, with what needs it, and keeps nothing from being settled",
			],
			["test/libkmod/insertion/inserter.test.ts", "stopped, what waits for what hangs ends at once"],
		],
	},
	{
		file: "src/libkmod/insertion/engine.ts",
		at: ["await Promise.all(revived.flatMap("],
		waitsFor: "a dependency that was removed meanwhile and is loaded again",
		ends: "its end, beyond the bound; it is done once, and not once stopped",
		tests: [
			["test/libkmod/insertion/inserter.test.ts", "and so it is where the kernel says that a symbol is missing, once"],
		],
	},
	{
		file: "src/libkmod/insertion/running-modules.ts",
		at: ["return setTimeout(() => {"],
		waitsFor: "an insertion or an install command that does not end",
		ends: "hung_seconds: it gives up its place, and others go on",
		tests: [
			[
				"test/libkmod/insertion/inserter.test.ts",
				"what hangs gives up its place and its turn to keep others waiting, and is left to end",
			],
			[
				"test/tools/agent/run-faults.test.ts",
				"four more modules than the bound hang, and fifty others are loaded long before",
			],
		],
	},
	{
		file: "src/libkmod/insertion/semaphore.ts",
		at: ["new Promise((begin) => this.#queue.push({ module, begin, late: false }))"],
		waitsFor: "a place of the bound",
		ends: "another module that ends or hangs; where 64 and the bound hang, it is said to wait for these; a stop",
		tests: [
			[
				"test/tools/coldplug/coldplug-hung.test.ts",
				"as many drivers hang as may, and the others are loaded; where more do, what has not begun is not said to hang",
			],
			[
				"test/libkmod/insertion/semaphore.test.ts",
				"so many have a place at once, and whoever leaves lets the next one in",
			],
			["test/libkmod/insertion/semaphore.test.ts", "opened, it has a place for everybody"],
		],
	},
	{
		file: "src/libkmod/kmod/unprobe.ts",
		at: ["new Promise((resolve) => setTimeout(resolve, pause))"],
		waitsFor: "a module in use that is to be removed (modprobe -r -w)",
		ends: "the milliseconds that were asked for",
		tests: [["test/tools/modprobe/differences.test.ts", "-w gives up when its time is over"]],
	},
	{
		file: "src/linux/decoding/memory-budget.ts",
		at: ["await new Promise<void>((grant) => {"],
		waitsFor: "memory that others have taken for what they decompress",
		ends: "their end: who holds memory and waits for none is a decoder at work, or an insertion, which gives it back after 10 seconds",
		tests: [
			[
				"test/linux/decoding/memory-budget.test.ts",
				"what is larger than the budget has its turn alone, and nobody waits for ever",
			],
		],
	},
	{
		file: "src/linux/depmod/digest-thread.ts",
		at: ["await new Promise<void>((granted) => {"],
		waitsFor: "the same, which the thread asks of the process",
		ends: "as there",
		tests: [
			["test/linux/depmod/module-digests.test.ts", "threads of JavaScript have the process's budget between them"],
		],
	},
	{
		file: "src/linux/files/bounded-read.ts",
		at: ["Atomics.wait("],
		waitsFor: "whoever writes into a pipe that the caller named",
		ends: "60 seconds for all of it",
		tests: [["test/linux/files/bounded-read.test.ts", "a pipe that the caller names is waited for, and not for ever"]],
	},
	{
		file: "src/linux/modules/module-operations.ts",
		at: ["await setTimeout(2 ** attempt)"],
		waitsFor: "another attempt at a call that was interrupted",
		ends: "62 milliseconds in all: six attempts",
		tests: [["test/linux/modules/kernel.test.ts", "an interrupted insertion is tried again, a few times"]],
	},
	{
		file: "src/linux/modules/module-operations.ts",
		at: ["return new Promise((resolve, reject) =>"],
		waitsFor: "a piece of a module file",
		ends: "the end of the file; what is no regular file is refused",
		tests: [
			[
				"test/linux/modules/kernel.test.ts",
				"a module file that is missing, damaged or no file at all is refused, and the kernel not asked",
			],
		],
	},
	{
		file: "src/linux/modules/kernel.ts",
		at: ["return new Promise((resolve, reject) => {", 'child.once("error", reject)', 'child.once("exit", '],
		waitsFor: "an install command, which has no limit under kmod either",
		ends: "its end; in the agent it hangs after hung_seconds as an insertion does, and others go on",
		tests: [
			[
				"test/linux/modules/kernel.test.ts",
				"a command is a line of the shell, with more in its environment, and ends with a status",
			],
			[
				"test/libkmod/insertion/inserter.test.ts",
				"what hangs gives up its place and its turn to keep others waiting, and is left to end",
			],
		],
	},
	{
		file: "src/linux/native/syscalls.ts",
		at: ["new Promise((resolve, reject) => {"],
		waitsFor: "finit_module(2), init_module(2) and delete_module(2), on a thread",
		ends: "the kernel's answer; see src/libkmod/insertion/running-modules.ts for one that does not come",
		tests: [
			[
				"test/linux/native/thread-pool.test.ts",
				"calls begin in the order in which they were asked for, and one that fails frees its thread",
			],
		],
	},
];

/** Unpacking of modules and depmod's work: computation and disk access, which wait for no other process. */
const bytes: readonly Wait[] = [
	{
		file: "src/linux/decoding/gunzip.ts",
		at: ["new Promise((resolve, reject) =>"],
		waitsFor: "a module file that is unpacked on a thread",
		ends: "its end, or the most bytes that it may have",
		tests: [["test/linux/decoding/module-file.test.ts", "… stops unpacking … at the limit, and unpacks the next file"]],
	},
	{
		file: "src/linux/decoding/native-decoders.ts",
		at: ["new Promise((resolve, reject) => {"],
		waitsFor: "a module file that is unpacked on a thread",
		ends: "its end, or the most bytes that it may have",
		tests: [["test/linux/decoding/module-file.test.ts", "… stops unpacking … at the limit, and unpacks the next file"]],
	},
	{
		file: "src/linux/decoding/script-decoders.ts",
		at: ["await setImmediate()", "for await (const chunk of new xz.XzReadableStream(source))"],
		waitsFor: "a module file that is unpacked by JavaScript, and a turn of the event loop now and then",
		ends: "its end, or the most bytes that it may have",
		tests: [["test/linux/decoding/module-file.test.ts", "… stops unpacking … at the limit, and unpacks the next file"]],
	},
	{
		file: "src/linux/decoding/module-file.ts",
		at: ["await Promise.all(decoders[compression].map((find) => find()))"],
		waitsFor: "the libraries that unpack",
		ends: "they are loaded, or not there",
		tests: [
			["test/linux/decoding/module-file.test.ts", "the system's decoders are used before those that are always there"],
		],
	},
	{
		file: "src/linux/depmod/digest-threads.ts",
		at: [
			"await Promise.all(workers.map((worker) => digestInThread(worker, work)))",
			"return new Promise((resolve, reject) => {",
			"await Promise.all(workers.map((worker) => worker.terminate()))",
		],
		waitsFor: "depmod's threads",
		ends: "the last module; a thread that fails, or has ended",
		tests: [
			[
				"test/linux/decoding/module-file.test.ts",
				"threads of JavaScript unpack by the same decoders, beside each other",
			],
			[
				"test/linux/depmod/module-digests.test.ts",
				"a thread that fails (…) ends the others, and all of their memory is given back",
			],
		],
	},
	{
		file: "src/linux/depmod/module-digests.ts",
		at: ["await new Promise((resolve) => setImmediate(resolve))"],
		waitsFor: "a turn of the event loop",
		ends: "that turn",
		tests: [["test/linux/depmod/module-digests.test.ts", "other work has its turn while thousands of files are read"]],
	},
	{
		file: "src/linux/depmod/module-digests.ts",
		at: ["await Promise.all(all)"],
		waitsFor: "depmod's threads and its own share",
		ends: "the last module",
		tests: [["test/linux/depmod/module-tree.test.ts", "modules are digested alike however they are compressed"]],
	},
	{
		file: "src/linux/depmod/publish.ts",
		at: ["await Promise.allSettled(synced)"],
		waitsFor: "depmod's files to be on the disk",
		ends: "fsync(2) of each",
		tests: [["test/linux/depmod/publish.test.ts", "what cannot be replaced keeps everything as it was"]],
	},
	{
		file: "src/linux/depmod/directory-lock.ts",
		at: ["setTimeout(resolve, PAUSE_MILLISECONDS)"],
		waitsFor: "another depmod that has the directory locked",
		ends: "its end; a minute, after which depmod goes on without the lock",
		tests: [
			["test/linux/depmod/directory-lock.test.ts", "it goes with its process, however that ends"],
			["test/tools/depmod/publication.test.ts", "a lock that somebody keeps is not waited for without an end"],
		],
	},
	{
		file: "src/linux/devices/uevent-socket.ts",
		at: ['await Promise.all([import("netlink/dist/raw.js"), openSyscalls()])'],
		waitsFor: "the packages that it takes to listen",
		ends: "they are loaded",
		tests: [
			[
				"test/linux/devices/uevent-socket.test.ts",
				"a burst that fits arrives whole and in order, many messages to a drain",
			],
		],
	},
];

const service: readonly Wait[] = [
	{
		file: "src/agent/service/settling.ts",
		at: ["timer(left(), scheduler)"],
		waitsFor: "all to be settled; or what is in flight, before a reload reads anything",
		ends: "for settle, the time that whoever asks for it allows, two minutes unless told, or his going; for a reload, its end, hung_seconds, or that it hangs; a stop",
		tests: [
			[
				"test/tools/agent/run-service.test.ts",
				"settle waits for what is in flight, and says what it waited for in vain",
			],
			[
				"test/tools/agent/clock.test.ts",
				"the clock is set … in every wait of the daemon: each ends, and none too soon",
			],
			["test/tools/agent/run-service.test.ts", "a reload waits for what is in flight"],
			["test/tools/agent/run-service.test.ts", "a reload does not wait for what hangs"],
			[
				"test/tools/agent/run-service.test.ts",
				"what is read anew when it is stopped is refused, and it goes on stopping",
			],
		],
	},
	{
		file: "src/agent/devices/udev-walk.ts",
		at: ["setTimeout(resolve, PAUSE_MILLISECONDS)", "while (isBusy() && now() < over) await pause()"],
		waitsFor: "udev to have handled the devices of which its database has nothing, behind all others of a look",
		ends: "its queue is empty; ten seconds",
		tests: [
			[
				"test/agent/devices/udev-walk.test.ts",
				"devices of which udev has nothing come last while it has events to handle, with what it makes of them",
			],
			["test/agent/devices/udev-walk.test.ts", "a udev that goes on being busy is not waited for without end"],
		],
	},
	{
		file: "src/agent/control/changes.ts",
		at: [
			"timer(LONGEST_PAUSE_MILLISECONDS, scheduler)",
			"timer(PAUSE_MILLISECONDS, scheduler)",
			"await firstValueFrom(nextChange(",
		],
		waitsFor: "something to change, for whoever waits for things to be settled or to be read anew",
		ends: "a change, 20 milliseconds later at least; a second; the end of that wait",
		tests: [
			[
				"test/tools/agent/run-settle.test.ts",
				"whoever goes away before the answer leaves nothing behind that goes on for him",
			],
			["test/tools/agent/run-settle.test.ts", "where all that the … runs asks, all is answered"],
			["test/agent/control/settle.test.ts", "in vain it waits for …, and says so"],
			["test/agent/control/settle.test.ts", "what is in flight is waited for, but not what hangs"],
			["test/agent/control/changes.test.ts", "a change ends the wait, a pause later at least"],
			["test/agent/control/changes.test.ts", "what gives no notice is looked at again after the pause"],
			["test/agent/control/changes.test.ts", "without any change the wait ends all the same"],
		],
	},
	{
		file: "src/agent/service/reload.ts",
		at: ["this.everKnown = firstValueFrom("],
		waitsFor: "indexes to look in, before the spool is taken",
		ends: "they can be read; nobody is kept waiting by it, and it is forgotten with the agent",
		tests: [["test/tools/agent/run-late.test.ts", "what waits in the spool is taken when it can be looked up"]],
	},
	{
		file: "src/tools/agent/keep-fresh.ts",
		at: ["const poll = setInterval("],
		waitsFor: "the next look whether indexes were mounted where there were none",
		ends: "two seconds; anything that is read anew; the agent's end",
		tests: [
			[
				"test/tools/agent/run-late.test.ts",
				"it stays, idle and saying so once, until there is something to look in: …",
			],
		],
	},
	{
		file: "src/tools/agent/keep-fresh.ts",
		at: ["setTimeout(readAgain, RELOAD_POLL_MILLISECONDS)"],
		waitsFor: "the next try to read indexes that were refused, which changes nothing about them",
		ends: "half a minute; anything that is read anew; the agent's end",
		tests: [
			["test/tools/agent/run.test.ts", "short of descriptors when it began, it tries again though no file has changed"],
		],
	},
	{
		file: "src/agent/control/load-requests.ts",
		at: ["new Promise((resolve, reject) =>"],
		waitsFor: "the outcome of what somebody asked to load",
		ends: "the outcomes of what it waits for; that this hangs, or waits for what does; that it could not be planned; a stop, where it has not begun; whoever asks has a limit of his own (the thin helper's 150 seconds)",
		tests: [
			[
				"test/agent/control/load-requests.test.ts",
				"who asks for what has a softdep behind it is answered once that hangs, and not before",
			],
			[
				"test/agent/control/load-requests.test.ts",
				"a driver whose init asks by an alias that it matches itself is answered when the other one is live",
			],
			[
				"test/tools/agent/run-service.test.ts",
				"who asks for what hangs, or for what needs it, is answered once it does, and so is who asks later",
			],
			[
				"test/tools/agent/run-stop.test.ts",
				"who asks an agent that stops is answered at once, the thin helper does it by modprobe, and what runs is awaited",
			],
			[
				"test/tools/agent/run-service.test.ts",
				"an alias that is asked for is loaded, whoever asks, and the answer comes with its outcome",
			],
			["test/linux/service/control-socket.test.ts", "who asks, stops writing and leaves does not keep his place"],
			["test/linux/service/thin-helper.test.ts", "where the agent says nothing for too long"],
		],
	},
	{
		file: "src/tools/agent/serve.ts",
		at: ["timer(period, period, monotonicScheduler)"],
		waitsFor: "the watchdog's next sign of life",
		ends: "half of the service manager's time; the agent's end",
		tests: [["test/tools/agent/run-service.test.ts", "the watchdog is fed for as long as it runs, and no longer"]],
	},
	{
		file: "src/agent/settings/staleness.ts",
		at: ["this.#soon ??= setTimeout("],
		waitsFor: "changes of what was read to come to rest",
		ends: "a second without one, found by looking; the agent's end",
		tests: [
			["test/agent/settings/staleness.test.ts", "as long as things change nothing is told, and when they do not, once"],
			["test/agent/settings/staleness.test.ts", "a closed one tells nothing"],
		],
	},
	{
		file: "src/agent/settings/staleness.ts",
		at: ["this.#poll = setInterval("],
		waitsFor: "the next look whether what was read is still so",
		ends: "half a minute; the agent's end",
		tests: [
			["test/agent/settings/staleness.test.ts", "without a hint the change is found all the same"],
			["test/agent/settings/staleness.test.ts", "a closed one tells nothing"],
		],
	},
	{
		file: "src/agent/telling/metrics-file.ts",
		at: ["const timer = setInterval(", "await writing"],
		waitsFor: "the next time that the metrics are written, and the write that goes on at the end",
		ends: "metrics_seconds; the agent's end",
		tests: [
			["test/agent/telling/metrics-file.test.ts", "it is written again and again, and once more at the end"],
			[
				"test/agent/telling/metrics-file.test.ts",
				"where writing takes longer than the pause, one write does not begin before the other has ended",
			],
		],
	},
	{
		file: "src/agent/service/storm-memory.ts",
		at: ["debounceTime(quietMilliseconds, scheduler)"],
		waitsFor: "quiet behind a storm, to give its memory back",
		ends: "quiet_milliseconds after the last of it; nobody waits for that, and it holds up no end",
		tests: [
			[
				"test/agent/service/storm-memory.test.ts",
				"the quiet behind a storm gives its memory back, once for each storm",
			],
			["test/agent/service/storm-memory.test.ts", "while the storm goes on nothing is given back"],
		],
	},
	{
		file: "src/agent/commands/command-pool.ts",
		at: ["await Promise.all(this.#running.values())"],
		waitsFor: "commands of policy that run when the agent is told to stop",
		ends: "the limit of each command: timeout_seconds, and seven more until it is given up, or 40 for the companion's answer",
		tests: [
			[
				"test/tools/agent/run-install-command.test.ts",
				"a companion that takes a rule and never answers keeps no place, and nobody who stops",
			],
			["test/agent/commands/command-pool.test.ts", "when it is stopped nothing more begins, and what runs is awaited"],
			[
				"test/linux/commands/run-command.test.ts",
				"one that does not heed SIGTERM gets SIGKILL, and so does what it has begun",
			],
		],
	},
	{
		file: "src/linux/commands/run-command.ts",
		at: ["return new Promise((resolve, reject) => {", 'child.once("spawn", resolve)', 'child.once("error", reject)'],
		waitsFor: "a command to begin",
		ends: "it has, or it cannot",
		tests: [["test/linux/commands/run-command.test.ts", "what cannot be started is refused"]],
	},
	{
		file: "src/linux/commands/run-command.ts",
		at: [
			"return new Promise((resolve) => {",
			"void timers.push(setTimeout(act, milliseconds))",
			'child.once("exit", ',
			'child.once("close", ',
		],
		waitsFor: "a command to end, and what it has written",
		ends: "its limit, 2 seconds more to SIGKILL, 5 more until it is given up; 100 milliseconds for what it left behind",
		tests: [
			["test/linux/commands/run-command.test.ts", "a program that takes too long gets SIGTERM, and may end by itself"],
			[
				"test/linux/commands/run-command.test.ts",
				"one that does not heed SIGTERM gets SIGKILL, and so does what it has begun",
			],
			["test/linux/commands/run-command.test.ts", "what a program leaves running does not hold it up"],
		],
	},
	{
		file: "src/agent/commands/companion.ts",
		at: ["await ask(path, line, timeoutMilliseconds, isNews)"],
		waitsFor: "the companion to run an install command or a rule's",
		ends: "the limit of a rule's command, and 40 seconds; an install command hangs as an insertion does; the companion's end",
		tests: [
			[
				"test/agent/commands/companion.test.ts",
				"a rule's companion has the rule's limit, the time to end what heeds none, and some to start, and no more",
			],
			[
				"test/agent/commands/companion.test.ts",
				"a companion that cannot be reached is a refusal to run, with that reason",
			],
			[
				"test/libkmod/insertion/inserter.test.ts",
				"what hangs gives up its place and its turn to keep others waiting, and is left to end",
			],
		],
	},
	{
		file: "src/linux/native/memory.ts",
		at: ['session.post("HeapProfiler.collectGarbage", resolve)', "new Promise(setImmediate)"],
		waitsFor: "V8 to collect garbage, and a turn of the event loop",
		ends: "it has: the process stands still meanwhile",
		tests: [["test/linux/native/memory.test.ts", "the heap that nobody needs is given back, and the process goes on"]],
	},
	{
		file: "src/tools/agent/serve.ts",
		at: ["await Promise.all([endMetrics(), spool.ended()])"],
		waitsFor: "the last metrics, and requests that had not begun, to be written",
		ends: "they are, or cannot be",
		tests: [
			[
				"test/tools/agent/run-stop.test.ts",
				"what was taken from the spool and could not begin goes back there, in its order",
			],
		],
	},
	{
		file: "src/tools/agent/request-spool.ts",
		at: ["ended: () => Promise.all(writes)"],
		waitsFor: "requests that had not begun to be written",
		ends: "they are, or cannot be",
		tests: [
			[
				"test/tools/agent/run-stop.test.ts",
				"what was taken from the spool and could not begin goes back there, in its order",
			],
		],
	},
	{
		file: "src/tools/agent/sockets.ts",
		at: ["await Promise.all(sockets.map((socket) => socket.close()))"],
		waitsFor: "answers that are due when the agent ends",
		ends: "a second",
		tests: [["test/linux/service/control-socket.test.ts", "closing waits for nobody for ever"]],
	},
];

const sockets: readonly Wait[] = [
	{
		file: "src/linux/service/control-socket.ts",
		at: ['await once(server, "listening")'],
		waitsFor: "a socket to listen",
		ends: "it does, or cannot",
		tests: [["test/linux/service/control-socket.test.ts", "a path that no socket can have is refused"]],
	},
	{
		file: "src/linux/service/control-socket.ts",
		at: ['once(server, "close")', "const impatience = setTimeout("],
		waitsFor: "answers that are due when the socket is closed, and their readers",
		ends: "a second",
		tests: [["test/linux/service/control-socket.test.ts", "closing waits for nobody for ever"]],
	},
	{
		file: "src/linux/service/control-socket.ts",
		at: ['socket.once("close", () => connections.delete(connection))'],
		waitsFor: "a client to leave",
		ends: "he does, or is closed for his silence",
		tests: [
			[
				"test/linux/service/control-socket.test.ts",
				"more connections than may be are closed unheard, and there is room again when others have gone",
			],
		],
	},
	{
		file: "src/linux/service/control-connection.ts",
		at: ["this.#silence = setTimeout(", 'socket.once("close", () => this.#forget())', "this.#looks ??= setInterval("],
		waitsFor: "a client's line, the rest of one, or his reading of an answer",
		ends: "ten seconds, that a client who has left altogether is noticed by within one",
		tests: [
			[
				"test/linux/service/control-socket.test.ts",
				"half a line, none at all, and one that drips are closed in time, and answers are not",
			],
			[
				"test/linux/service/control-socket.test.ts",
				"a client that never reads is not answered on and on, and closed in time, and the others are answered",
			],
			["test/linux/service/control-socket.test.ts", "who asks, stops writing and leaves does not keep his place"],
		],
	},
	{
		file: "src/linux/service/control-client.ts",
		at: [
			'setTimeout(() => socket.destroy(refuse("ETIMEDOUT")), timeoutMilliseconds)',
			"for await (const chunk of socket as AsyncIterable<Buffer>)",
		],
		waitsFor: "the agent's answer to a command (status, settle, stop and so on), or the companion's",
		ends: "the time that the command allows; load and reload wait as long as drivers take, and for the agent's end",
		tests: [
			["test/linux/service/control-socket.test.ts", "the client gives up in time, and takes no endless answer"],
			["test/tools/agent/agent-tools.test.ts", "why there is no answer is told"],
		],
	},
	{
		file: "src/tools/agent/ask-agent.ts",
		at: ["await ask(machine, socket, request, timeoutMilliseconds)"],
		waitsFor: "the agent's answer to a command",
		ends: "as src/linux/service/control-client.ts has it",
		tests: [["test/tools/agent/agent-tools.test.ts", "why there is no answer is told"]],
	},
	{
		file: "src/linux/service/activated-socket.ts",
		at: [
			"return new Promise((resolve) => {",
			"const impatience = setTimeout(",
			'socket.once("close", () => finish(undefined))',
			'socket.once("end", () => finish(undefined))',
		],
		waitsFor: "the line that the companion is asked by",
		ends: "ten seconds; the client's end",
		tests: [
			["test/tools/agent/run-install-command.test.ts", "a client that says nothing is left alone after ten seconds"],
			["test/tools/agent/run-install-command.test.ts", "half a line"],
		],
	},
	{
		file: "src/linux/service/activated-socket.ts",
		at: ["return new Promise((resolve) => {", 'socket.once("close", () => resolve())'],
		waitsFor: "the companion's answer to be written",
		ends: "at once: it is shorter than any socket's buffer; the client's end",
		tests: [
			[
				"test/tools/agent/run-install-command.test.ts",
				"a module's install command is run by its name, with its options, and the exit status comes back",
			],
		],
	},
	{
		file: "src/linux/service/notify-socket.ts",
		at: ["setTimeout(sendWaiting, RETRY_MILLISECONDS).unref()"],
		waitsFor: "room in the service manager's socket",
		ends: "50 milliseconds, again and again; it holds up nothing, no end either",
		tests: [
			[
				"test/linux/service/readiness.test.ts",
				"a service manager that does not read gets what matters later, in order, and keeps nobody waiting",
			],
		],
	},
	{
		file: "src/linux/output/log-output.ts",
		at: ["setTimeout(() => this.#tryAgain(milliseconds), milliseconds).unref()"],
		waitsFor: "room where the log, or what coldplug says, is written",
		ends: "1 to 50 milliseconds, again and again; it holds up nothing, and lines beyond a mebibyte, coldplug's 16, are left out",
		tests: [
			[
				"test/linux/output/log-output.test.ts",
				"what a full pipe has no room for follows when somebody reads, in order and whole",
			],
			[
				"test/linux/output/log-output.test.ts",
				"of more than is kept, the last are left out, and told of when there is room again",
			],
		],
	},
	{
		file: "src/linux/output/log-output.ts",
		at: ["await pause(RETRY_MILLISECONDS)"],
		waitsFor: "the log's reader, or coldplug's, at the end",
		ends: "a second; ten without a byte and a minute in all for who reads what coldplug says, and a second once it was told to end",
		tests: [
			["test/linux/output/log-output.test.ts", "nobody is waited for longer than a while"],
			["test/tools/coldplug/coldplug-unread.test.ts", "beside a reader that does not read, SIGTERM ends it"],
			["test/tools/coldplug/coldplug-unread.test.ts", "beside a reader that does not read, --timeout ends it"],
			["test/tools/coldplug/coldplug-unread.test.ts", "a reader that is slow has all of it, whole and in order"],
		],
	},
	{
		file: "src/linux/output/report-output.ts",
		at: ["await Promise.all([...new Set(Object.values(closing))]"],
		waitsFor: "the readers of what coldplug says, at the end",
		ends: "as src/linux/output/log-output.ts has it",
		tests: [
			[
				"test/tools/coldplug/coldplug-unread.test.ts",
				"where nobody reads its output, all drivers are loaded, and it ends and says what was lost",
			],
		],
	},
	{
		file: "src/linux/thin-helper/hotplugd-load.c",
		at: ["poll(&readable, 1, left)"],
		waitsFor: "the agent's answer, for the kernel or for udev",
		ends: "150 seconds, less than udev's 180; the agent's end: then modprobe does the work",
		tests: [
			["test/linux/service/thin-helper.test.ts", "where the agent says nothing for too long"],
			["test/linux/service/thin-helper.test.ts", "where the agent ends without an answer"],
			[
				"test/linux/service/thin-helper.test.ts",
				"the wall clock is set … while the agent says nothing: it waits as long as ever",
			],
		],
	},
];

/** Commands that run, print and exit. */
const commands: readonly Wait[] = [
	{
		file: "src/linux/output/standard-streams.ts",
		at: ["Atomics.wait("],
		waitsFor:
			"the reader of the output of a command that loads nothing, where a pipe is full, as a blocking write would",
		ends: "he reads, or goes; the agent's log and coldplug do not wait (src/linux/output/log-output.ts)",
		tests: [
			[
				"test/linux/output/standard-streams.test.ts",
				"a full pipe that does not block is written to as it is read, whole",
			],
			["test/linux/output/standard-streams.test.ts", "a reader who goes away is not waited for"],
		],
	},
	{
		file: "src/main.ts",
		at: ["await Promise.all(Object.entries(tools)"],
		waitsFor: "the commands' summaries for --help",
		ends: "they are loaded",
		tests: [["test/main.test.ts", "--help lists the commands"]],
	},
	{
		file: "src/main.ts",
		at: ["spawnSync(process.execPath, [...nodeOptions(), maker]"],
		waitsFor: "the code cache to be made",
		ends: "it is made",
		tests: [["test/main.test.ts", "--rebuild-cache makes it anew"]],
	},
	{
		file: "src/tools/kmod/kmod.ts",
		at: ["await Promise.all(lines)"],
		waitsFor: "the commands' summaries for kmod help",
		ends: "they are loaded",
		tests: [["test/tools/kmod/kmod.test.ts", "kmod's help names every command of the real one's"]],
	},
];

/** A minute for settle is the longest time that work in flight delays the start of a machine. */
const scripts: readonly Wait[] = [
	{
		file: "src/capture-script/hotplugd-capture",
		at: ["sleep 1", 'wait "$batch"'],
		waitsFor: "attributes of sysfs to answer",
		ends: "five seconds for a batch, and five for each of one that did not answer; their read is left behind",
		tests: [
			[
				"test/capture-script/hotplugd-capture.test.ts",
				"an attribute that does not answer is left out after five seconds, and all others are captured",
			],
		],
	},
	{
		file: "src/capture-script/hotplugd-capture",
		at: ["sleep 1"],
		waitsFor: "the end of the kernel's log, which a process reads meanwhile",
		ends: "that process sleeps, as it does at the end; three seconds",
		tests: [
			[
				"test/capture-script/hotplugd-capture.test.ts",
				"this machine is captured as by the command, as far as both see the same",
			],
		],
	},
	{
		file: "systemd/alone/S10hotplugd",
		at: ["sleep 0.1 2>/dev/null ||", "sleep 1"],
		waitsFor: "the agent to end",
		ends: "its end; 300 turns",
		tests: [
			[
				"test/vm/alone-examples.test.ts",
				"the example of an init script ends when the devices have their drivers, reloads it, starts it anew and stops it; without it modprobe loads",
			],
		],
	},
	{
		file: "systemd/alone/hotplugd-or-modprobe",
		at: ["if sleep 0.1 2>/dev/null; then", "sleep 1"],
		waitsFor: "readiness, modprobe's end, or that the drivers are there",
		ends: "30 seconds, 180 and 240, by /proc/uptime or counted; then modprobe loads, or is not waited for",
		tests: [
			[
				"test/alone.test.ts",
				"where the agent is not ready in time modprobe loads, and all is well when it is ready later …",
			],
			["test/alone.test.ts", "a modprobe that hangs is not waited for …"],
			["test/alone.test.ts", "an agent that hangs before it is ready is ended, and tried again …"],
			["test/alone.test.ts", "where nobody has started anything, who waits for the drivers has them loaded …"],
			["test/alone.test.ts", "without /proc, too, whoever waits for the drivers has them in the end …"],
		],
	},
	{
		file: "systemd/alone/hotplugd-or-modprobe",
		at: ['sleep "$1" &', "wait $sleeper"],
		waitsFor: "the next start of an agent that has failed",
		ends: "a second, and from 10 seconds to some 10 minutes once modprobe has loaded; a signal",
		tests: [
			["test/alone.test.ts", "an agent that dies each time it is ready is not started for ever, whoever starts it …"],
		],
	},
	{
		file: "systemd/alone/hotplugd-or-modprobe",
		at: ["wait $within_child"],
		waitsFor: "the status of a program that has ended by then",
		ends: "at once; 10 seconds, in which it is asked for its end, where it hangs",
		tests: [
			[
				"test/alone.test.ts",
				"a node that hangs where it is asked something keeps no driver out, and nobody who stops this …",
			],
			["test/alone.test.ts", "a stop before the agent was started has none started …"],
		],
	},
	{
		file: "systemd/alone/hotplugd-or-modprobe",
		at: ['wait "$agent"'],
		waitsFor: "the agent, which is to run",
		ends: "its end; a signal is passed on to it",
		tests: [["test/alone.test.ts", "an agent that runs has its drivers awaited, and is told to stop …"]],
	},
	{
		file: "systemd/alone/hotplugd-or-modprobe",
		at: ['"$hotplugd" settle --timeout 60'],
		waitsFor: "the agent to be settled",
		ends: "a minute; 240 seconds where it does not answer, or hangs",
		tests: [
			["test/alone.test.ts", "an agent that runs has its drivers awaited, and is told to stop …"],
			["test/alone.test.ts", "an agent that answers nobody keeps no one waiting for the drivers …"],
		],
	},
	{
		file: "systemd/systemd-udev-settle.service.d/hotplugd.conf",
		at: ["settle --timeout 170"],
		waitsFor: "the agent to be settled, as udevadm settle would",
		ends: "170 seconds",
		tests: [
			[
				"test/tools/agent/agent-tools.test.ts",
				"settle waits as long as it is told, and has a status of its own for what does not settle",
			],
		],
	},
];

const fleets: readonly Wait[] = [
	{
		file: "src/linux/fleet/byte-source.ts",
		at: ["for await (const piece of stream)", "await pause(wait)"],
		waitsFor: "the writer of a pipe or socket that holds a fleet's captures",
		ends: "the writer's next piece, or its end; the end of the command, whose reader has gone or whose threads have failed",
		tests: [
			["test/linux/fleet/fleet.test.ts", "lines of a slow pipe are answered as they come, before the pipe ends"],
			["test/linux/fleet/fleet.test.ts", "a reader that has gone ends it, while the writer of the pipe says nothing"],
		],
	},
	{
		file: "src/linux/fleet/decompressed.ts",
		at: [
			"for await (const piece of decoder)",
			"for await (const piece of source)",
			"for await (const piece of packed)",
		],
		waitsFor: "the next piece of a compressed input",
		ends: "as for the input itself; an error where the input is cut off",
		tests: [
			[
				"test/linux/fleet/decompressed.test.ts",
				"damaged and truncated content is refused with a sentence, after the content before it",
			],
		],
	},
	{
		file: "src/linux/fleet/fleet.ts",
		at: ["Promise.race([pool.failed, readLines(", "for await (const piece of decompressed("],
		waitsFor: "the end of the input, and the answers to all of its lines",
		ends: "that end; an answer that cannot be written; threads that cannot begin",
		tests: [
			[
				"test/linux/fleet/fleet.test.ts",
				"every line of a file has its answer, in order, also the last without a newline",
			],
			["test/linux/fleet/fleet.test.ts", "a reader that has gone ends it, while the writer of the pipe says nothing"],
		],
	},
	{
		file: "src/linux/fleet/batch-threads.ts",
		at: ["this.failed = new Promise(", "await Promise.race([this.failed,"],
		waitsFor: "room for another batch, or the last answer",
		ends: "an answer, or its hand-over; a thread that dies, whose lines are tried one by one; a failure",
		tests: [
			[
				"test/linux/fleet/batch-threads.test.ts",
				"while an answer waits for its reader, no more batches are taken than there is room for, and none is lost",
			],
			[
				"test/linux/fleet/batch-threads.test.ts",
				"a line that ends its thread (…) is refused, and all other lines have their answers in their places",
			],
			["test/linux/fleet/batch-threads.test.ts", "threads that cannot begin end the work with their error"],
		],
	},
	{
		file: "src/linux/fleet/batch-threads.ts",
		at: ["await Promise.all(this.#threads.map(({ worker }) => worker.terminate()))"],
		waitsFor: "the threads' end",
		ends: "their end: node ends a thread between two instructions of JavaScript",
		tests: [
			["test/linux/fleet/batch-threads.test.ts", "an answer that cannot be handed over ends the work with that error"],
		],
	},
	{
		file: "src/linux/fleet/growing-file.ts",
		at: ["await pause(PAUSE_MILLISECONDS)"],
		waitsFor: "room in a full pipe that another process has made non-blocking",
		ends: "five milliseconds, then it tries again; the reader's end (EPIPE)",
		tests: [
			["test/linux/fleet/growing-file.test.ts", "a pipe that does not block, and is full, gets all of it in the end"],
		],
	},
	{
		file: "src/tools/compare/fleet-tables.ts",
		at: ["await Promise.all(["],
		waitsFor: "parts of the Parquet writer to be imported",
		ends: "the import",
		tests: [["test/tools/compare/fleet-tables.test.ts", "DuckDB reads the rows out of Parquet, in several groups"]],
	},
];

export const waits: readonly Wait[] = [
	...pipeline,
	...insertions,
	...bytes,
	...service,
	...sockets,
	...commands,
	...scripts,
	...fleets,
];
