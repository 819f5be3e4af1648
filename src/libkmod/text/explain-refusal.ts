// Explains refusals to people: turns the kernel's errno for an insertion, and errors of reading a module file, into sentences.
import { Refusal } from "../kernel/kernel.js";

// The errnos of finit_module(2), init_module(2) and kernel/module/main.c.
const ofTheKernel: Readonly<Record<string, string>> = {
	ENOENT: "it needs a symbol that no live module has; see dmesg, and run depmod",
	ENOEXEC: "its file is not a module for this kernel (vermagic, or damaged); see dmesg",
	EPERM:
		"not permitted: CAP_SYS_MODULE is missing, kernel.modules_disabled is set, the kernel is locked down, or module_blacklist= names it",
	EKEYREJECTED:
		"it is not signed, or its signature is by a key that the kernel does not trust, or it was changed since it was signed",
	ENOKEY: "it is not signed by a key that the kernel knows, and the kernel requires such a signature",
	EBADMSG: "its signature is damaged",
	EINVAL: "the kernel took a parameter or the file's format for invalid; see dmesg",
	EBUSY:
		"a resource that it needs is held by another driver, or a module that it uses did not finish in time; see dmesg",
	ENOMEM: "there is no memory for it",
	ENOSYS: "this kernel cannot load modules",
	ETXTBSY: "its file is open for writing",
	ESRCH: "it disagrees with the kernel about the version of a symbol; see dmesg",
};

/** Errors of reading the module file, before the kernel is asked. */
const ofTheFile: Readonly<Record<string, string>> = {
	"open ENOENT": "is gone; run depmod",
	"open EACCES": "may not be read",
	"decompress EINVAL": "cannot be decompressed: it is damaged",
	"decompress EFBIG": "would fill too much memory if it were decompressed",
};

/** @param why the refusal's own clause (`why`), or the text of strerror(3) (formatErrno) */
export function explainRefusal({ operation, subject }: Pick<Refusal, "operation" | "subject">, why: string): string {
	return `could not ${operation} ${subject}: ${why}`;
}

export function explainFailure(reason: Error | undefined): string {
	if (!(reason instanceof Refusal)) return reason?.message ?? "it failed";
	const { operation, subject, code } = reason;
	if (reason.reason !== undefined) {
		const why = `${reason.reason} (${code})`;
		return operation === "decompress" ? `${subject} cannot be decompressed: ${why}` : explainRefusal(reason, why);
	}
	const about = ofTheFile[`${operation} ${code}`];
	if (about !== undefined) return `${subject} ${about} (${code})`;
	const answer = operation === "insert" ? ofTheKernel[code] : undefined;
	return answer === undefined ? `${operation} failed with ${code}; see dmesg` : `${answer} (${code})`;
}
