// What a tool is given of the machine it runs on. main.ts plugs in the real one; a test's is an object literal.
import type { Kernel } from "../libkmod/kernel.js";

export interface Machine {
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Writes to standard output: everything is written when it returns. */
	print(text: string | Uint8Array): void;
	/** The same to standard error. */
	complain(text: string): void;
	/** The kernel. Opened when first asked for: --help and a usage error need none. */
	kernel(): Promise<Kernel>;
}
