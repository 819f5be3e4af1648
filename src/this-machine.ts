// The real machine, as the port `Machine` gives it to the tools. Each part is imported when a tool first asks for it.

import type { CaptureReading } from "./agent/capture/opened-capture.js";
import { bytesOf } from "./libkmod/text/byte-strings.js";
import { workingDirectory } from "./linux/files/working-directory.js";
import { columnsOf, isTerminal, writeStandard } from "./linux/output/standard-streams.js";
import { readEnvironment } from "./linux/process/process-words.js";
import type { Machine } from "./ports/machine.js";
import type { ListenOptions, OpenUeventSocket } from "./ports/uevents.js";

export const thisMachine: Machine = {
	get environment() {
		return readEnvironment(process.env);
	},
	workingDirectory,
	// This code runs from dist, in the bundled executable, or from dist/src, in the library. `rules` lies beside dist in both
	// cases.
	rulesDirectory: bytesOf(import.meta.dirname).replace(/\/[^/]+(?:\/src)?$/, "/rules"),
	architecture: async () => (await import("./linux/process/architecture.js")).readArchitecture(),
	print: (content) => writeStandard(1, content),
	complain: (text) => writeStandard(2, text),
	isTerminal,
	columns: columnsOf,
	openReports: async () => (await import("./linux/output/report-output.js")).makeReportOutput(),
	openSyslog: async (program) =>
		(await (await import("./linux/native/syscalls.js")).openSyscalls()).openSyslog(program),
	writeFile: async (path, content) => (await import("./linux/output/output-file.js")).writeOutputFile(path, content),
	writeWholeFile: async (path, content) =>
		(await import("./linux/output/output-file.js")).writeWholeFile(path, content),
	async kernel({ root = "" } = {}) {
		const { openKernel } = await import("./linux/modules/kernel.js");
		if (root === "") return openKernel();
		const { withinRoot } = await import("./linux/files/root-directory.js");
		return withinRoot(root, openKernel());
	},
	parseSettings: async (file, bytes) => (await import("./agent/settings/settings-file.js")).parseSettings(file, bytes),
	moduleTree: async () => (await import("./linux/depmod/module-tree.js")).moduleTree,
	devices: async (named, { root = "" } = {}) => {
		const { walkDevices } = await import("./linux/devices/sysfs.js");
		const sysfs = root === "" ? named : (await import("./linux/files/root-directory.js")).findWithin(root, named);
		const { identifyDevice } = await import("./libkmod/formats/device-identity.js");
		return {
			present: (concerns, onSkipped) => walkDevices(sysfs, concerns, onSkipped),
			async *look(options) {
				yield* (await import("./linux/devices/threaded-walk.js")).walkOnThreads(sysfs, options);
			},
			identify: identifyDevice,
			listen,
		};
	},
	inspect: async (sysfs, { root = "" } = {}) =>
		(await import("./linux/devices/inspection.js")).openInspection(sysfs, root),
	// As the insertion process, the script is beside this file, in the bundled executable and in the library.
	fleet: async () => (await import("./linux/fleet/fleet.js")).openFleet(`${import.meta.dirname}/fleet-thread.js`),
	captureFiles: async () => (await import("./linux/captures/capture-files.js")).captureFiles,
	async openCaptured(file, request) {
		const { openNamedCapture } = await import("./agent/capture/opened-capture.js");
		const { parseCapture } = await import("./agent/capture/capture-format.js");
		const { MOST_REPORT_BYTES, readAnyCapture } = await import("./agent/importing/read-any-capture.js");
		const reading: CaptureReading = {
			mostBytes: MOST_REPORT_BYTES,
			read: (content, files) => readAnyCapture(content, files, parseCapture),
		};
		return openNamedCapture(thisMachine, reading, file, request);
	},
	sizeThreadPool: async (insertions, more) =>
		(await import("./linux/native/thread-pool.js")).sizeThreadPool(insertions + (more ?? 0)),
	async beginInsertionProcess(kernel, { root = "" } = {}) {
		const { beginInsertionProcess } = await import("./linux/modules/insertion-process.js");
		const script = `${import.meta.dirname}/insertion-process.js`;
		const begun = beginInsertionProcess({ script, insertHere: kernel.insert });
		if (root === "") return begun;
		const { insertWithin } = await import("./linux/files/root-directory.js");
		return { ...begun, insert: insertWithin(root, begun.insert) };
	},
	async openFiles() {
		try {
			return (await import("./linux/files/open-files.js")).countOpenFiles();
		} catch (thrown) {
			// Importing the module that counts has itself run out of file descriptors: none is left.
			if ((thrown as NodeJS.ErrnoException).code === "EMFILE") return { left: 0 };
			throw thrown;
		}
	},
	endNow: async (status) => (await (await import("./linux/native/syscalls.js")).openSyscalls()).exitNow(status),
	trimMemory: async () => (await import("./linux/native/memory.js")).trimMemory(),
	onStopSignal(listener) {
		for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, listener);
	},
	onReloadSignal: (listener) => void process.on("SIGHUP", listener),
	async service() {
		const { mark } = await import("./linux/files/presence-file.js");
		return {
			openLog: async (options) => (await import("./linux/output/log-output.js")).openLogOutput(options),
			lockInstance: async (directory) => (await import("./linux/service/instance-lock.js")).lockInstance(directory),
			listenControl: async (options) => (await import("./linux/service/control-socket.js")).listenControl(options),
			readiness: async (options) => (await import("./linux/service/readiness.js")).openReadiness(options),
			watchDirectories: async (options) => (await import("./linux/service/watch-files.js")).watchDirectories(options),
			mark,
			runCommand: async (run) => (await import("./linux/commands/run-command.js")).runCommand(run),
			replaceFile: async (path, content) =>
				(await import("./linux/output/output-file.js")).replaceOutputFile(path, content),
			ask: async (...asked) => (await import("./linux/service/control-client.js")).ask(...asked),
			takeSpooled: async (directory) => (await import("./linux/service/request-spool.js")).takeSpooled(directory),
			putSpooled: async (directory, line) =>
				(await import("./linux/service/request-spool.js")).putSpooled(directory, line),
			acceptConnection: async () => (await import("./linux/service/activated-socket.js")).acceptConnection(),
		};
	},
};

async function listen(options: ListenOptions): Promise<OpenUeventSocket> {
	const { loadUeventSocket } = await import("./linux/devices/uevent-socket.js");
	const open = await loadUeventSocket();
	return (listeners) => open(listeners, options);
}
