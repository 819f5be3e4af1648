// The real machine, as the tools are given it. Every part of it is imported when a tool asks for it.
import type { OpenUeventSocket } from "./agent/announcements.js";
import type { ListenOptions } from "./agent/devices.js";
import { bytesOf } from "./libkmod/byte-strings.js";
import { readEnvironment } from "./linux/process-words.js";
import { isTerminal, writeStandard } from "./linux/standard-streams.js";
import { workingDirectory } from "./linux/working-directory.js";
import type { Machine } from "./tools/machine.js";

export const thisMachine: Machine = {
	get environment() {
		return readEnvironment(process.env);
	},
	workingDirectory,
	// The executable stands in dist, and as a library this file in dist/src.
	rulesDirectory: bytesOf(import.meta.dirname).replace(/\/[^/]+(?:\/src)?$/, "/rules"),
	print: (content) => writeStandard(1, content),
	complain: (text) => writeStandard(2, text),
	isTerminal,
	openReports: async () => (await import("./linux/report-output.js")).makeReportOutput(),
	openSyslog: async (program) => (await (await import("./linux/syscalls.js")).openSyscalls()).openSyslog(program),
	writeFile: async (path, content) => (await import("./linux/output-file.js")).writeOutputFile(path, content),
	async kernel({ root = "" } = {}) {
		const { openKernel } = await import("./linux/kernel.js");
		if (root === "") return openKernel();
		const { withinRoot } = await import("./linux/root-directory.js");
		return withinRoot(root, openKernel());
	},
	moduleTree: async () => (await import("./linux/module-tree.js")).moduleTree,
	devices: async (named, { root = "" } = {}) => {
		const { walkDevices } = await import("./linux/sysfs.js");
		const sysfs = root === "" ? named : (await import("./linux/root-directory.js")).findWithin(root, named);
		const { identifyDevice } = await import("./linux/device-identity.js");
		return {
			present: (concerns, onSkipped) => walkDevices(sysfs, concerns, onSkipped),
			async *look(options) {
				yield* (await import("./linux/threaded-walk.js")).walkOnThreads(sysfs, options);
			},
			identify: identifyDevice,
			listen,
		};
	},
	sizeThreadPool: async (insertions, more) =>
		(await import("./linux/thread-pool.js")).sizeThreadPool(insertions + (more ?? 0)),
	async beginInsertionProcess(kernel, { root = "" } = {}) {
		const { beginInsertionProcess } = await import("./linux/insertion-process.js");
		const script = `${import.meta.dirname}/insertion-process.js`;
		const begun = beginInsertionProcess({ script, insertHere: kernel.insert });
		if (root === "") return begun;
		const { insertWithin } = await import("./linux/root-directory.js");
		return { ...begun, insert: insertWithin(root, begun.insert) };
	},
	async openFiles() {
		try {
			return (await import("./linux/open-files.js")).countOpenFiles();
		} catch (thrown) {
			// Not even a part of this program can be read any more.
			if ((thrown as NodeJS.ErrnoException).code === "EMFILE") return { left: 0 };
			throw thrown;
		}
	},
	endNow: async (status) => (await (await import("./linux/syscalls.js")).openSyscalls()).exitNow(status),
	trimMemory: async () => (await import("./linux/memory.js")).trimMemory(),
	onStopSignal(listener) {
		for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, listener);
	},
	onReloadSignal: (listener) => void process.on("SIGHUP", listener),
	async service() {
		const { mark } = await import("./linux/mark.js");
		return {
			openLog: async (options) => (await import("./linux/log-output.js")).openLogOutput(options),
			lockInstance: async (directory) => (await import("./linux/instance-lock.js")).lockInstance(directory),
			listenControl: async (options) => (await import("./linux/control-socket.js")).listenControl(options),
			readiness: async (options) => (await import("./linux/readiness.js")).openReadiness(options),
			watchDirectories: async (options) => (await import("./linux/watch-files.js")).watchDirectories(options),
			mark,
			runCommand: async (run) => (await import("./linux/run-command.js")).runCommand(run),
			replaceFile: async (path, content) => (await import("./linux/output-file.js")).replaceOutputFile(path, content),
			ask: async (...asked) => (await import("./linux/control-client.js")).ask(...asked),
			takeSpooled: async (directory) => (await import("./linux/spool.js")).takeSpooled(directory),
			putSpooled: async (directory, line) => (await import("./linux/spool.js")).putSpooled(directory, line),
			acceptConnection: async () => (await import("./linux/activated-socket.js")).acceptConnection(),
		};
	},
};

async function listen(options: ListenOptions): Promise<OpenUeventSocket> {
	const { loadUeventSocket } = await import("./linux/uevent-socket.js");
	const open = await loadUeventSocket();
	return (listeners) => open(listeners, options);
}
