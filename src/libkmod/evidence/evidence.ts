// Evidence of why the kernel refuses a module, as data, and the sentence for each kind. Pure.
import { shorten } from "../text/shorten.js";

export type Evidence =
	/** kernel.modules_disabled is set (sysctl/kernel.rst): the kernel takes no module until the next boot. */
	| { readonly kind: "modules disabled" }
	/** The process has no CAP_SYS_MODULE (capabilities(7)). */
	| { readonly kind: "no capability" }
	/** `module_blacklist=` on the kernel command line names the module (kernel-parameters.txt). */
	| { readonly kind: "module_blacklist" }
	/** The kernel is locked down (kernel_lockdown(7)). `isSigned` is undefined when the file cannot be read. */
	| { readonly kind: "lockdown"; readonly mode: string; readonly isSigned: boolean | undefined }
	/** `vermagic` is the module's whole string, `builtFor` its first word. */
	| OtherKernel
	/** A symbol that the module needs, and that is not in /proc/kallsyms. */
	| { readonly kind: "unknown symbol"; readonly symbol: string }
	/** No signature is appended to the file. `isEnforced`: the kernel's parameter module.sig_enforce is set. */
	| { readonly kind: "unsigned"; readonly isEnforced: boolean }
	/** `signer` is undefined when the signature does not name its signer. */
	| { readonly kind: "untrusted signature"; readonly signer: string | undefined; readonly isEnforced: boolean }
	/** The signature cannot be parsed. */
	| { readonly kind: "damaged signature" }
	| ({ readonly kind: "parameters" } & ParameterFaults)
	/** The module's init returned ENODEV or ENXIO. */
	| { readonly kind: "no hardware" }
	/** The module's init failed: the kernel's loader does not return such an errno. */
	| { readonly kind: "init failed" }
	| { readonly kind: "no file"; readonly path: string };

type OtherKernel = {
	readonly kind: "other kernel";
	readonly vermagic: string;
	readonly builtFor: string;
	readonly running: string;
	/**
	 * Whether the file has checksums of its symbols. A kernel with CONFIG_MODVERSIONS then compares these and not the release, and
	 * may take the module.
	 */
	readonly hasVersions: boolean;
};

/** The parameters that a module was to be inserted with and that cannot be right. */
export type ParameterFaults = {
	/** Values that the kernel cannot read as the parameter's type. `value` is undefined when there is no `=`. */
	readonly invalid: readonly { readonly name: string; readonly type: string; readonly value: string | undefined }[];
	/** Names that are no parameter of the module. Kernels since 3.15 ignore such a parameter. */
	readonly unknown: readonly string[];
};

/** Whether the cause keeps every module out of the kernel, and not this one alone. */
export function keepsAllOut({ kind }: Evidence): boolean {
	return kind === "modules disabled" || kind === "no capability";
}

/** A sentence whose subject is the module, without its name and without an errno. */
export function explainEvidence(evidence: Evidence): string {
	switch (evidence.kind) {
		case "modules disabled":
			return "kernel.modules_disabled is set: until the next boot the kernel takes no module";
		case "no capability":
			return "CAP_SYS_MODULE is missing: only root inserts modules";
		case "module_blacklist":
			return "module_blacklist= on the kernel command line names it";
		case "lockdown":
			return `the kernel is locked down (${evidence.mode}), and takes only modules signed by a key that it trusts`;
		case "other kernel":
			return `it was built for the kernel ${shorten(evidence.builtFor)}, and the running kernel is ${evidence.running}`;
		case "unknown symbol":
			return `it needs the symbol ${shorten(evidence.symbol)}, which neither the kernel nor a module in it has`;
		case "unsigned":
			return `it is not signed, and the kernel takes only modules signed by a key that it trusts${enforced(evidence)}`;
		case "untrusted signature": {
			const { signer } = evidence;
			const who = signer
				? `'${shorten(signer)}', whose key the kernel does not trust`
				: "a key that the kernel does not trust";
			return `its signature is by ${who}, or its file was changed since${enforced(evidence)}`;
		}
		case "damaged signature":
			return "its signature is damaged: it is no message in PKCS#7, or the lengths in its trailer do not fit the file";
		case "parameters":
			return explainParameters(evidence);
		case "no hardware":
			return "its driver found no hardware of its own";
		case "init failed":
			return "its own init failed; see dmesg";
		case "no file":
			return `${evidence.path} is gone; run depmod`;
	}
}

const enforced = ({ isEnforced }: { readonly isEnforced: boolean }): string =>
	isEnforced ? " (sig_enforce is set)" : "";

/** The most parameters that a sentence names. */
const MOST_NAMED = 4;

function explainParameters({ invalid, unknown }: ParameterFaults): string {
	if (invalid.length > 0)
		return invalid
			.slice(0, MOST_NAMED)
			.map(({ name, type, value }) =>
				value === undefined
					? `its parameter ${shorten(name)} needs a value (${shorten(type)})`
					: `its parameter ${shorten(name)} is of the type ${shorten(type)}, and '${shorten(value)}' is no such value`,
			)
			.join("; ");
	const names = unknown
		.slice(0, MOST_NAMED)
		.map((name) => `'${shorten(name)}'`)
		.join(", ");
	return `the kernel took a parameter or the file's format for invalid, and the module has no parameter ${names}; see dmesg`;
}
