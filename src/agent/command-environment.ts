// The environment of a policy's command: what the uevent says, and a PATH. Pure. Parts of a uevent are a device's own words, and
// in the file `uevent` of /sys a line break in such words begins what looks like another key: names that could make a program
// do something else than it was written for are left out.
import type { PresentDevice } from "./devices.js";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The dynamic linker's, the C library's, shells' and interpreters' (ld.so(8), environ(7), bash(1), perlrun(1)). */
const HEEDED_BY_PROGRAMS =
	/^(?:LD_|GCONV_|GLIBC_|MALLOC_|LOCPATH$|NLSPATH$|HOSTALIASES$|RES_|TZ|BASH|SHELLOPTS$|ENV$|IFS$|PS[0-9]$|CDPATH$|PROMPT_|PERL|PYTHON|RUBY|LUA_|NODE_|JAVA_|HOME$|PATH$|SHELL$|EDITOR$|PAGER$|TMPDIR$|TERM)/;

/** Whether a variable of this name may reach a program. */
export function isPassedOn(name: string): boolean {
	return name === "PATH" || (/^[A-Z][A-Z0-9_]*$/.test(name) && !HEEDED_BY_PROGRAMS.test(name));
}

export function formatEnvironment(device: PresentDevice): Readonly<Record<string, string>> {
	const environment: Record<string, string> = { ACTION: device.action ?? "add", DEVPATH: decode(device.devpath) };
	for (const [name, value] of device.properties ?? [])
		if (name !== "PATH" && isPassedOn(name)) environment[name] = decode(value);
	return { ...environment, PATH };
}

/** A byte a character -> text, as node hands it on in UTF-8. Nothing behind a NUL could be handed on. */
function decode(bytes: string): string {
	return Buffer.from(bytes, "latin1").toString("utf8").replace(/\0.*/s, "");
}
