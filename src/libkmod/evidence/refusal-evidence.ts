// Looks for the cause of a refused insertion: in the kernel's files and in the module file. The errno alone says which places to
// look at.
import type { Signature } from "../formats/signature.js";
import type { Kernel, ModuleFiles, Refusal } from "../kernel/kernel.js";
import type { Evidence } from "./evidence.js";
import { type KernelState, watchKernelState } from "./kernel-state.js";
import { type ModuleFacts, readModuleFacts, unlessUnreadable } from "./module-facts.js";
import { findParameterFaults } from "./parameter-faults.js";

/** A module that was to be inserted. */
export type RefusedModule = {
	/** The normalised name. */
	readonly module: string;
	readonly path: string;
	/** The parameters as finit_module(2) got them. Undefined when they are not known. */
	readonly parameters?: string | undefined;
};

export type EvidenceMachine = Kernel & ModuleFiles;

/**
 * The evidence for the cause of a refusal by finit_module(2) or init_module(2). Undefined when there is none, when it cannot be
 * read, and for a refusal by any other operation. Rejects with unexpected errors alone.
 * @param state what the kernel shows, for many refusals at a time. By default it is read for this one.
 */
export async function findEvidence(
	machine: EvidenceMachine,
	refused: RefusedModule,
	{ operation, code, reason }: Pick<Refusal, "operation" | "code" | "reason">,
	state: KernelState = watchKernelState(machine),
): Promise<Evidence | undefined> {
	if (operation !== "insert" || reason !== undefined) return undefined;
	const find = finders[code] ?? (OF_THE_LOADER.has(code) ? undefined : findInitFailure);
	return unlessUnreadable(async () => find?.({ machine, state, ...refused }));
}

type Search = RefusedModule & { readonly machine: EvidenceMachine; readonly state: KernelState };
type Find = (search: Search) => Promise<Evidence | undefined>;

/** By errno: a function that looks for its cause. */
const finders: Readonly<Record<string, Find>> = {
	EPERM: findProhibition,
	ENOEXEC: inFile(findOtherKernel),
	ENOENT: findUnknownSymbol,
	EKEYREJECTED: inFile(findSigner),
	ENOKEY: inFile(findSigner),
	EBADMSG: inFile(({ signature }) => signature && findDamage(signature)),
	EINVAL: inFile(findParameters),
	ERANGE: inFile(findParameters),
	ENODEV: async () => ({ kind: "no hardware" }),
	ENXIO: async () => ({ kind: "no hardware" }),
};

/**
 * Errnos that the kernel may return before the module's init runs: from reading the file, from security modules, or from
 * kernel/module/main.c and the files beside it. Any other errno is the init's own.
 */
const OF_THE_LOADER: ReadonlySet<string> = new Set([
	...[
		"EPERM",
		"ENOENT",
		"ESRCH",
		"EINTR",
		"E2BIG",
		"ENOEXEC",
		"EBADF",
		"EAGAIN",
		"ENOMEM",
		"EACCES",
		"EFAULT",
		"EBUSY",
	],
	...["EEXIST", "ENODEV", "EISDIR", "EINVAL", "ENFILE", "EMFILE", "ETXTBSY", "EFBIG", "ENOSPC", "EROFS", "ERANGE"],
	...["ENOSYS", "ELOOP", "ENODATA", "ENOPKG", "EBADMSG", "EOVERFLOW", "EOPNOTSUPP", "ENOTSUP", "ESTALE", "EUCLEAN"],
	...["ENOKEY", "EKEYEXPIRED", "EKEYREVOKED", "EKEYREJECTED", "ENOTRECOVERABLE"],
]);

/** The most characters of one text of a module file: an agent keeps evidence and writes it into its log. */
const MOST_CHARACTERS = 1000;

const limit = (text: string): string => text.slice(0, MOST_CHARACTERS);

function inFile(look: (facts: ModuleFacts, search: Search) => Evidence | undefined): Find {
	return async (search) => {
		const facts = await readModuleFacts(search.machine, search.path);
		return facts && look(facts, search);
	};
}

/** The causes of EPERM in the kernel's order: what keeps every module out comes first. */
async function findProhibition({ machine, state, module, path }: Search): Promise<Evidence | undefined> {
	if (state.modulesDisabled()) return { kind: "modules disabled" };
	if (state.lacksCapability()) return { kind: "no capability" };
	if (state.kernelBlacklist().includes(module)) return { kind: "module_blacklist" };
	const mode = state.lockdown();
	if (mode === undefined) return undefined;
	const facts = await readModuleFacts(machine, path);
	return { kind: "lockdown", mode, isSigned: facts && facts.signature !== undefined };
}

/** The release in the module's vermagic (include/linux/vermagic.h), when it is not the running kernel's. */
export function findOtherKernel(
	{ vermagic, hasVersions }: Pick<ModuleFacts, "vermagic" | "hasVersions">,
	{ machine }: { readonly machine: Pick<Kernel, "release"> },
): Evidence | undefined {
	const [builtFor] = vermagic?.split(" ") ?? [];
	if (vermagic === undefined || builtFor === undefined || builtFor === machine.release) return undefined;
	return {
		...{ kind: "other kernel", running: machine.release, hasVersions },
		...{ vermagic: limit(vermagic), builtFor: limit(builtFor) },
	};
}

async function findUnknownSymbol({ machine, state, path }: Search): Promise<Evidence | undefined> {
	const facts = await readModuleFacts(machine, path);
	const needed = facts?.listNeeded() ?? [];
	const known = needed.length === 0 ? undefined : state.symbols();
	if (known === undefined) return undefined;
	const [symbol, ...more] = needed.filter((name) => !known.names.has(name));
	// Of several names that are missing in a table of functions, all but one may be data that the kernel exports.
	if (symbol === undefined || (more.length > 0 && !known.hasData)) return undefined;
	return { kind: "unknown symbol", symbol: limit(symbol) };
}

function findSigner({ signature }: ModuleFacts, { state }: Search): Evidence {
	const isEnforced = state.enforcesSignatures();
	if (signature === undefined) return { kind: "unsigned", isEnforced };
	return { kind: "untrusted signature", signer: limit(signature.signer) || undefined, isEnforced };
}

/** A signature that parseSignature understands may still be damaged. */
function findDamage({ signature }: Signature): Evidence | undefined {
	return signature.length === 0 ? { kind: "damaged signature" } : undefined;
}

function findParameters({ info }: ModuleFacts, { parameters = "" }: Search): Evidence | undefined {
	const faults = findParameterFaults(parameters, info);
	return faults && { kind: "parameters", ...faults };
}

/** The file can be read, so the errno is not from reading it. */
async function findInitFailure({ machine, path }: Search): Promise<Evidence | undefined> {
	return (await readModuleFacts(machine, path)) && { kind: "init failed" };
}
