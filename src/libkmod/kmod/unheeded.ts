// Lines of modprobe.d that look as if they counted and do not, as in kmod, since configurations have come to rely on it.
import type { Source } from "../formats/modprobe-config.js";
import type { Step } from "../plan-insertion.js";
import type { Context } from "./context.js";

export function warnOfUnheeded({ knowledge, log }: Context, { module, commandIgnored }: Step): void {
	const warn = (source: Source, text: string) => {
		const message = `${source.file} line ${source.line}: ${text}; honour_every_line makes it count`;
		log({ level: "warning", message });
	};
	if (commandIgnored !== undefined)
		warn(commandIgnored, `this install command does not count, since ${module} has softdeps`);
	const [first] = knowledge().softdeps(module);
	if (first === undefined) return;
	for (const { source } of knowledge().unheededSoftdeps(module))
		warn(
			source,
			`this softdep does not count, since ${first.source.file} line ${first.source.line} has one for ${module}`,
		);
}
