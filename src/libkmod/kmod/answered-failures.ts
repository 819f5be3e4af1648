// Converts an Answer of the machine to an error of the library, in libkmod's words where libkmod has a message for it.
import type { Answer } from "../insertion/answer.js";
import type { Context } from "./context.js";
import { AlreadyLoaded, CommandFailure, NoModuleFile } from "./failures.js";

type Teller = Pick<Context, "log" | "moduleDirectory">;

/**
 * The error of a step that failed. AlreadyLoaded when the module was live already, or another caller loaded it. Undefined when
 * the step succeeded.
 * @param joined whether another caller began the flight: then that caller logs the failure
 */
export function failureOf(
	teller: Teller,
	module: string,
	answer: Answer,
	{ joined }: { readonly joined: boolean },
): Error | undefined {
	const { log, moduleDirectory } = joined ? { ...teller, log: () => undefined } : teller;
	if ("exitStatus" in answer) {
		const failure = new CommandFailure("install", module, answer.command, answer.exitStatus);
		log({ level: "error", message: failure.message });
		return failure;
	}
	if ("reason" in answer) return answer.result === "live" ? new AlreadyLoaded(module) : answer.reason;
	if (answer.result !== "inserted" && answer.result !== "ran") return noFile({ log, moduleDirectory }, module);
	return joined ? new AlreadyLoaded(module) : undefined;
}

export function noFile({ log, moduleDirectory }: Teller, module: string): NoModuleFile {
	log({ level: "error", message: `could not find module by name='${module}'` });
	return new NoModuleFile(module, moduleDirectory);
}
