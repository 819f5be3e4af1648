// The definition of a command, and what becomes of it.
import type { Machine } from "../../ports/machine.js";
import type { Given, Options } from "./options.js";

/** The definition of a command: its name, its table of options, and its function. `run` resolves with the exit status. */
export type ToolDefinition<O extends Options> = {
	readonly name: string;
	/** The word that the command's messages begin with; the name when absent. */
	readonly program?: string;
	/** One line about the command, for the list of commands. */
	readonly summary: string;
	/** The words after the name in the usage message, one line for each way to call the command. */
	readonly usage?: readonly string[];
	readonly options: O;
	/** The greatest number of operands; any number when absent. */
	readonly mostOperands?: number;
	/** The first operand ends the options, for a command whose operand is another command with its own options. */
	readonly stopAtOperand?: true;
	/**
	 * The command behaves as kmod's do: a usage error prints one line and exits with 1. The others exit with 2 and point to
	 * --help.
	 */
	readonly kmod?: true;
	/** Set for a command that only reads, or whose calls may only read: it has the option --machine FILE. */
	readonly captured?: TakesCapture<O>;
	/**
	 * Why --machine is refused, as what follows the command's name. Absent where the command takes it, and where it changes the
	 * machine or asks its agent, which is said then.
	 */
	readonly uncaptured?: string;
	/** The text that --version prints; the project's version when absent. */
	readonly version?: string;
	/** The text below the options in --help. */
	readonly epilogue?: () => Promise<string>;
	run(given: Given<O>, machine: Machine): Promise<number>;
};

/** How a command takes a captured machine in place of this one. */
export type TakesCapture<O extends Options> = {
	/** The key of the option that names a root directory: only the modules below it count then. Absent where there is none. */
	readonly root?: keyof O & string;
	/** The key of the option that names a kernel release. */
	readonly release?: keyof O & string;
	/** Whether the operands are files of this host. */
	readonly hostOperands?: true;
	/** Whether a call searches the indexes of modules. */
	needsIndexes?(given: Given<O>): boolean;
	/** Why a call cannot take a captured machine, as one line. Undefined when it can. */
	refuse?(given: Given<O>): string | undefined;
};

/** A command, for callers and for documentation. `start` takes the words after the command's name. */
export type Tool = {
	readonly name: string;
	readonly summary: string;
	/** The words after the name in the usage message, one line for each way to call the command. */
	readonly usage: readonly string[];
	/** All options of the command, with --version and --help at the end. */
	readonly options: Options;
	start(words: readonly string[], machine: Machine): Promise<number>;
};
