// A kernel in memory, over a Map of files. A test decides how insertions end, and when. Inserted modules are live, and
// /proc/modules lists them.
import { type Kernel, type ModuleFiles, Refusal } from "../../../src/libkmod/kernel/kernel.js";
import { normaliseModuleName } from "../../../src/libkmod/text/module-name.js";
import { heard } from "../running/until.js";
import { filesIn, RELEASE } from "../worlds/world.js";

export { heard };

export type FakeKernelOptions = {
	readonly files?: ReadonlyMap<string, Buffer>;
	/** Insertions and commands end when the test calls `end`, not at once. */
	readonly held?: boolean;
	/** By module, the name of the errno with which its insertion or its command fails. */
	readonly answers?: Readonly<Record<string, string>>;
	/** Exit statuses of modules' commands; 0 where absent. */
	readonly statuses?: Readonly<Record<string, number>>;
};

export type FakeKernel = Kernel &
	ModuleFiles & {
		/** The begun operations, in order: "insmod PATH PARAMETERS", or a command after its environment. */
		readonly begun: readonly string[];
		/** The modules whose insertion or command has not ended, in the order of their begin. */
		underway(): readonly string[];
		/**
		 * Ends one of these: successfully, or with an errno's name. Resolves when all consequences in this process have happened.
		 */
		end(which: string, code?: string): Promise<void>;
		/** The live modules, in the order of their insertion. /proc/modules lists them in reverse. */
		readonly live: Set<string>;
	};

const errnos: Readonly<Record<string, number>> = { EPERM: 1, ENXIO: 6, EEXIST: 17, ENODEV: 19, ENOSYS: 38 };

export function makeFakeKernel({
	files,
	held = false,
	answers = {},
	statuses = {},
}: FakeKernelOptions = {}): FakeKernel {
	const begun: string[] = [];
	const live = new Set<string>();
	const underway = new Map<string, (code?: string) => void>();
	const readOnly = filesIn(files ?? new Map());

	function carryOut(operation: string, subject: string, which: string, done: () => void): Promise<void> {
		return new Promise((resolve, reject) => {
			const end = (code = answers[which]): void => {
				underway.delete(which);
				if (code === undefined) {
					done();
					resolve();
				} else reject(new Refusal({ operation, subject, code, errno: errnos[code] ?? 5 }));
			};
			if (held) underway.set(which, end);
			else setImmediate(end);
		});
	}

	return {
		...readOnly,
		release: RELEASE,
		begun,
		live,
		read: (path) => (path === "/proc/modules" ? listModules(live) : readOnly.read(path)),
		async readModule(path) {
			const image = readOnly.read(path);
			if (image === undefined) throw new Refusal({ operation: "open", subject: path, code: "ENOENT" });
			return image;
		},
		insert(path, parameters) {
			const module = normaliseModuleName(path);
			begun.push(`insmod ${path} ${parameters}`.trimEnd());
			return carryOut("insert", path, module, () => live.add(module));
		},
		async remove(module) {
			live.delete(module);
		},
		async run(command, environment, { inherits = true } = {}) {
			const variables = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
			const module = environment.MODPROBE_MODULE ?? "";
			begun.push(`${inherits ? "" : "inheriting nothing: "}${variables.join("")}${command}`);
			await carryOut("run", command, module, () => undefined);
			return statuses[module] ?? 0;
		},
		underway: () => [...underway.keys()],
		async end(which, code) {
			const end = underway.get(which);
			if (end === undefined)
				throw new Error(`${which} is not under way, but ${[...underway.keys()].join(", ") || "nothing"}`);
			end(code);
			await heard();
		},
	};
}

function listModules(live: ReadonlySet<string>): Buffer {
	const lines = [...live].reverse().map((module) => `${module} 16384 0 - Live 0x0000000000000000\n`);
	return Buffer.from(lines.join(""));
}
