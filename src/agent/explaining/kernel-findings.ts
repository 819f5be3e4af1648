// What the kernel's log tells of modules, drivers and devices that did not come to work: the type of one finding, and which
// findings are about a module or a device. Pure.

import { baseName } from "../../libkmod/text/base-name.js";
import { normaliseName } from "../../libkmod/text/module-name.js";

/** All strings have one character a byte, are bounded, and may hold any byte: they are printed by way of printable(). */
export type KernelFinding = KernelNews & {
	/** The module, by its name in /sys/module, where the kernel names it. */
	readonly module?: string;
	/** The driver, or the bus or class of a device without one. It often has another name than its module. */
	readonly driver?: string;
	/** The last name of the device's path. */
	readonly device?: string;
	/** A positive number. */
	readonly errno?: number;
	/** Seconds since the machine was booted. */
	readonly seconds: number;
	/** The kernel's own words. */
	readonly text: string;
};

type KernelNews =
	/** A firmware file could not be loaded: its name below the directories of firmware, or its whole path. */
	| { readonly kind: "firmware"; readonly file: string }
	/** The module has no such parameter: it was loaded without. */
	| { readonly kind: "unknown parameter"; readonly parameter: string }
	/** The module does not take this value of the parameter, and was not loaded. */
	| { readonly kind: "invalid parameter"; readonly parameter: string; readonly value: string }
	/** The module was built for another kernel: `has` is its version magic, `wants` the kernel's. */
	| { readonly kind: "vermagic"; readonly has: string; readonly wants: string }
	| { readonly kind: "symbol version"; readonly symbol: string }
	| { readonly kind: "unknown symbol"; readonly symbol: string }
	/** Another module, or the kernel, has the symbol already. */
	| { readonly kind: "duplicate symbol"; readonly symbol: string; readonly owner: string }
	/** The module that it needs did not end its init in time. */
	| { readonly kind: "dependency is busy"; readonly dependency: string }
	/** The module was loaded without a signature that the kernel trusts. */
	| { readonly kind: "taints" }
	/** The module was refused: `reason` is "unsigned module", "module with unavailable key" or "module with unsupported crypto". */
	| { readonly kind: "signature"; readonly reason: string }
	/** Lockdown refused something to a program: "unsigned module loading", "unsafe module parameters". */
	| { readonly kind: "lockdown"; readonly reason: string; readonly program: string }
	/** The kernel's own blacklist: module_blacklist= on the command line. */
	| { readonly kind: "module_blacklist" }
	| { readonly kind: "probe" }
	/** The probe was still put off when the kernel gave up waiting. Older kernels give no reason. */
	| { readonly kind: "deferred"; readonly reason?: string };

/** The findings about a module: those that name it, and those about one of the drivers that it has. */
export function findingsAboutModule(
	findings: readonly KernelFinding[],
	module: string,
	drivers: readonly string[] = [],
): readonly KernelFinding[] {
	const name = normaliseName(module);
	return findings.filter(
		(finding) =>
			(finding.module !== undefined && normaliseName(finding.module) === name) ||
			(finding.driver !== undefined && (drivers.includes(finding.driver) || normaliseName(finding.driver) === name)),
	);
}

/** The findings about a device. Devices of two buses may have the same name: a finding with another bus or driver is left in. */
export function findingsAboutDevice(findings: readonly KernelFinding[], devpath: string): readonly KernelFinding[] {
	const name = baseName(devpath);
	return findings.filter(({ device }) => device === name);
}
